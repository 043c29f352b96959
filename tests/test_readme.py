"""The README's example is run as it stands, and its commands exist."""

import re
from pathlib import Path

from proofs_check.sharpest import as_markdown

README = (Path(__file__).resolve().parent.parent / "README.md").read_text()


def test_the_library_example_runs(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.S).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    exec(compile(code, "README.md", "exec"), {})
    lip, p_eff, verdict, slack = capsys.readouterr().out.splitlines()
    assert lip.startswith("[") or float(lip) > 0
    assert p_eff.endswith("nats")
    assert verdict == "HOLDS"
    assert float(slack) > 1.0


def test_the_make_targets_of_the_readme_exist():
    makefile = (Path(__file__).resolve().parent.parent / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_the_table_of_constants_is_the_generated_one():
    shown = re.search(r"<!-- sharpest constants: .*? -->\n(.*?)\n<!-- end -->", README, re.S).group(1)
    assert shown == as_markdown().strip()
