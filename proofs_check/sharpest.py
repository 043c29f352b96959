"""Every printed constant beside what its own steps give when redone, and what the steps used here give.

`python -m proofs_check.sharpest` prints the table; --json and --markdown for other readers.
Every number names the lemma that proves it and the term of that lemma in which it stands.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import sympy as sp

Value: TypeAlias = Any  # an int, a Fraction or an exact sympy expression


@dataclass(frozen=True)
class Proved:
    """A constant and where it is proved.

    value : exact
    lemma : name in the catalogue
    term  : what stands in one of the lemma's claims or hypotheses: the value, its half or its inverse, up to
            the sign; with symbols, `at` says for which values of them
    """

    value: Value
    lemma: str
    term: Value
    at: tuple[tuple[str, int], ...] = ()

    @property
    def exact(self) -> Any:
        return sp.sympify(self.value)

    def __str__(self) -> str:
        short = f"{sp.N(self.exact, 5)}"
        return f"{self.exact}" if self.exact.is_Integer else f"{self.exact} = {short}"


@dataclass(frozen=True)
class Row:
    """One printed constant.

    what    : the constant's place
    printed : its value, which holds
    redone  : the same steps with every constant as small as they allow
    here    : with other steps in their place, None if they have no such constant
    note    : what differs
    """

    what: str
    printed: Proved
    redone: Proved
    here: Proved | None
    note: str

    @property
    def gain(self) -> Any:
        """Printed over the smallest of the others."""
        best = min((p.exact for p in (self.redone, self.here) if p is not None), key=float)
        return self.printed.exact / best


CHAIN = "printed concentration constants"
TO_PROXY = "tail to proxy"
ROOT = sp.sqrt
ROWS = (
    Row(
        "tail to variance proxy",
        Proved(18, TO_PROXY, 9),
        Proved(12, TO_PROXY, 6),
        None,
        "P(|X| >= t) <= 2 exp(-t^2/(2 s^2)) to E exp(u X) <= exp((this) s^2 u^2/2), 12 being 3 + 12 log 2 "
        "rounded up; a certificate of mgf form does not need the step",
    ),
    Row(
        "v, variance proxy of noise times a Lipschitz function",
        Proved(72, CHAIN, 72),
        Proved(48, CHAIN, 48),
        Proved(
            4, "bounded noise times a Lipschitz function", sp.Symbol("B", positive=True) ** 2, (("B", 2),)
        ),
        "here B^2, with |z| <= B = 2",
    ),
    Row(
        "tail of X(f)",
        Proved(144, CHAIN, 144),
        Proved(96, CHAIN, 96),
        Proved(8, CHAIN, 8),
        "P(|X(f)| >= a) <= 2 exp(-n a^2/((this) rho Lip^2))",
    ),
    Row(
        "tail of X(f) at eps/8",
        Proved(9216, CHAIN, Fraction(1, 9216)),
        Proved(6144, CHAIN, Fraction(1, 6144)),
        Proved(512, CHAIN, Fraction(1, 512)),
        "exponent n eps^2/((this) rho Lip^2); 9216 = 96^2",
    ),
    Row(
        "a_1^2, deviation of a learned network",
        Proved(72, "deviation of the learned network", 72),
        Proved(48, "deviation of the learned network", 48),
        None,
        "|X_W| < a_1 sqrt(C (I/delta + log(2/delta)))",
    ),
    Row(
        "sparse law",
        Proved(1152, "sparse law, printed constant", Fraction(1, 1152)),
        Proved(768, "sparse law, the same steps redone", Fraction(1, 768)),
        Proved(32, "sparse law, sharp, in terms of eps", Fraction(1, 32)),
        "Lip >= (eps/(this)) sqrt(n delta/(rho p)); here p = U + log 2, and C for eps/8 is sharper still",
    ),
    Row(
        "sparse law, repaired",
        Proved(Fraction(17280, 13), "sparse law, repaired", Fraction(13, 17280)),
        Proved(Fraction(11520, 13), "sparse law, repaired and redone", Fraction(13, 11520)),
        Proved(32, "sparse law, sharp, in terms of eps", Fraction(1, 32)),
        "1152 is not proved by the printed steps, which round in the wrong direction; here there is no net",
    ),
    Row(
        "universal law, net that takes half of eps",
        Proved(512, "universal law, printed constant", Fraction(1, 512)),
        Proved(192, "universal law, the constant of its own steps", Fraction(1, 192)),
        None,
        "Lip >= (eps/(this)) sqrt(n/(rho (p_eff + log(4/delta))))",
    ),
    Row(
        "universal law, net of radius eps/(30 J)",
        Proved(512, "universal law, printed constant", Fraction(1, 512)),
        Proved(480 * ROOT(6) / 13, "universal law, the same steps redone", 13 * ROOT(6) / 2880),
        Proved(240 * ROOT(2) / 13, "universal law for bounded noise", 13 * ROOT(2) / 480),
        "the net that has (1 + 60 W J/eps)^s points leaves 13/15 of eps",
    ),
    Row(
        "sample size",
        Proved(512, "the samples fail with probability at most delta/2", Fraction(-1, 512)),
        Proved(288, "288 in the place of 512", Fraction(-1, 288)),
        None,
        "(this) k log(8k/delta) <= n eps^2; given its input z lies in an interval of length 2",
    ),
    Row(
        "net",
        Proved(60, "charge for one weight of the net", 60),
        Proved(30, "charge for one weight of the net", 30),
        None,
        "log(1 + (this) W J/eps) a weight; 30 where the weight set is a ball, as it is here",
    ),
)

HEADER = ("constant", "printed", "same steps", "other steps", "gain", "proved by", "note")


def table() -> list[dict[str, str]]:
    """The rows in words, for a README or a figure."""
    return [_in_words(row) for row in ROWS]


def _in_words(row: Row) -> dict[str, str]:
    parts = [p for p in (row.printed, row.redone, row.here) if p is not None]
    cells = (
        row.what,
        str(row.printed),
        str(row.redone),
        "" if row.here is None else str(row.here),
        f"{float(row.gain):.3g}",
        "; ".join(dict.fromkeys(p.lemma for p in parts)),
        row.note,
    )
    return dict(zip(HEADER, cells, strict=True))


def as_text() -> str:
    """One block a constant."""
    lines = []
    for row in table():
        others = f", other steps {row['other steps']}" if row["other steps"] else ""
        lines += [
            row["constant"],
            f"    printed {row['printed']}, same steps {row['same steps']}{others}: factor {row['gain']}",
            f"    {row['note']}",
            f"    proved: {row['proved by']}",
        ]
    return "\n".join(lines)


def as_markdown() -> str:
    """A table without lemmas and notes."""
    shown = HEADER[:5]
    rows = [shown, ("---",) * len(shown), *(tuple(row[h] for h in shown) for row in table())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m proofs_check.sharpest", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="rows as JSON")
    form.add_argument("--markdown", action="store_true", help="a table for a README")
    chosen = parser.parse_args(arguments)
    if chosen.json:
        print(json.dumps(table(), indent=2))
    else:
        print(as_markdown() if chosen.markdown else as_text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
