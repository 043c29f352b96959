"""The example on the page about data diets is run as it stands, with a smaller toy to save time."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "companions" / "data-diet.md"


def test_the_example_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len([line for line in code.splitlines() if line.strip()]) < 30
    small = code.replace("DietToy(seed=0)", "DietToy(seed=0, n=320, steps=110)")
    assert small != code
    exec(compile(small, str(PAGE), "exec"), {})
    first, second, *ledger = capsys.readouterr().out.splitlines()
    assert first.startswith("step 0: barrier")
    assert second.startswith("step 100: barrier")
    assert "2302.6" in ledger[-1]  # 1000 log 10
