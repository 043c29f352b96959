"""The effective parameter count of the paper, as printed and in nats, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from ..constants import FLOAT32_BITS
from ..errors import MixedUnits
from ..evidence import BITS, LOG2, NATS, Bracket, table
from ..information import InformationBracket
from .events import MeanKept, MeasuredMask, NetWeights, TrainedWeights
from .ledger import union_bound


@dataclass(frozen=True)
class EffectiveParameters:
    """p_eff = I(m;D) + E||m||_0 log(1 + 60 W J/eps).

    As printed (arXiv 2402.01089v1, Theorem 4) the logarithm is to base 2 and the information in bits;
    its proof holds in nats, where p_eff is smaller by the factor log 2 and the law stronger.
    Counted in machine words instead, a weight costs b log 2, and neither W, J nor eps enters.

    information : bracket on I(m;D) or I(m;D|init)
    kept        : E||m||_0, a number or `mean_kept` of sampled counts
    diameter, sensitivity, eps : W, J and eps of the theorem
    bits        : b of the machine words
    Raises WrongTarget, MixedUnits, HeuristicInVerdict or InvalidArgument.
    """

    information: InformationBracket
    kept: int | MeanKept
    diameter: float
    sensitivity: float
    eps: float
    bits: int = FLOAT32_BITS

    def __post_init__(self) -> None:
        _ = self.mask, self.net, self.words  # which check every field

    @property
    def mask(self) -> MeasuredMask:
        return MeasuredMask(self.information)

    @property
    def net(self) -> NetWeights:
        return NetWeights(self.kept, self.diameter, self.sensitivity, self.eps)

    @property
    def words(self) -> TrainedWeights:
        return TrainedWeights(self.kept, self.bits)

    @property
    def nats(self) -> Bracket:
        """I + E||m||_0 log(1 + 60 W J/eps), nats."""
        return self.mask.charge().nats + self.net.charge().nats

    @property
    def printed(self) -> Bracket:
        """I in bits + E||m||_0 log2(1 + 60 W J/eps)."""
        return in_bits(self.nats)

    @property
    def machine(self) -> Bracket:
        """I + E||m||_0 b log 2, nats."""
        return self.mask.charge().nats + self.words.charge().nats

    @property
    def risk(self) -> float:
        """Chance that a sampled part is outside its bracket."""
        return union_bound([self.mask.charge().risk, self.net.charge().risk])

    def explain(self) -> str:
        """The formulas side by side."""
        mask, net, words = (e.charge().nats for e in (self.mask, self.net, self.words))
        header = ("term", "as printed, bits", "nats", f"{self.bits}-bit words, nats", "what it is")
        rows = [
            ("I(m;D)", str(in_bits(mask)), str(mask), str(mask), str(self.information.target)),
            ("weights", str(in_bits(net)), str(net), str(words), self.net.charge().why),
            ("p_eff", str(self.printed), str(self.nats), str(self.machine), f"risk {self.risk:.3g}"),
        ]
        return table(header, rows)


def in_bits(nats: Bracket) -> Bracket:
    """The same amount in bits."""
    if nats.unit != NATS:
        raise MixedUnits("nats", nats.unit or "none", "only nats can be turned into bits")
    ratio = Bracket(nats.lower, nats.upper) / Bracket(LOG2.lower, LOG2.upper)
    return Bracket(ratio.lower, ratio.upper, nats.method, BITS, nats.assumptions)
