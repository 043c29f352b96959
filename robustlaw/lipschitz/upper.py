"""Certified upper ends for a batch, with what proves them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..evidence import Certificate, round_down
from . import eclipse
from .batch import Batch
from .eclipse import Proposal
from .layer import layer
from .lmi import proved_rho
from .mixing import propose
from .norms import chain_norms, liplt, liplt_proposal
from .rounding import Numbers, up
from .zonotope import Zonotope, fitted, from_multipliers, multipliers, proved_diagonal, zonotope

# Multipliers at the very limit of what is possible are made a little smaller, until rounding lets
# them pass; the bound grows by about as much.
SHRINKS = (1e-9, 1e-6, 1e-3)


@dataclass(frozen=True, eq=False)
class Uppers:
    """One upper end a network: its value, its method and its certificate."""

    values: Numbers
    methods: tuple[str, ...]
    certificates: tuple[Certificate, ...]

    def best(self, other: Uppers) -> Uppers:
        """The smaller end of each network, with its proof."""
        first = self.values <= other.values
        pairs = zip(first, self.methods, other.methods, self.certificates, other.certificates, strict=True)
        kept = [(m, c) if mine else (n, d) for mine, m, n, c, d in pairs]
        return Uppers(np.where(first, self.values, other.values), *_columns(kept))

    def best_at(self, places: np.ndarray, other: Uppers) -> Uppers:
        """`other`, which speaks about the networks at `places`, wherever it is smaller."""
        values, methods, proofs = self.values.copy(), list(self.methods), list(self.certificates)
        for row, place in enumerate(places):
            if other.values[row] < values[place]:
                values[place], methods[place] = other.values[row], other.methods[row]
                proofs[place] = other.certificates[row]
        return Uppers(values, tuple(methods), tuple(proofs))


def is_scalar_shallow(batch: Batch) -> bool:
    """One hidden layer, one output, and an activation that bends: the zonotope's case."""
    return batch.arch.layers == 2 and batch.arch.widths[-1] == 1 and not batch.sector.is_single


def linear(batch: Batch) -> Uppers:
    """No hidden layer, or no bend: the norm of one matrix."""
    weights, exponents = batch.scaled()
    values = restored(liplt(chain_norms(weights), batch.sector), exponents.sum(axis=1))
    return Uppers(values, ("spectral norm",) * len(batch), (Certificate("linear"),) * len(batch))


def fast(batch: Batch) -> Uppers:
    """LipSDP-Layer where it is minimal; else multipliers in closed form, of LipLT or of ECLipsE-Fast.

    Never above LipLT, ECLipsE-Fast or the product of norms.
    """
    if batch.sector.is_single:
        return linear(batch)
    weights, exponents = batch.scaled()
    if not is_scalar_shallow(batch):
        return _closed_forms(batch, weights, exponents)
    choice = layer(weights[0], weights[1], batch.sector)
    values = restored(choice.values, exponents.sum(axis=1))
    every = np.broadcast_to(choice.multipliers[:, None], (len(batch), batch.arch.widths[1]))
    ends = certified(values, batch, exponents, every, "LipSDP-Layer")
    places = np.flatnonzero(~choice.minimal)
    if not len(places):
        return ends
    others = _closed_forms(batch.take(places), [w[places] for w in weights], exponents[places])
    return ends.best_at(places, others)


def _closed_forms(batch: Batch, weights: Sequence[np.ndarray], exponents: np.ndarray) -> Uppers:
    """Multipliers in closed form, of LipLT or of ECLipsE-Fast, and the least that they prove."""
    table = chain_norms(weights)
    safe = liplt_proposal(table, batch.sector, batch.arch.widths[1:-1])
    best, names = (
        eclipse.valued(weights, batch.sector, safe),
        np.full(len(batch), "LipLT multipliers", object),
    )
    if eclipse.applies(batch.sector):
        other = eclipse.fast(weights, batch.sector, table[1, 1])
        smaller = other.rho < best.rho
        names[smaller] = "ECLipsE-Fast"
        lam = np.where(smaller[:, None], other.multipliers, best.multipliers)
        best = Proposal(lam, np.where(smaller, other.rho, best.rho))
    ends = replace(_proved(batch, weights, exponents, best), methods=tuple(names))
    for trial in _safe_proposals(batch, weights, safe):
        if not np.isinf(ends.values).any():
            break
        ends = ends.best(replace(_proved(batch, weights, exponents, trial), methods=("LipLT",) * len(batch)))
    return ends


def _safe_proposals(batch: Batch, weights: Sequence[np.ndarray], safe: Proposal) -> Iterator[Proposal]:
    """LipLT's multipliers with its own value, then smaller ones with what they prove."""
    yield safe
    for share in SHRINKS:
        smaller = Proposal(safe.multipliers * (1.0 - share), np.full(len(batch), np.inf))
        yield eclipse.valued(weights, batch.sector, smaller)


def _proved(batch: Batch, weights: Sequence[np.ndarray], exponents: np.ndarray, proposal: Proposal) -> Uppers:
    """The upper end that the multipliers prove; infinite where they prove none."""
    if is_scalar_shallow(batch):
        z = zonotope(weights[0], weights[1], batch.sector)
        d = from_multipliers(z, weights[1], proposal.multipliers, proposal.rho)
        return _from_diagonal(batch, weights, exponents, z, d, "")
    rho = proved_rho(weights, batch.sector, proposal)
    return certified(
        restored(up(np.sqrt(rho)), exponents.sum(axis=1)), batch, exponents, proposal.multipliers, ""
    )


def mixing(batch: Batch, random: np.random.Generator) -> tuple[Uppers, Zonotope, np.ndarray]:
    """LipSDP-Neuron of one hidden layer by the mixing method; also B and steep sign patterns.

    The zonotope is on the scale of the given weights up to its own power of two.
    """
    weights, exponents = batch.scaled()
    z = zonotope(weights[0], weights[1], batch.sector)
    proposal, signs = propose(z, random)
    ends = _from_diagonal(batch, weights, exponents, z, fitted(z, proposal), "LipSDP-Neuron (mixing method)")
    total = (z.exponent + exponents.sum(axis=1)).astype(np.int64)
    return ends, replace(z, exponent=total), signs


def _from_diagonal(
    batch: Batch,
    weights: Sequence[np.ndarray],
    exponents: np.ndarray,
    z: Zonotope,
    proposal: np.ndarray,
    name: str,
) -> Uppers:
    bound, d = proved_diagonal(z, proposal)
    values = restored(bound, z.exponent + exponents.sum(axis=1))
    return certified(values, batch, exponents, multipliers(z, weights[1], d), name)


def certified(values: Numbers, batch: Batch, exponents: np.ndarray, scaled: np.ndarray, name: str) -> Uppers:
    """Multipliers moved from the scaled to the given weights: divided by the squared powers so far."""
    powers = 2 * np.cumsum(exponents[:, :-1], axis=1)
    with np.errstate(over="ignore"):
        moved = np.ldexp(scaled, -np.repeat(powers, batch.arch.widths[1:-1], axis=1))
    proofs = [
        Certificate(
            "multipliers",
            {**_interval(batch), "multipliers": tuple(row), "rho": (round_down(value * value),)},
        )
        for row, value in zip(moved.tolist(), values.tolist(), strict=True)
    ]
    return Uppers(values, (name,) * len(values), tuple(proofs))


def _interval(batch: Batch) -> dict[str, tuple[float, ...]]:
    return {"slope_low": (batch.sector.low,), "slope_high": (batch.sector.high,)}


def restored(values: Numbers, exponent: np.ndarray) -> Numbers:
    """Times a power of two; one step up covers a result so small that it is rounded."""
    with np.errstate(over="ignore"):
        return np.asarray(np.nextafter(np.ldexp(values, exponent.astype(np.int64)), np.inf))


def _columns(
    pairs: list[tuple[str, Certificate]],
) -> tuple[tuple[str, ...], tuple[Certificate, ...]]:
    return tuple(m for m, _ in pairs), tuple(c for _, c in pairs)
