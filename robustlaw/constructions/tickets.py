"""A target network found inside a random sparse source, edge by edge.

The constructive side of the containment theorems: weights of kept entries are set to the target's, the
rest of the source is pruned, and what is left computes the target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from ..data.checks import whole
from ..errors import MissingEdge, ShapeMismatch
from ..evidence import Bracket, log_of_integer, sum_of
from ..networks import Network
from ..seeds import generator
from .containment import source_copies


@dataclass(frozen=True, eq=False)
class Source:
    """A random sparse source of a target: copies of every unit, and which entries are kept.

    copies : (q_0, ..., q_L), q_L = 1
    links  : for each layer (..., q_l, n_l, q_{l-1}, n_{l-1}), True where the entry is kept; leading axes
             are independent draws
    As matrices, copy c of unit i is row (or column) c n + i: inputs stand side by side q_0 times.
    """

    copies: tuple[int, ...]
    links: tuple[np.ndarray, ...]

    @property
    def masks(self) -> list[np.ndarray]:
        """The kept entries of each layer as matrices (out, in)."""
        flat = []
        for m in self.links:
            above, units, below, inputs = m.shape[-4:]
            flat.append(m.reshape(*m.shape[:-4], above * units, below * inputs))
        return flat


def draw_source(
    widths: Sequence[int], densities: Sequence[float], copies: Sequence[int], *key: int | str, draws: int = 0
) -> Source:
    """A source for targets of these widths, every entry of layer l kept with chance p_l.

    key   : names the random stream, for example a seed
    draws : 0 for a single source, else so many in a leading axis
    """
    sizes = [whole("widths", w, 1) for w in widths]
    q = tuple(whole("copies", c, 1) for c in copies)
    if len(densities) != len(sizes) - 1 or len(q) != len(sizes):
        raise ShapeMismatch("copies", len(q), f"give {len(sizes)}, and {len(sizes) - 1} densities")
    rng, lead = generator("mask", "source", *key), (draws,) if draws else ()
    links = []
    for layer, p in enumerate(densities):
        shape = (*lead, q[layer + 1], sizes[layer + 1], q[layer], sizes[layer])
        # single precision for speed: the chance is off by less than 2^-24
        links.append(rng.random(shape, dtype=np.float32) < np.float32(p))
    return Source(q, tuple(links))


def usable_copies(target: Sequence[np.ndarray], source: Source) -> list[np.ndarray]:
    """Which copies of each layer's units are usable, inputs included: (..., q_l, n_l).

    A copy is usable if every edge of the target into it is kept from a usable copy of the unit below.
    """
    lead = source.links[0].shape[:-4]
    usable = [np.ones((*lead, *source.links[0].shape[-2:]), dtype=bool)]
    for edges, kept in zip(target, source.links, strict=True):
        linked = np.any(kept & usable[-1][..., None, None, :, :], axis=-2)  # (..., q, units, units below)
        usable.append(np.all(linked | ~np.asarray(edges, dtype=bool), axis=-1))
    return usable


def contains(target: Sequence[np.ndarray], source: Source) -> Bool[np.ndarray, "*draws"]:
    """Whether each draw of the source contains a target with these edges."""
    return np.asarray(usable_copies(target, source)[-1].all(axis=(-2, -1)))


@dataclass(frozen=True, eq=False)
class Ticket:
    """A target network inside a source.

    target, source : what was embedded, and into what
    chosen  : for each layer (q_l, n_l, n_{l-1}): the copy of the unit below that an edge comes from, -1
              where there is none
    inside  : the masked source itself; its inputs are the target's, side by side q_0 times
    network : the same function of the target's inputs: copies that are not used left out, and the
              copying of the inputs, which is linear, merged into the first layer
    """

    target: Network
    source: Source
    chosen: tuple[np.ndarray, ...]
    inside: Network
    network: Network

    @property
    def naming(self) -> Bracket:
        """Nats that name the copy behind each edge: log q_{l-1} an edge, the target being known."""
        counts = [int((c >= 0).sum()) for c in self.chosen]
        below = self.source.copies[:-1]
        return sum_of([log_of_integer(q) * float(n) for q, n in zip(below, counts, strict=True)])

    def on_copies(self, x: np.ndarray) -> np.ndarray:
        """Inputs (samples, n_0) as `inside` takes them."""
        return np.tile(x, (1, self.source.copies[0]))


def embed(target: Network, source: Source) -> Ticket:
    """The target inside one source, with as many copies as its edges ask for and no more.

    Raises MissingEdge (the deepest cause) where the source does not contain it, ShapeMismatch.
    """
    shapes = [(k.shape[1], k.shape[3]) for k in source.links]
    if shapes != list(target.arch.shapes) or any(k.ndim != 4 for k in source.links):
        raise ShapeMismatch("source", shapes, f"give one source of the target's widths {target.arch.widths}")
    edges = [m & (w != 0.0) for m, w in zip(target.masks, target.weights, strict=True)]
    usable = usable_copies(edges, source)
    if not usable[-1].all():
        raise _missing(edges, source, usable)
    used = np.ones(usable[-1].shape, dtype=bool)
    chosen: list[np.ndarray] = []
    for layer in range(len(edges) - 1, -1, -1):
        kept = source.links[layer] & usable[layer][None, None]
        wanted = used[:, :, None] & edges[layer][None]
        choice = np.where(wanted, kept.argmax(axis=2), -1)
        chosen.insert(0, choice)
        used = np.zeros(usable[layer].shape, dtype=bool)
        units = np.broadcast_to(np.arange(choice.shape[2]), choice.shape)
        used[choice[wanted], units[wanted]] = True
    inside = _inside(target, source, chosen)
    return Ticket(target, source, tuple(chosen), inside, _merged(target, source, chosen, inside))


def find_ticket(
    target: Network, densities: Sequence[float], delta: float, seed: int, copies: Sequence[int] | None = None
) -> Ticket:
    """Draw one source, as wide as the theorem asks unless `copies` say otherwise, and embed the target.

    Raises MissingEdge, with chance at most delta at the theorem's widths.
    """
    edges = [int((m & (w != 0.0)).sum()) for m, w in zip(target.masks, target.weights, strict=True)]
    q = source_copies(edges, densities, delta) if copies is None else tuple(copies)
    return embed(target, draw_source(target.arch.widths, densities, q, seed))


def _inside(target: Network, source: Source, chosen: Sequence[np.ndarray]) -> Network:
    """The source with the target's numbers on the chosen entries and nothing elsewhere."""
    layers, masks = [], []
    for layer, choice in enumerate(chosen):
        above, units, inputs = choice.shape
        weights = np.zeros((above, units, source.copies[layer], inputs))
        mask = np.zeros(weights.shape, dtype=bool)
        place = np.nonzero(choice >= 0)
        spot = (place[0], place[1], choice[place], place[2])
        weights[spot] = target.weights[layer][place[1:]]
        mask[spot] = True
        used = _used(chosen, layer, above, units)
        bias = np.where(used, target.biases[layer], 0.0)
        layers.append((weights.reshape(above * units, -1), bias.ravel()))
        masks.append(mask.reshape(above * units, -1))
    return Network.from_arrays(layers, target.arch.activation, masks)


def _used(chosen: Sequence[np.ndarray], layer: int, copies: int, units: int) -> np.ndarray:
    """Which copies of a layer's units the layer above reads; all outputs."""
    if layer == len(chosen) - 1:
        return np.ones((copies, units), dtype=bool)
    return np.stack([np.any(chosen[layer + 1] == c, axis=(0, 1)) for c in range(copies)])


def _merged(target: Network, source: Source, chosen: Sequence[np.ndarray], inside: Network) -> Network:
    """Inputs of all copies added up, rows of unused copies dropped; one row a layer is left at least."""
    rows: list[np.ndarray] = []
    for layer, choice in enumerate(chosen):
        used = np.flatnonzero(_used(chosen, layer, *choice.shape[:2]))
        rows.append(used if len(used) else np.zeros(1, dtype=int))
    inputs = target.arch.widths[0]
    layers, masks = [], []
    for layer, (w, b) in enumerate(inside.layers):
        if layer == 0:
            w_in = w.reshape(len(w), source.copies[0], inputs).sum(axis=1)
            m_in = np.any(inside.masks[0].reshape(len(w), source.copies[0], inputs), axis=1)
        else:
            w_in, m_in = w[:, rows[layer - 1]], inside.masks[layer][:, rows[layer - 1]]
        layers.append((w_in[rows[layer]], b[rows[layer]]))
        masks.append(m_in[rows[layer]])
    return Network.from_arrays(layers, target.arch.activation, masks)


def _missing(edges: Sequence[np.ndarray], source: Source, usable: Sequence[np.ndarray]) -> MissingEdge:
    """Down from an output that is not usable to an edge that no copy below is linked by."""
    layer = len(edges) - 1
    copy, unit = (int(v[0]) for v in np.nonzero(~usable[-1]))
    while True:
        kept = source.links[layer][copy, unit]  # (copies below, units below)
        linked = np.any(kept & usable[layer], axis=0)
        start = int(np.flatnonzero(edges[layer][unit] & ~linked)[0])
        if layer == 0 or not kept[:, start].any():
            return MissingEdge(layer + 1, start, unit, copy)
        # it is linked, but to copies that are not usable themselves: the cause lies below
        copy, unit, layer = int(np.flatnonzero(kept[:, start])[0]), start, layer - 1
