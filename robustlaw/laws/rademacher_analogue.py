"""The Rademacher analogue: log N + I(m;D) in the place of the log of the class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..accounting import Ledger
from ..constants import CHERNOFF, GAP_PROXY, SYMMETRISATION
from ..data.checks import require_number
from ..errors import InvalidArgument
from ..evidence import NATS, Bracket, Hypothesis
from .average import Run
from .generalisation import GeneralisationLaw, information_part, with_class
from .losses import Loss, loss_named


@dataclass(frozen=True)
class RademacherAnalogue(GeneralisationLaw):
    """|E[R(f) - R_D(f)]| <= b sqrt((log N + I(m;D|init))/(2n)), loss in [0, b], N functions a mask.

    **An average over independent data sets**, for any way to pick f from the class H_m that the mask
    names. A program's weights are a finite class: log N = (bits) log 2 E||m||_0, and log N + I is p_eff.
    Proof: for a fixed f the gap R - R_D has mean 0 and mgf proxy b^2/(4n) (Hoeffding's lemma), and
    I(f;D|init) <= I(m;D|init) + H(f|m); Donsker and Varadhan, applied to the gap and to its negative,
    give the root of 2 (b^2/(4n)) (log N + I). E|R - R_D| needs log(2N): the sign is one more choice.

    With a stated `rademacher` r, the form for classes that are not finite:
        |E[R(f) - R_D(f)]| <= 2 r + b sqrt(I(m;D|init)/(2n)),   r >= max_m E sup_{H_m} (1/n) sum_i s_i loss_i,
    the mean being over fair signs s_i and over data drawn **independently of the mask**.
    Proof: G_m = sup over H_m of (R - R_D) has E G_m <= 2 r by symmetrisation, moves by at most b/n with
    one example, hence has proxy b^2/(4n) about its mean; then as above. The same for R_D - R, because
    -s_i are fair signs too. With the complexity of the very sample the mask was found on, r_D, the
    difference G_m - 2 r_D moves by up to 3b/n, and the last term becomes 3 b sqrt(I/(2n)).
    Source: here; after Kumar, Luo & Sellke, arXiv 2402.01089v1, Theorem 6, which prints b where the
    root needs b^2.

    loss       : "zero-one" (b = 1) or "squared" (of the clipped network, b = 4)
    rademacher : r, stated by the user, or None for the finite class
    """

    loss: str = "zero-one"
    rademacher: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        loss_named(self.loss)
        if self.rademacher is None:
            return
        require_number("rademacher", self.rademacher)
        if not 0.0 <= self.rademacher < math.inf:
            raise InvalidArgument(
                "rademacher", self.rademacher, "a Rademacher complexity is finite, 0 or more"
            )

    @property
    def measured_loss(self) -> Loss:
        return loss_named(self.loss)

    def class_conditions(self, runs: Sequence[Run]) -> list[Hypothesis]:  # noqa: ARG002
        if self.rademacher is None:
            return []
        words = f"the Rademacher complexity of the loss class of every mask is at most {self.rademacher:g}"
        return [Hypothesis("Rademacher complexity", None, words)]

    def charged(self, run: Run) -> Ledger:
        ledger = super().charged(run)
        if self.rademacher is None:
            return ledger
        free = Bracket.exact(0.0, unit=NATS)
        return with_class(ledger, "class", free, "bounded by its Rademacher complexity", "I(m;D|init)")

    def bound(self, runs: Sequence[Run], ledger: Ledger) -> Bracket:
        n, b = runs[0].m.n, self.measured_loss.limit
        if self.rademacher is not None:
            return information_part(ledger, n) * b + Bracket.exact(self.rademacher) * float(SYMMETRISATION)
        return finite_class(ledger.p_eff, n, b)


def finite_class(nats: Bracket, n: int, b: float) -> Bracket:
    """b sqrt(nats/(2n)), the nats taken at their upper end."""
    charged = Bracket(nats.upper, nats.upper, nats.method, nats.unit, nats.assumptions)
    return (charged / float(n / (CHERNOFF * GAP_PROXY))).sqrt() * b
