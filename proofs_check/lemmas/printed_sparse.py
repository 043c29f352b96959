"""The printed sparse law, with its constants 72, 144, 9216 = 96^2 and 1152; and repaired."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from robustlaw.constants import A1_SQUARED, CHERNOFF

from ..engines import Cited, Identity, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, reals
from .tails import PRINTED_FACTOR, REDONE_FACTOR

# |z| <= 2 for labels in [-1, 1]
NOISE = 2
# v: the variance proxy of z (f - E f) in units of rho Lip^2
PRINTED_V, REDONE_V = (factor * NOISE**2 for factor in (PRINTED_FACTOR, REDONE_FACTOR))
# P(|X(f)| >= s) <= 2 exp(-n s^2/(this rho Lip^2))
PRINTED_TAIL, REDONE_TAIL = (CHERNOFF * v for v in (PRINTED_V, REDONE_V))
REDONE_A1_SQUARED, REDONE_SPARSE = 48, 768
XU_RAGINSKY = "Xu & Raginsky 2017, Theorem 3, as Lemma 1 of Kumar, Luo & Sellke, arXiv 2402.01089v1"

t = reals("t")
proxy, slope, n, eps, delta = reals("rho L n eps delta", positive=True)
tail_h, tail_zh = sp.Function("p"), sp.Function("q")

H_TAIL = ForAll((t,), le(tail_h(t), 2 * sp.exp(-(t**2) / (2 * proxy * slope**2))), (ge(t, 0),))
RARER = ForAll((t,), le(tail_zh(t), tail_h(t / NOISE)), (ge(t, 0),))


def product_tail(squared: Any) -> Relational:
    return le(tail_zh(t), 2 * sp.exp(-(t**2) / (2 * exact(squared) * proxy * slope**2)))


AT_HALF = le(tail_h(t / NOISE), product_tail(NOISE**2).rhs)
extreme = {
    tail_h: sp.Lambda(t, 2 * sp.exp(-(t**2) / 2)),
    tail_zh: sp.Lambda(t, 2 * sp.exp(-(t**2) / 8)),
    proxy: 1,
    slope: 1,
    t: 3,
}
TIMES_NOISE = Lemma(
    name="tail of bounded noise times a Lipschitz function",
    source="Bubeck & Sellke, arXiv 2105.12806, proof of Theorem 2",
    says="p and q are the tails of |h|, h = f - E f, and of |z h|, |z| <= 2. As |z h| >= t needs |h| >= t/2, "
    "p(t) <= 2 exp(-t^2/(2 rho L^2)) gives q(t) <= 2 exp(-t^2/(2 * 4 rho L^2)).",
    hypotheses={"t": ge(t, 0), "tail": H_TAIL, "product": RARER},
    statement=(product_tail(NOISE**2),),
    steps=(
        Step("t/2 instead of t", RARER.claim, Instance(RARER, {t: t}), uses=()),
        Step("tail there", AT_HALF, Instance(H_TAIL, {t: t / NOISE}), uses=()),
        Step("together", product_tail(NOISE**2), Polynomial()),
    ),
    mutants=(
        Mutant("4 becomes 3.9", extreme, product_tail("39/10")),
        Mutant("noise of any size", {**extreme, tail_zh: sp.Lambda(t, 3)}, without=("product",)),
    ),
)


def deviation(v: Any, square: Any) -> Relational:
    """The exponent of a tail of proxy v rho L^2/n at eps/8."""
    exponent = (eps / 8) ** 2 * n / (CHERNOFF * v * proxy * slope**2)
    return eq(exponent, n * eps**2 / (exact(square) * proxy * slope**2))


def one_sample(factor: Any, v: Any) -> Relational:
    """The proxy of z (f - E f) from its tail."""
    return eq(factor * NOISE**2 * proxy * slope**2, exact(v) * proxy * slope**2)


def in_tail(v: Any, tail: Any) -> Relational:
    """The tail of the mean of n samples."""
    return eq(CHERNOFF * v * proxy * slope**2 / n, exact(tail) * proxy * slope**2 / n)


PRINTED_CHAIN = (one_sample(PRINTED_FACTOR, 72), in_tail(PRINTED_V, 144), deviation(PRINTED_V, 96**2))
REDONE_CHAIN = (one_sample(REDONE_FACTOR, 48), in_tail(REDONE_V, 96), deviation(REDONE_V, 6144))
BOUNDED_CHAIN = (in_tail(NOISE**2, 8), deviation(NOISE**2, 512))
CHAIN = (*PRINTED_CHAIN, *REDONE_CHAIN, *BOUNDED_CHAIN)
UNIT = {proxy: 1, slope: 1, n: 1, eps: 1}
EXPONENTS = Lemma(
    name="printed concentration constants",
    source="Bubeck & Sellke, arXiv 2105.12806, proof of Theorem 2; Kumar, Luo & Sellke, arXiv 2402.01089v1",
    says="A tail with 4 rho L^2 gives the variance proxy 18 * 4 rho L^2 = 72 rho L^2, the mean of n samples"
    " 72 rho L^2/n, and its tail is 2 exp(-n s^2/(144 rho L^2)): at s = eps/8, 2 exp(-n eps^2/(96^2 "
    "rho L^2)), 96^2 = 9216. With 12 for 18 the same steps give 48, 96 and 6144; the proxy 4 rho L^2 "
    "of bounded noise, 8 and 512.",
    statement=CHAIN,
    steps=tuple(Step(f"link {i}", claim, Identity(), uses=()) for i, claim in enumerate(CHAIN, 1)),
    mutants=(
        Mutant("72 becomes 70", UNIT, one_sample(PRINTED_FACTOR, 70)),
        Mutant("144 becomes 140", UNIT, in_tail(PRINTED_V, 140), of=1),
        Mutant("96^2 becomes 95^2", UNIT, deviation(PRINTED_V, 95**2), of=2),
        Mutant("48 becomes 47", UNIT, one_sample(REDONE_FACTOR, 47), of=3),
    ),
    covers=("CHERNOFF",),
)

known, spread, reach = reals("I C X", nonnegative=True)
share = reals("delta'", positive=True)
knowledge = known / share + sp.log(2 / share)


def learned(constant: Any) -> Relational:
    return le(reach**2, exact(constant) * spread * knowledge)


def as_a1(factor: Any, constant: Any) -> Relational:
    """8 times the proxy of a tail 2 exp(-s^2/C), which is (factor) C/2."""
    return eq(8 * exact(factor) * spread / 2, exact(constant) * spread)


OF_PROXY = le(reach**2, 8 * exact(PRINTED_FACTOR) * spread / 2 * knowledge)
LEARNED = Lemma(
    name="deviation of the learned network",
    source=XU_RAGINSKY,
    says="Every process X_t has mean 0 and P(|X_t| >= s) <= 2 exp(-s^2/C), hence the variance proxy 18 C/2."
    " With probability at least 1 - delta' the process at the learned W has X^2 <= 8 (18 C/2) "
    "(I/delta' + log(2/delta')), I = I(W; process): a_1^2 = 72, and 48 with 12 for 18.",
    hypotheses={"with probability 1 - delta'": OF_PROXY},
    statement=(
        as_a1(PRINTED_FACTOR, A1_SQUARED),
        as_a1(REDONE_FACTOR, REDONE_A1_SQUARED),
        learned(A1_SQUARED),
    ),
    steps=(
        Step("72", as_a1(PRINTED_FACTOR, A1_SQUARED), Identity(), uses=()),
        Step("48", as_a1(REDONE_FACTOR, REDONE_A1_SQUARED), Identity(), uses=()),
        Step("decoupling", OF_PROXY, Cited(XU_RAGINSKY), uses=()),
        Step("together", learned(A1_SQUARED), Polynomial(), uses=("decoupling",)),
    ),
    mutants=(
        Mutant("72 becomes 70", {spread: 1, known: 1, reach: 0, share: 1}, as_a1(PRINTED_FACTOR, 70)),
        Mutant(
            "72 becomes 70, at equality",
            {spread: 1, known: 1, share: 2, reach: 6},
            learned(70),
            of=2,
        ),
    ),
    covers=("A1_SQUARED",),
    ranges={reach: (0, 1), spread: (1, 2), known: (1, 2), share: ("1/2", 1)},
)

LEMMAS = (TIMES_NOISE, EXPONENTS, LEARNED)
