"""What is recorded beside a row."""

from robustlaw.sweep.environment import environment
from robustlaw.sweep.worker import device_of


def test_the_device_is_the_configs_own():
    assert environment()["device"] == "cpu"
    assert environment("cuda:0")["device"] == "cuda:0"
    assert device_of([{"seed": 1}]) == "cpu"
    assert device_of([{"seed": 1, "device": "cuda"}, {"seed": 2, "device": "cuda"}]) == "cuda"
