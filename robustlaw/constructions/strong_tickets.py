"""A whole target network from frozen random weights: subset sums inside a sparse source.

Every layer z = W h + b of the target becomes two layers of the source, A relu(B h + beta), with frozen
entries uniform on [-1, 1], each kept with chance p when the source is drawn: hidden units of B see one
coordinate of h each, or none and have a random bias. Which kept entries of A stay is all that depends on
the target; products a b of these are chosen to sum to its weights (Lueker 1998; Pensia et al. 2020; in
sparse sources after Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412, theorem 2.5, recalled).

Error over |x| <= R, layer by layer: z'_k - z_k is at most sum_j err_kj |h'_j| + |W_kj| |h'_j - h_j| plus
the error of the bias; |h_j| is at most |h_j(0)| + R Lip(h_j), a certified bracket, and the inputs' part is
R (sum_j err_kj^2)^(1/2) by Cauchy and Schwarz.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..accounting import Accountant, Code, FrozenWeights, Ledger, MaskInSource, code_family, describe
from ..data.checks import EPS, require_positive, row_norms, whole
from ..errors import MissingCapability
from ..lipschitz import bracket_stack
from ..networks import Dependence, Network, Origin
from ..networks.enclosure import forward_enclosed
from ..pruning import supermask_of
from ..pruning.selection import check_density
from ..seeds import generator

# Frozen weights are not rounded, so the bits say nothing; the mask is coded inside the source.
CODES = code_family((1,), ("zero",), ("uniform", "support"))
IN_SOURCE = Code(1, "zero", "support")


@dataclass(frozen=True, eq=False)
class StrongTicket:
    """A masked network of frozen random weights that imitates a target.

    target, network : the network has two layers for each of the target's
    radius   : R
    distance : certified sup over |x| <= R and over the outputs of |network - target|
    slopes   : for each layer (out, in + 1), how far the subset sums are from the weights and biases
    candidates : kept entries of the source that the mask is chosen among
    """

    target: Network
    network: Network
    radius: float
    distance: float
    slopes: tuple[np.ndarray, ...]
    candidates: int

    @property
    def kept(self) -> int:
        """Entries of the mask."""
        return sum(int(m.sum()) for m in self.network.masks[1::2])

    @property
    def total(self) -> int:
        """Entries that a mask without a source would be chosen among."""
        return sum(m.size for m in self.network.masks[1::2])

    @property
    def ledger(self) -> Ledger:
        """p_eff as a description length: the mask, and nothing else."""
        return describe(self.network, IN_SOURCE, CODES)

    def events(self) -> Ledger:
        """p_eff by the accountant, the kept count being public: log C(K0, K)."""
        chain = (FrozenWeights(self.network.kept), MaskInSource(self.total, self.candidates, self.kept))
        return Accountant().ledger(chain, self.network, "strong ticket")


def strong_ticket(
    target: Network, units: int, density: float, radius: float, *key: int | str
) -> StrongTicket:
    """Imitate a ReLU network over the ball of a radius.

    units   : hidden units of the source for each coordinate, and for each layer's biases
    density : kept fraction of the source's entries
    key     : names the source, drawn without the target
    A subset sum has about units density^2/2 products to choose from; what these cannot reach is in
    `distance`. Raises MissingCapability for other activations, InvalidArgument.
    """
    if target.arch.activation != "relu":
        raise MissingCapability("subset sums imitate ReLU networks; this one has another activation")
    whole("units", units, 1)
    check_density(density)
    require_positive("radius", radius)
    blocks = [
        _block(target, layer, units, density, generator("init", "strong ticket", *key, layer))
        for layer in range(target.arch.layers)
    ]
    slopes = tuple(b.errors for b in blocks)
    network = _network(blocks)
    candidates = sum(int(np.count_nonzero(b.outer)) for b in blocks)
    distance = _distance(target, slopes, radius)
    return StrongTicket(target, network, radius, distance, slopes, candidates)


@dataclass(frozen=True, eq=False)
class _Block:
    """Two layers for one: inner (in + 1, units), outer (out, in + 1, units), 0 off the source."""

    inner: Float[np.ndarray, "channels units"]
    outer: Float[np.ndarray, "out channels units"]
    mask: np.ndarray
    errors: np.ndarray


def _block(target: Network, layer: int, units: int, density: float, rng: np.random.Generator) -> _Block:
    """The last channel is the constant 1; after a ReLU channels are not negative, nor is it."""
    goal = np.hstack([target.weights[layer], target.biases[layer][:, None]])
    out, channels = goal.shape
    inner = rng.uniform(-1.0, 1.0, (channels, units)) * (rng.random((channels, units)) < density)
    sparse = rng.random((out, channels, units)) < density
    outer = rng.uniform(-1.0, 1.0, sparse.shape) * sparse
    both = np.arange(channels) < (channels - 1 if layer == 0 else 0)  # channels of either sign
    seen = np.where(both[:, None] | (inner > 0.0), inner, 0.0)
    found = supermask_of(goal, seen, outer, sparse)
    errors = np.where(both, found.errors.max(axis=2), found.errors[:, :, 0])
    return _Block(inner, outer, found.mask, errors)


def _network(blocks: Sequence[_Block]) -> Network:
    layers, masks, maskable = [], [], []
    initial: dict[str, np.ndarray] = {}
    for place, block in enumerate(blocks):
        channels, units = block.inner.shape
        first = np.zeros((channels, units, channels - 1))
        first[np.arange(channels - 1), :, np.arange(channels - 1)] = block.inner[:-1]
        first = first.reshape(channels * units, channels - 1)
        beta = np.concatenate([np.zeros((channels - 1) * units), block.inner[-1]])
        frozen = block.outer.reshape(len(block.outer), -1)
        mask = block.mask.reshape(frozen.shape)
        zeros = np.zeros(len(frozen))
        layers += [(first, beta), (np.where(mask, frozen, 0.0), zeros)]
        # nothing was chosen in the inner layer: the source's own zeros are frozen numbers like the others
        masks += [np.ones(first.shape, dtype=bool), mask]
        names = [f"W{2 * place + 1}", f"b{2 * place + 1}", f"W{2 * place + 2}", f"b{2 * place + 2}"]
        initial |= dict(zip(names, (first, beta, frozen, zeros), strict=True))
        maskable.append(names[2])
    origin = Origin(
        Dependence.TRAINING, frozenset(initial), initial, frozenset(maskable), "strong ticket", recorded=True
    )
    return Network.from_arrays(layers, "relu", masks, origin)


def _distance(target: Network, slopes: Sequence[np.ndarray], radius: float) -> float:
    """The bound of the module's docstring, rounded up."""
    apart: np.ndarray = np.zeros(0)
    for layer, errors in enumerate(slopes):
        into = errors.shape[1] - 1
        room = 1.0 + (4.0 * into + 16.0) * EPS  # of a few sums of `into` non-negative terms
        if layer == 0:
            apart = (row_norms(errors[:, :-1])[1] * radius + errors[:, -1]) * room
            continue
        reach = _reach(target, layer, radius) + apart
        handed_on = np.abs(target.weights[layer]) @ apart
        apart = (errors[:, :-1] @ reach + handed_on + errors[:, -1]) * room
    return float(apart.max())


def _reach(target: Network, layer: int, radius: float) -> np.ndarray:
    """Upper bounds of |h_j| over the ball for the units of hidden layer `layer`, counted from 1."""
    below = list(target.layers)[:layer]
    units = [Network.from_arrays([*below[:-1], (w[None], b[None])]) for w, b in zip(*below[-1], strict=True)]
    slopes = np.array([b.upper for b in bracket_stack(units, "fast")])
    at_zero = [forward_enclosed(u, np.zeros((1, target.arch.widths[0]))) for u in units]
    centre = np.array([float(v[0, 0]) + float(e[0, 0]) for v, e in at_zero])
    return np.asarray(np.maximum(centre + slopes * radius, 0.0) * (1.0 + 8.0 * EPS))
