"""`python -m proofs_check`: exit status, table, JSON and page."""

import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
import sympy as sp
from rich.console import Console

from proofs_check import runner
from proofs_check.engines import Polynomial, Sign
from proofs_check.kernel.lemma import Lemma, Mutant, Step, check
from proofs_check.kernel.mutants import attack
from proofs_check.kernel.terms import ForAll, ge, gt, le, reals
from proofs_check.kernel.verdicts import Verdict
from proofs_check.pressure import press
from proofs_check.report import as_json, print_reports
from proofs_check.report.formulas import latex, mathml
from proofs_check.report.page import render
from proofs_check.runner import Report, exit_status, run
from robustlaw.errors import UnknownName

x, y = reals("x y")
NAME = "cosh below a Gaussian"


def lemma(claim, engine=None, name="a <b> & c", **more):
    return Lemma(
        name, "here", "what it says", (claim,), (Step("one", claim, engine or Polynomial()),), **more
    )


def report(model, mutants=True, pressed=False):
    return Report(
        check(model),
        tuple(attack(model, m) for m in model.mutants) if mutants else None,
        press(model, 40) if pressed else None,
    )


TRUE = lemma(ge(x**2, 0), mutants=(Mutant("one more", {x: 0}, ge(x**2, 1)),))
FALSE = lemma(ge(x**2, 1), name="false")
OPEN = lemma(ge(sp.exp(x), x + 1), Sign(), "open")
TOOTHLESS = lemma(ge(x**2, 0), name="toothless", mutants=(Mutant("still true", {x: 1}, ge(x**2, -1)),))


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "proofs_check", *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_one_lemma_from_the_command_line(tmp_path):
    page = tmp_path / "deep" / "proofs.html"
    status, out, _ = command(NAME, "--json", "--jobs", "1", "--html", str(page))
    found = json.loads(out)
    assert status == 0
    assert [entry["name"] for entry in found["lemmas"]] == [NAME]
    assert found["lemmas"][0]["verdict"] == "PROVED"
    assert found["totals"]["mutants_killed"] == found["totals"]["mutants"] == 2
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_an_unknown_name_is_wrong_use():
    status, out, error = command("cosh below a Gausian")
    assert status == 2
    assert not out
    assert "UnknownName" in error
    assert NAME in error
    assert command("--no-such-option")[0] == 2


def test_unknown_names_come_with_near_ones():
    with pytest.raises(UnknownName) as caught:
        run(["chord of the exponentail"])
    assert caught.value.choices[0] == "chord of the exponential"


def test_two_workers_find_what_one_finds():
    names = [NAME, "chord of the exponential"]
    one, two = (run(names, jobs=jobs) for jobs in (1, 2))

    def timeless(reports):
        found = as_json(reports)
        for entry in (*found["lemmas"], *(s for e in found["lemmas"] for s in e["steps"]), found["totals"]):
            entry.pop("seconds")
        return json.dumps(found)

    assert timeless(one) == timeless(two)


@pytest.mark.parametrize(
    ("models", "status"),
    [
        ((TRUE,), 0),
        ((TRUE, FALSE), 1),
        ((FALSE, OPEN), 1),
        ((TRUE, OPEN), 3),
        ((TOOTHLESS,), 3),
    ],
)
def test_exit_status(models, status):
    assert exit_status([report(m) for m in models]) == status


def test_lemmas_that_are_used_are_checked_once_and_shown(monkeypatch):
    from proofs_check.engines import Instance

    used = lemma(ge(x**2, 0), name="used")
    user = lemma(ge(y**2, 0), Instance(used, {x: y}), "user")
    monkeypatch.setattr(runner, "catalogue", lambda: {"used": used, "user": user})
    calls = []
    monkeypatch.setattr(runner, "decide", lambda m, decide=runner.decide: calls.append(m.name) or decide(m))
    found = run(["user"], jobs=1, mutants=False)
    assert [r.name for r in found] == ["used", "user"]
    assert sorted(calls) == ["used", "user"]
    assert all(r.verdict is Verdict.PROVED and r.mutants is None for r in found)
    false = lemma(ge(x**2, 1), name="used")
    wrong = lemma(ge(y**2, 1), Instance(false, {x: y}), "user")
    monkeypatch.setattr(runner, "catalogue", lambda: {"used": false, "user": wrong})
    assert [r.verdict for r in run(["user"], jobs=1)] == [Verdict.REFUTED] * 2


def test_pressure_refutes_what_the_kernel_would_trust():
    (found,) = press(FALSE)
    assert found.refuted
    assert found.ratio > 1
    (met,) = press(lemma(le(x, x**2 / 2 + 1), hypotheses={"low": ge(x, 0), "high": le(x, 4)}))
    assert 0.7 < met.ratio <= 1
    assert not met.refuted
    (none,) = press(lemma(ge(x, 0), hypotheses={"a": gt(x, 1), "b": le(x, 0)}))
    assert none.ratio is None
    assert none.why


def test_equality_is_no_refutation():
    (found,) = press(lemma(ge(sp.exp(x), x + 1), ranges={x: (-1, 1)}))
    assert found.ratio == pytest.approx(1)
    assert not found.refuted
    (log,) = press(lemma(le(sp.log(2 * y), sp.log(2) + sp.log(y)), hypotheses={"p": gt(y, 0)}))
    assert not log.refuted


def test_a_pressed_lemma_is_refuted_in_the_report():
    pressed = Report(check(TRUE), None, press(FALSE))
    assert pressed.verdict is Verdict.REFUTED
    assert pressed.witness.startswith("x = ")
    assert exit_status([pressed]) == 1


def test_the_table_names_everything():
    console = Console(width=200, record=True, file=io.StringIO())
    print_reports([report(TRUE, pressed=True), report(FALSE), report(OPEN), report(TOOTHLESS)], console)
    text = console.export_text()
    for word in ("a <b> & c", "PROVED", "REFUTED", "INCONCLUSIVE", "0/1", "1/1", "lives", "4 lemmas"):
        assert word in text


class Page(HTMLParser):
    """Links, places and open tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places, self.sources, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.links += [found["href"]] if "href" in found else []
        self.places += [found["id"]] if "id" in found else []
        self.sources += [found[a] for a in ("src", "data", "action") if a in found]
        if tag not in ("meta", "br", "rect", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("rect", "path"):
            assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_for_nothing():
    from proofs_check.engines import Cited, Instance

    cited = lemma(le(x, 2 * x), Cited("Gauss 1801, <theorem> 1"), "cited")
    user = lemma(le(y, 2 * y), Instance(cited, {x: y}), "user")
    text = render([report(m, pressed=True) for m in (TRUE, FALSE, OPEN, TOOTHLESS, cited, user)])
    page = Page(text)
    assert not page.open
    assert not page.sources
    assert len(page.places) == len(set(page.places))
    assert {link for link in page.links if not link.startswith("#")} == set()
    assert {link[1:] for link in page.links} <= set(page.places)
    assert not re.search(r"https?://(?!www\.w3\.org)", text)
    for word in (
        "a &lt;b&gt; &amp; c",
        "Gauss 1801, &lt;theorem&gt; 1",
        "<math",
        "<svg",
        "INCONCLUSIVE",
        "lives",
    ):
        assert word in text


def test_formulas_keep_their_letters():
    M, mean = sp.Function("M"), sp.Function("mean_Y")
    formula = mathml(ForAll((x,), le(M(x), mean()), (gt(x, 0),)))
    assert "<mi>M</mi>" in formula
    assert "()" not in re.sub(r"<[^>]*>", "", formula)
    assert "for all" in formula
    assert latex(ForAll((x,), le(M(x), 1))).startswith(r"\forall x")
