"""Steps of the printed text that fail, each with an exact witness and the lemmas that repair it.

What is refuted is the formula written here, this project's reading of the printed step, at a
witness where everything holds that the step may assume.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from ..engines import conditional, entropies
from ..engines import information as mutual
from ..kernel.terms import Hypothesis, eq, exact, ge, le, lt, reals
from ..lemmas import repaired_statements as statements
from ..lemmas import repaired_steps as repaired

PAPER = "Kumar, Luo & Sellke, No Free Prune, arXiv 2402.01089"
VERSION = "v1"
HALF = exact("1/2")
HALF_EACH, BITS = Fraction(1, 2), (0, 1)


@dataclass(frozen=True)
class Defect:
    """One printed step that fails.

    where      : place in the audited version
    prints     : the printed step, in words
    printed    : the same as a relation, false at the witness
    hypotheses : what the step may assume; all of it holds at the witness
    witness    : symbol -> exact value
    says       : why it fails, what it touches, and the repair
    repairs    : names of lemmas that prove what takes its place
    shows      : the witness in words, where its numbers are long
    """

    name: str
    where: str
    prints: str
    printed: Relational
    hypotheses: Mapping[str, Hypothesis]
    witness: Mapping[Any, Any]
    says: str
    repairs: tuple[str, ...]
    shows: str = ""


mse, mse_moved = reals("MSE MSE_rounded")
eps, variance = reals("eps sigma2", positive=True)
ROUNDING = Defect(
    name="rounding direction",
    where="Appendix B, continuous weights",
    prints="MSE <= sigma2 - eps/2 before, and rounding that moves it by eps/2: MSE <= sigma2 - eps after",
    printed=le(mse_moved, variance - eps),
    hypotheses={
        "fit": le(mse, variance - eps / 2),
        "rounding": le(mse_moved, mse + eps / 2),
        "the other way": ge(mse_moved, mse - eps / 2),
        "errors": ge(mse_moved, 0),
    },
    witness={eps: HALF, variance: 1, mse: "3/4", mse_moved: 1},
    says=(
        "Rounding may lose what it moves: only MSE <= sigma2 is left. A net of radius eps/(30 J) has the "
        "same printed size, moves the error by at most 4 eps/30, and leaves 13 eps/15 of eps: the theorem"
        " holds with 13 eps/15 for eps."
    ),
    repairs=(repaired.ROUNDING.name,),
)


# D and w are one fair bit, the mask m is constant; where w = 1 the network is exchanged, with another mask
_SWAP = entropies(("m", "m_L", "w", "D"), {(0, bit, bit, bit): HALF for bit in (0, 1)})
MASK_SWAP = Defect(
    name="mask swap",
    where="Appendix B, networks of too large a Lipschitz constant",
    prints=(
        "replacing the output where Lip(f_W) > L does not raise the mask's information: I(m_L;D) <= I(m;D)"
    ),
    printed=le(mutual("m_L", "D"), mutual("m", "D")),
    hypotheses={"the new mask is computed from the output": eq(conditional("m_L", "m w"), 0)},
    witness=_SWAP,
    says=(
        "The replacement is a function of the weights, and may carry their information into the mask: "
        "here I(m;D) = 0 and I(m_L;D) = 1 bit. Either keep the mask and exchange the weights only, or "
        "divide the process by Lip(f_W), and exchange nothing."
    ),
    repairs=(repaired.KEEP_MASK.name, "the sharp law's Lipschitz bound"),
    shows="D = w = m_L is one fair bit, and m is constant",
)


def overfitted_gap(b: Fraction) -> Fraction:
    """Mean of risk - training risk: one fair bit z as data, f = z after training, loss b where f is not z."""
    risks = [sum(HALF_EACH * b * (f != z) for z in BITS) for f in BITS]
    training = [b * (f != z) for f, z in zip(BITS, BITS, strict=True)]
    return sum((HALF_EACH * (r - t) for r, t in zip(risks, training, strict=True)), Fraction(0))


gap, limit, size, nats, samples = reals("gap b log_N I n", nonnegative=True)
SCALE = Fraction(4)
SQUARED_SCALE = Defect(
    name="scale of the loss",
    where="Theorem 6 (Rademacher analogue)",
    prints="for a loss in [0,b] the root holds b (log N + I)/(2n)",
    printed=le(gap, sp.sqrt(limit * (size + nats) / (2 * samples))),
    hypotheses={
        "two functions": eq(size, sp.log(2)),
        "a mask that sees nothing": eq(nats, 0),
        "one example": eq(samples, 1),
        "gap of the overfitted bit": eq(gap, exact(overfitted_gap(Fraction(1))) * limit),
    },
    witness={gap: overfitted_gap(SCALE), limit: SCALE, size: sp.log(2), nats: 0, samples: 1},
    says=(
        "One fair bit z as data, two functions, loss b where f is not z, f = z after training: the gap is"
        " b/2 and grows with b, the printed root with sqrt b only. b^2 belongs there; no constant saves "
        "b."
    ),
    repairs=(statements.SCALE.name, "what a mask adds to a generalisation bound"),
)


small, large = reals("s t", positive=True)
MONOTONE = Defect(
    name="monotonicity of the inverse",
    where="proof of Theorem 4",
    prints="s^-1 is called increasing in s",
    printed=le(1 / small, 1 / large),
    hypotheses={"order": lt(small, large)},
    witness={small: 1, large: 2},
    says="s^-1 is decreasing; a slip of the pen, with no consequence for the theorem.",
    repairs=(statements.RECIPROCAL.name,),
)


output, centred = reals("zf X")
first, second, sum_1, sum_2 = reals("E_1f E_2f S_1 S_2")
CONDITION = Defect(
    name="direction of the guaranteed condition",
    where="proof of Theorem 4, noise balanced within components",
    prints="(1/n) sum_l |sum_i z_i| >= eps/8 is the event that the proof goes on with",
    printed=ge(centred, eps / 8),
    hypotheses={
        "correlation": ge(output, eps / 4),
        "printed condition": ge(abs(sum_1) + abs(sum_2), eps / 8),
        "X": eq(centred, output - first * sum_1 - second * sum_2),
        "|E_1 f| <= 1": le(abs(first), 1),
        "|E_2 f| <= 1": le(abs(second), 1),
    },
    witness={eps: HALF, output: "1/8", centred: 0, first: 1, second: 1, sum_1: "1/8", sum_2: 0},
    says=(
        "The condition has to read <= eps/8, which is what Hoeffding's inequality guarantees: then X >="
        " eps/8."
    ),
    repairs=(repaired.CORRELATION.name, "the constant 512"),
)


inputs, hidden, outputs, count = reals("d h o parameters", positive=True)
TOY_COUNT = Defect(
    name="parameters of the cross-entropy toy",
    where="Figure 4, right",
    prints="the network 3-3-2 has 21 parameters",
    printed=eq(count, 21),
    hypotheses={
        "count": eq(count, inputs * hidden + hidden + hidden * outputs + outputs),
        "inputs": eq(inputs, 3),
        "hidden": eq(hidden, 3),
        "outputs": eq(outputs, 2),
    },
    witness={inputs: 3, hidden: 3, outputs: 2, count: 20},
    says="3*3 + 3 + 3*2 + 2 = 20; 21 is the count of the other toy, 3-4-1. No theorem rests on it.",
    repairs=(statements.TOY.name,),
)

DEFECTS = (ROUNDING, MASK_SWAP, SQUARED_SCALE, MONOTONE, CONDITION, TOY_COUNT)
