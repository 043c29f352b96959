"""Keys are a contract with every store ever written: they may not depend on anything but the config."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import NonFinite
from robustlaw.sweep import NotPlain, canonical, cell_key

CONFIG = {
    "widths": [50, 64, 1],
    "density": 0.1,
    "rate": 1e-7,
    "big": 1e22,
    "shift": -0.0,
    "seed": 3,
    "name": "Löwe ∇\n",
    "bias": True,
    "mask": None,
    "nested": {"b": 5e-324, "a": []},
}
TEXT = (
    '{"bias":true,"big":1e+22,"density":0.1,"mask":null,"name":"Löwe ∇\\n","nested":{"a":[],"b":5e-324},'
    '"rate":1e-07,"seed":3,"shift":0.0,"widths":[50,64,1]}'
)
GOLDEN = {
    ("law", 1): "0e058c3e9a660b7893fd63989f3f4fca95933de937b11db299a9745e90909464",
    ("law", 2): "2fad052b6b8074c126f4841546599511b5798bee56b2c9e698415b147b81aaf6",
    ("audit", 1): "5598ca8a19596a2c29dd38d920f0ab6d78849fdf39e233279a456b520520d670",
}

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_canonical_text_is_frozen():
    assert canonical(CONFIG) == TEXT


@pytest.mark.parametrize(("study", "version"), GOLDEN)
def test_golden_keys(study, version):
    assert cell_key(study, version, CONFIG) == GOLDEN[study, version]


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_keys_do_not_depend_on_the_process(hash_seed):
    code = "import json, sys; from robustlaw.sweep import cell_key; "
    code += "print(cell_key('law', 1, json.load(sys.stdin)))"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(CONFIG),
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == GOLDEN["law", 1]


@given(plain_values)
def test_reading_the_text_and_writing_it_again_changes_nothing(value):
    assert canonical(json.loads(canonical(value))) == canonical(value)


@given(st.dictionaries(st.text(), plain_values, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_names_does_not_matter(config, random):
    names = list(config)
    random.shuffle(names)
    assert cell_key("s", 1, {name: config[name] for name in names}) == cell_key("s", 1, config)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_floats_share_a_text_exactly_when_they_are_equal(left, right):
    assert (canonical(left) == canonical(right)) == (left == right)


@pytest.mark.parametrize(("left", "right"), [(1, 1.0), (1, True), (0, False), ("1", 1), (None, "null")])
def test_types_that_python_mixes_up_stay_distinct(left, right):
    assert cell_key("s", 1, {"x": left}) != cell_key("s", 1, {"x": right})


def test_a_version_is_a_number_in_its_key():
    assert cell_key("s", 1, {}) != cell_key("s", True, {})


@pytest.mark.parametrize(("left", "right"), [(-0.0, 0.0), ((1, 2), [1, 2])])
def test_values_without_a_difference_share_a_key(left, right):
    assert cell_key("s", 1, {"x": left}) == cell_key("s", 1, {"x": right})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_are_refused_with_their_place(value):
    with pytest.raises(NonFinite, match=r"config\['grid'\]\[1\]"):
        cell_key("s", 1, {"grid": [0.0, value]})


@pytest.mark.parametrize(
    "value",
    [np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True), np.str_("a"), np.ones(2), {1}, b"x", 1j],
)
def test_values_that_would_come_back_as_another_type_are_refused(value):
    with pytest.raises(NotPlain, match=r"config\['x'\]"):
        cell_key("s", 1, {"x": value})


def test_a_numpy_scalar_is_told_how_to_become_plain():
    with pytest.raises(NotPlain, match=r"tolist"):
        canonical(np.float64(0.5))


@pytest.mark.parametrize("config", [{"a": {1: "x"}}, {"a": {None: 1}}, {"a": "\ud800"}, {"\ud800": 1}])
def test_names_and_texts_have_to_be_strings_with_a_utf8_form(config):
    with pytest.raises(NotPlain):
        cell_key("s", 1, config)
