"""Calls are cut so that they fit into memory, and rows do not depend on the cut."""

import types
from dataclasses import replace

import pytest
import toy_study
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.sweep import SerialExecutor, run_sweep
from robustlaw.sweep import memory as room
from robustlaw.sweep.protocol import load_study


@given(sizes=st.lists(st.integers(0, 50), min_size=1, max_size=30), free=st.integers(1, 120))
def test_parts_fit_and_lose_nothing(sizes, free):
    study = replace(load_study("toy_study"), cell_bytes=lambda config: config["size"])
    configs = [{"place": i, "size": size} for i, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "free_bytes", lambda _: free)
        found = room.parts(study, configs)
    assert [c for part in found for c in part] == configs
    for part, after in zip(found, [*found[1:], None], strict=True):
        total = sum(c["size"] for c in part)
        assert total <= free or len(part) == 1
        assert after is None or total + after[0]["size"] > free


def test_rows_do_not_depend_on_the_memory(tmp_path, monkeypatch, table):
    configs = [{"seed": seed} for seed in range(9)]
    whole = run_sweep("toy_study", configs, tmp_path / "a", executor_factory=SerialExecutor)
    calls, run = [], toy_study.run
    monkeypatch.setattr(toy_study, "run", lambda part: calls.append(len(part)) or run(part))
    monkeypatch.setattr(toy_study, "cell_bytes", lambda _: 10, raising=False)
    monkeypatch.setattr(room, "free_bytes", lambda _: 25)
    cut = run_sweep("toy_study", configs, tmp_path / "b", executor_factory=SerialExecutor)
    assert calls == [2, 2, 2, 2, 1]
    assert table(cut) == table(whole)


def test_free_memory_is_shared_by_the_cores(monkeypatch):
    free = types.SimpleNamespace(available=64_000)
    monkeypatch.setattr(room.psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(room.os, "cpu_count", lambda: 4)
    assert room.free_bytes("cpu") == 8_000


def test_an_accelerator_has_its_own_memory(monkeypatch):
    import torch

    asked = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: asked.append(device) or (1000, 4000))
    assert room.free_bytes("cuda:1") == 500
    assert asked == ["cuda:1"]


def test_studies_need_not_say_their_memory():
    assert load_study("toy_study").cell_bytes is None
