"""Numbers of the laws stand in robustlaw.constants, and nowhere else."""

import ast
import inspect
import itertools
from fractions import Fraction
from pathlib import Path

import pytest

import robustlaw.laws
from robustlaw import constants

ROOM = Path(inspect.getfile(robustlaw.laws)).parent
PLAIN = {0, 1, 2}
# Settings of the arithmetic and of the display. A law's bound is valid whatever they are.
SETTINGS = {
    "average.py": {"SHOWN"},
    "base.py": {"SAME"},
    "correlation.py": {"FRESH_SAMPLES", "FRESH_RISK", "ROOM", "MEAN_ULPS"},
    "measure.py": {"PAIR_BLOCK", "NEAR", "TINY", "SQUARE_ROOM"},
    "patch_measure.py": {"MEAN_ROOM", "POWER", "SUM_ULPS"},
    "printed_chain.py": {"SMALLEST_EPS"},
    "resolution.py": {"MOST_OCTAVES", "NORM_ROOM", "NORM_ULPS"},
    "tally.py": {"LEVEL"},
}


def strays(tree: ast.Module, settings: set[str]) -> list[int]:
    """Lines with a number other than 0, 1 and 2 that is neither a named setting nor a field's default."""
    allowed = {
        id(n) for statement in tree.body if _names(statement) & settings for n in ast.walk(statement)
    } | {
        id(n)
        for kind in ast.walk(tree)
        if isinstance(kind, ast.ClassDef)
        for field in kind.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.value, ast.Constant)
        for n in ast.walk(field)
    }
    return [
        n.lineno
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant)
        and type(n.value) in (int, float, complex)
        and n.value not in PLAIN
        and id(n) not in allowed
    ]


def _names(statement: ast.stmt) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda p: p.name)
def test_no_formula_of_a_law_has_a_number_of_its_own(path):
    tree = ast.parse(path.read_text())
    assert strays(tree, SETTINGS.get(path.name, set())) == []
    assert SETTINGS.get(path.name, set()) <= set().union(*(_names(s) for s in tree.body), set())


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x = 2.0 * a - 1\n", []),
        ("x = 512 * a\n", [1]),
        ("ROOM = 1e-12\n", []),
        ("def f(a):\n    return 0.5 * a\n", [2]),
        ("def f(a):\n    ROOM = 8\n    return ROOM * a\n", [2]),
        ("class Law:\n    delta: float = 0.05\n    def bound(self):\n        return 1152.0\n", [4]),
        ("class Law:\n    rate: float = 3 * COUNT\n", [2]),
    ],
)
def test_the_rule_sees_what_it_is_for(text, lines):
    assert strays(ast.parse(text), {"ROOM"}) == lines


def test_constants_are_exact_and_say_where_they_are_from():
    text = Path(inspect.getfile(constants)).read_text()
    body = ast.parse(text).body
    names = [s.target.id for s in body if isinstance(s, ast.AnnAssign)]
    assert names == [n for n in vars(constants) if n.isupper()]
    assert all(type(getattr(constants, n)) in (int, Fraction) for n in names)
    for statement, below in itertools.pairwise(body):
        if isinstance(statement, ast.AnnAssign):
            assert isinstance(below, ast.Expr), statement.target.id
            assert any(source in below.value.value for source in ("[BS]", "[KLS]", "Here", "here"))


def test_every_constant_is_used_by_a_law_or_a_charge():
    users = [*ROOM.glob("*.py"), *(ROOM.parent / "accounting").rglob("*.py")]
    read = {n.id for path in users for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Name)}
    unused = {n for n in vars(constants) if n.isupper()} - read
    # a_1 enters the laws inside 1152 = 96 a_1 sqrt 2 only
    assert unused == {"A1_SQUARED"}
