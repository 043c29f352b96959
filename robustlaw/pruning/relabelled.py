"""Controls that find the mask on other labels; the networks are then trained on their own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..data.checks import whole
from ..networks import Batch, Dependence
from ..seeds import generator
from .base import Key, Pruner, Session
from .controls import Wrapper
from .selection import drawn


@dataclass(frozen=True, init=False)
class Relabelled(Wrapper):
    """Another pruner's masks, found on the same inputs with other labels.

    draw : number of the seeded draw of labels, so that one network can have many
    The last training starts from the initial weights, on the real labels.
    """

    draw: int = field(init=False)

    def __init__(self, pruner: Pruner, draw: int = 0) -> None:
        super().__init__(pruner)
        object.__setattr__(self, "draw", whole("draw", draw))

    @abstractmethod
    def labels(
        self, keys: Sequence[Key], real: Float[np.ndarray, "nets samples"]
    ) -> Float[np.ndarray, "nets samples"]:
        """What stands in for the real labels."""

    def choose(self, session: Session) -> list[Tensor]:
        return self.pruner.choose(self.relabelled(session))

    def choose_at(self, session: Session, counts: Sequence[int]) -> list[list[Tensor]]:
        return self.pruner.choose_at(self.relabelled(session), counts)

    def relabelled(self, session: Session) -> Session:
        """The session that knows the real labels only through `labels`."""
        old, nets = session.data, len(session.keys)
        real = old.share > 0.0  # the others only fill registers, and stay 0
        values = self.labels(session.keys, old.labels[:, real].expand(nets, -1).cpu().numpy())
        labels = torch.zeros((nets, len(real))).to(old.labels)
        labels[:, real] = torch.as_tensor(np.array(values)).to(old.labels)
        return replace(session, data=Batch(old.columns.expand(nets, -1, -1), labels, old.share))


@dataclass(frozen=True, init=False)
class PermutedLabels(Relabelled):
    """Another pruner run on (X, pi(Y)), pi a seeded permutation of the samples.

    Over draws of pi this is the null distribution of any statistic of mask and data: inputs, labels and
    their frequencies are the same, and which label belongs to which input is undone.

    What the mask looks at is declared as for the pruner. The permutation is drawn from the seed, and
    whoever knows the seed gets the labels back from the permuted ones: given it, the mask can know as
    much about them as the pruner's own. Only to those who do not know pi the mask tells less. Given
    the inputs and the multiset S of the labels, pi(Y) is uniform over the arrangements of S and
    independent of Y, so that I(m;Y|X) = I(m;S|X) <= H(S|X), for n labels +-1 at most log(n + 1) nats.
    That is not 0: the number of labels 1 is a function of the labels.
    """

    def labels(
        self, keys: Sequence[Key], real: Float[np.ndarray, "nets samples"]
    ) -> Float[np.ndarray, "nets samples"]:
        n = real.shape[1]
        order = drawn(keys, lambda key: generator("labels", key, "permuted", self.draw).permutation(n))
        return np.take_along_axis(real, order, axis=1)


@dataclass(frozen=True, init=False)
class RandomLabels(Relabelled):
    """Another pruner run on (X, U), U fair seeded signs that nobody has to do with the labels.

    The mask is a function of inputs and seeds: I(m;Y|X) = 0 exactly, whatever the pruner makes of U.
    """

    def __init__(self, pruner: Pruner, draw: int = 0) -> None:
        super().__init__(pruner, draw)
        if pruner.dependence.on_labels:
            object.__setattr__(self, "dependence", Dependence.INPUTS)

    def labels(
        self, keys: Sequence[Key], real: Float[np.ndarray, "nets samples"]
    ) -> Float[np.ndarray, "nets samples"]:
        n = real.shape[1]
        return drawn(keys, lambda key: generator("labels", key, "random", self.draw).choice([-1.0, 1.0], n))
