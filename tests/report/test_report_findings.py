"""Exit status and summary follow from the rows alone; charts need nothing but findings."""

import json

import pytest

from robustlaw.evidence import Bracket, Evidence, LayerCollapse, Verdict, to_json
from robustlaw.report import print_summary, render, summarise
from robustlaw.report.charts import headline, ladder
from robustlaw.report.findings import TRUE_LAWS, WRONG, table_rows
from robustlaw.report.verify import as_json
from robustlaw.sweep import Failure, Row, Status


def evidence(law: str, verdict: Verdict) -> dict:
    ends = {
        Verdict.HOLDS: (Bracket(3.0, 3.1), Bracket(1.0, 1.0)),
        Verdict.VIOLATED: (Bracket(0.5, 0.6), Bracket(1.0, 1.0)),
        Verdict.INCONCLUSIVE: (Bracket(0.5, 2.0), Bracket(1.0, 1.0)),
        Verdict.NOT_APPLICABLE: (None, None),
    }[verdict]
    details = {"correlation": 0.2, "p_eff": 100.0, "ledger": "test"}
    return json.loads(
        to_json(Evidence(law, verdict, measured=ends[0], theory=ends[1], probability=0.95, details=details))
    )


def row(seed: int, verdicts: dict[str, Verdict], method: str = "EdgePopup", setting: str = "main") -> Row:
    told = dict.fromkeys(TRUE_LAWS, Verdict.HOLDS) | {WRONG: Verdict.VIOLATED} | verdicts
    config = {"setting": setting, "method": method, "density": 0.5, "seed": seed}
    result = {"kept": 10, "evidence": [evidence(law, v) for law, v in told.items()]}
    return Row(f"{seed}{method}", "law", 1, config, Status.OK, result, None, 1.0, {"python": "3"})


def failed() -> Row:
    config = {"setting": "main", "method": "Random", "density": 0.5, "seed": 9}
    return Row(
        "f", "law", 1, config, Status.FAILED, None, Failure("ValueError", "no <luck>", "trace"), 1.0, {}
    )


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([row(s, {}) for s in range(4)], 0),
        ([row(s, {"SparsePrinted": Verdict.NOT_APPLICABLE}) for s in range(4)], 0),
        ([row(s, {"SparseSharp": Verdict.VIOLATED}) for s in range(4)], 1),
        # one bad data set in four is within what delta = .05 allows
        ([row(s, {"SparseSharp": Verdict.VIOLATED} if s == 0 else {}) for s in range(4)], 3),
        ([row(s, {"SparseSharp": Verdict.INCONCLUSIVE} if s == 0 else {}) for s in range(4)], 3),
        ([row(s, {WRONG: Verdict.HOLDS}) for s in range(4)], 3),
        ([*[row(s, {}) for s in range(4)], failed()], 3),
    ],
)
def test_exit_status(rows, status):
    assert summarise(rows).exit_status == status


def test_networks_on_one_data_set_share_its_luck():
    # four networks, one data set: a single unlucky draw must not refute a law
    rows = [
        row(0, {"SparseSharp": Verdict.VIOLATED}, method=m) for m in ("Random", "Snip", "Dense", "EdgePopup")
    ]
    group = next(g for g in summarise(rows).laws if g.law == "SparseSharp")
    assert (group.tally.datasets, group.tally.bad) == (1, 1)


def test_the_wrong_ledger_never_counts_as_a_law():
    summary = summarise([row(s, {}) for s in range(4)])
    assert summary.verdicts[Verdict.VIOLATED] == 0
    assert [w.count(Verdict.VIOLATED) for w, _ in summary.falsified] == [4]


def test_the_page_escapes_and_shows_failures():
    rows = [*[row(s, {}) for s in range(4)], failed()]
    page = render(summarise(rows), rows, "a <title>", "robustlaw verify")
    assert "a &lt;title&gt;" in page
    assert "no &lt;luck&gt;" in page
    assert "<luck>" not in page


def test_a_collapsed_network_is_told_everywhere(capsys):
    from rich.console import Console

    collapsed = [row(s, {}) for s in range(2)]
    record = LayerCollapse((5, 0), (10, 5), 2)
    for r in collapsed:
        r.result["collapse"] = json.loads(to_json(record))
    rows = [*collapsed, row(2, {}), row(0, {}, method="Random")]
    summary = summarise(rows)
    assert [(f.seed, c) for f, c in summary.collapses] == [(0, record), (1, record)]
    print_summary(summary, Console(width=200))
    out = capsys.readouterr().out
    assert "Layer collapse in 2 of 4 networks:" in out
    assert f"main: EdgePopup, density 0.5, seed 0, 1: {record}." in out
    assert render(summary, rows, "t", "c").count(f"<p>Layer collapse: {record}</p>") == 2
    table = table_rows(summary.found)
    told = {(line["method"], line["seed"]): line["collapse"] for line in table}
    assert told == {
        ("EdgePopup", 0): str(record),
        ("EdgePopup", 1): str(record),
        ("EdgePopup", 2): "",
        ("Random", 0): "",
    }
    network = "main: EdgePopup, density 0.5, seed 1"
    assert as_json(summary)["collapsed"][1] == {"network": network, "collapse": str(record)}
    print_summary(summarise([row(2, {})]), Console(width=200))
    assert "ollapse" not in capsys.readouterr().out


def test_charts_are_pure_and_repeatable():
    found = summarise([row(s, {}) for s in range(4)]).found
    assert headline(found) == headline(found)
    assert ladder(found) == ladder(found)
    assert "not" in ladder([f for f in found if f.evidence.law != "SparsePrinted"])


def test_the_terminal_summary_names_every_law(capsys):
    from rich.console import Console

    print_summary(summarise([row(s, {}) for s in range(4)]), Console(width=200))
    out = capsys.readouterr().out
    for law in TRUE_LAWS:
        assert law in out
    assert "must fail" in out
