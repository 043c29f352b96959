"""The record of a collapsed mask: what it says in words, and that it survives JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument
from robustlaw.evidence import LayerCollapse, from_json, to_json


def test_the_sentence_names_layers_and_counts():
    empty = LayerCollapse((20, 0, 3), (48, 64, 8), 2)
    assert empty.layers == ("W2",)
    assert (empty.nominal, empty.effective) == (23, 0)
    assert str(empty) == (
        "W2 keeps none of its 64 weights; 23 weights are kept nominally, 0 of them effective: "
        "the network is constant, Lipschitz constant 0"
    )
    both = str(LayerCollapse((0, 5, 0), (48, 64, 8), 1))
    assert both.startswith("W1 keeps none of its 48 weights and W3 keeps none of its 8 weights; 5 weights")


def test_without_an_empty_layer_the_sentence_says_where_paths_end():
    blocked = LayerCollapse((2, 1), (48, 8), 2)
    assert blocked.layers == ()
    assert "no path of kept weights from an input gets past W2" in str(blocked)
    assert "3 weights are kept nominally, 0 of them effective" in str(blocked)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(9, 99)), min_size=1, max_size=5), st.data())
def test_json_round_trip(counts, data):
    kept, total = zip(*counts, strict=True)
    record = LayerCollapse(kept, total, data.draw(st.integers(1, len(counts))))
    assert from_json(to_json(record)) == record


@pytest.mark.parametrize("wrong", [((1,), (2, 3), 1), ((1, 0), (2, 3), 0), ((1, 0), (2, 3), 3)])
def test_a_record_fits_its_layers(wrong):
    with pytest.raises(InvalidArgument, match="stop"):
        LayerCollapse(*wrong)
