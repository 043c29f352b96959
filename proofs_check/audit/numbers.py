"""Constants of the printed chain: the lemma that each is enough, and what the same steps give at best."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..lemmas import printed_constants as constants


@dataclass(frozen=True)
class PrintedNumber:
    """One printed constant.

    means  : where it stands
    lemma  : the lemma that proves it
    best   : what the same steps give with the better ingredient that `better` names
    """

    name: str
    value: int
    means: str
    lemma: str
    best: Fraction
    better: str

    @property
    def slack(self) -> Fraction:
        """printed/best: how many times larger than needed."""
        return self.value / self.best


BOUNDED = "bounded noise without the detour through tails: proxy 4 rho/n"
NUMBERS = (
    PrintedNumber(
        "144",
        144,
        "tail of the mean: 2 exp(-n t^2/(144 rho Lip^2)); 18 * 8",
        constants.TAIL_CHAIN.name,
        Fraction(8),
        BOUNDED,
    ),
    PrintedNumber(
        "72",
        72,
        "the same as an mgf proxy, 9 * 8; and a_1^2, 8 times 9",
        constants.TAIL_CHAIN.name,
        Fraction(4),
        BOUNDED,
    ),
    PrintedNumber(
        "512",
        512,
        "sample size: 512 k log(8k/delta) <= n eps^2; 8^3",
        constants.SAMPLE_SIZE.name,
        Fraction(128),
        "given x, the noise lies in an interval of length 2, not 4",
    ),
    PrintedNumber(
        "9216",
        9216,
        "exponent n eps^2/(9216 rho Lip^2) of the union bound: 64 * 144 = 96^2",
        constants.UNIVERSAL.name,
        Fraction(512),
        BOUNDED,
    ),
    PrintedNumber(
        "1152",
        1152,
        "the sparse law's constant, 96 sqrt 72 sqrt 2",
        constants.SPARSE.name,
        Fraction(64),
        BOUNDED,
    ),
    PrintedNumber(
        "2^9",
        512,
        "the universal law's constant, as printed",
        constants.UNIVERSAL.name,
        Fraction(96) * Fraction(15, 13),
        "96, with the net of radius eps/(30 J)",
    ),
)
