"""The example of the page on random pruning runs as it stands, and the page names lemmas that exist."""

import re
from pathlib import Path

import pytest

from proofs_check.lemmas import random_masks, random_widths

PAGE = (Path(__file__).resolve().parent.parent / "docs/companions/random-pruning.md").read_text()


def test_the_example_runs_and_finds_a_ticket(capsys):
    code = re.search(r"```python\n(.*?)```", PAGE, re.S).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) < 30
    exec(compile(code, "random-pruning.md", "exec"), {})
    copies, gap, slopes, strong, verdict = capsys.readouterr().out.splitlines()
    assert copies.startswith("(45, 28, 1)")
    assert float(gap.split()[0]) < 1e-12
    one, other = re.findall(r"\[[^]]*\]", slopes)
    assert [float(v) for v in re.findall(r"[\d.]+", one)] == pytest.approx(
        [float(v) for v in re.findall(r"[\d.]+", other)], rel=1e-3
    )
    assert float(strong.split()[0]) < 0.5
    assert "nats" in strong
    assert verdict == "HOLDS"


def test_its_lemmas_exist():
    known = {lemma.name for lemma in (*random_masks.LEMMAS, *random_widths.LEMMAS)}
    named = set(re.findall(r"\"([a-z0-9 ]+)\"", PAGE)) - {"support", "fast"}
    assert named
    assert named <= known
