"""The page on random pruning names lemmas that exist."""

import re
from pathlib import Path

from proofs_check.lemmas import random_masks, random_widths

PAGE = (Path(__file__).resolve().parent.parent / "docs/companions/random-pruning.md").read_text()


def test_its_lemmas_exist():
    known = {lemma.name for lemma in (*random_masks.LEMMAS, *random_widths.LEMMAS)}
    named = set(re.findall(r"\"([a-z0-9 ]+)\"", PAGE)) - {"support", "fast"}
    assert named
    assert named <= known
