"""The main study: train pruned networks on noisy labels and weigh every law on each of them.

A config is one network. Configs that differ in density and seed only are trained as one stack;
every seed has its own data set, shared by all methods and densities, so that rows are paired.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..accounting import Code, code_family
from ..data import Dataset, Gaussian, Problem, Sphere, digits_problem
from ..errors import InvalidArgument, UnknownName
from ..evidence import Evidence, to_json
from ..laws import (
    DescriptionLength,
    Law,
    Measured,
    MemorisationConverse,
    SparsePrinted,
    SparseRepaired,
    SparseSharp,
    UniversalPrinted,
)
from ..networks import Mlp, Network
from ..pruning import PRUNERS, Mask, kept_count, train
from .config import PlainConfig
from .recipes import recipe

NAME = "law"
VERSION = 2
chunk_size = 16

# Share of the digits' labels that is flipped.
DIGITS_FLIP = 0.3


@dataclass(frozen=True)
class LawConfig(PlainConfig):
    """One network of the study.

    setting : label of the group of rows it is shown with
    inputs  : "gaussian", "sphere" or "digits"
    n, dim  : samples and input dimension
    hidden  : widths of the hidden layers
    method  : name of a pruner, "Dense" for none
    density : kept share of the maskable weights
    recipe  : name of a training recipe, `steps` its length
    bits    : bits of the codes that the description-length law may choose from
    eps, radius : declared parameters of the printed theorems
    Raises InvalidArgument, InfeasibleDensity or UnknownName before anything runs.
    """

    setting: str
    inputs: str
    n: int
    dim: int
    hidden: tuple[int, ...]
    method: str
    density: float
    seed: int
    recipe: str = "low_slack"
    steps: int = 250
    bits: tuple[int, ...] = (1, 2, 3)
    delta: float = 0.05
    eps: float = 0.5
    radius: float = 64.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        object.__setattr__(self, "bits", tuple(self.bits))
        if self.method != "Dense" and self.method not in PRUNERS:
            raise UnknownName("method", self.method, ("Dense", *PRUNERS))
        if self.method == "Dense" and self.density != 1.0:
            raise InvalidArgument("density", self.density, "the method Dense keeps everything: density 1")
        if self.n < 2:
            raise InvalidArgument("n", self.n, "give at least 2 samples")
        problem = self.problem()
        if problem.dim != self.dim:
            raise InvalidArgument("dim", self.dim, f"{self.inputs} inputs have {problem.dim} entries")
        recipe(self.recipe, self.steps, self.dim, self.method)
        kept_count(self.density, sum(a * b for a, b in self.arch.shapes[:-1]))
        self.laws()

    @property
    def arch(self) -> Mlp:
        return Mlp((self.dim, *self.hidden, 1))

    def problem(self) -> Problem:
        """The law of inputs and labels."""
        if self.inputs == "gaussian":
            return Problem(Gaussian(self.dim))
        if self.inputs == "sphere":
            return Problem(Sphere(self.dim))
        if self.inputs == "digits":
            return digits_problem(DIGITS_FLIP)
        raise UnknownName("inputs", self.inputs, ("gaussian", "sphere", "digits"))

    def codes(self) -> tuple[Code, ...]:
        return code_family(self.bits)

    def laws(self) -> list[Law]:
        """Every law that the study weighs, true ledgers first, the wrong ones last."""
        delta, codes = self.delta, self.codes()
        printed = {"delta": delta, "eps": self.eps, "radius": self.radius}
        return [
            UniversalPrinted(**printed),
            SparsePrinted(**printed),
            SparseRepaired(**printed),
            SparseSharp(delta),
            DescriptionLength(delta, codes),
            MemorisationConverse(delta, codes),
            DescriptionLength(delta, codes, forget=("mask",)),
        ]


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Configs of one bucket train as one stack; networks trained alone have buckets of their own."""
    cell = LawConfig.of(config)
    free = () if recipe(cell.recipe, cell.steps, cell.dim, cell.method).lanes == 1 else ("density", "seed")
    return json.dumps({k: v for k, v in config.items() if k not in free}, sort_keys=True)


def cell_bytes(config: Mapping[str, Any]) -> int:
    """Data in two precisions, and weights with what their training and their brackets hold."""
    cell = LawConfig.of(config)
    weights = sum((a + 1) * b for a, b in itertools.pairwise((cell.dim, *cell.hidden, 1)))
    return 12 * cell.n * (cell.dim + 2) + 128 * weights


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Train the configs of one bucket as a stack, and weigh the laws on each network."""
    cells = [LawConfig.of(c) for c in configs]
    first, problem = cells[0], cells[0].problem()
    data = {seed: problem.sample(first.n, seed) for seed in dict.fromkeys(c.seed for c in cells)}
    pruner = None if first.method == "Dense" else PRUNERS[first.method](first.density)
    plan = recipe(first.recipe, first.steps, first.dim, first.method)
    maskable = frozenset(f"W{i + 1}" for i in range(first.arch.layers - 1))
    stack = train(
        first.arch,
        [data[c.seed] for c in cells],
        pruner,
        [c.seed for c in cells],
        plan,
        densities=[c.density for c in cells],
        maskable=maskable,
    )
    return [row(cell, net, data[cell.seed]) for cell, net in zip(cells, stack, strict=True)]


def row(cell: LawConfig, net: Network, data: Dataset) -> dict[str, Any]:
    """Everything the tables and figures need about one network, as plain values."""
    measured = Measured(net, data)
    mask = Mask.of(net)
    evidence = [law.weigh(measured) for law in cell.laws()]
    return {
        "kept": mask.nnz,
        "effective": mask.effective().nnz,
        "collapse": None if net.collapse is None else json.loads(to_json(net.collapse)),
        "dependence": str(net.origin.dependence),
        "facts": dict(net.origin.facts),
        "lipschitz": [measured.lipschitz.lower, measured.lipschitz.upper],
        "centred": [measured.correlation.value.lower, measured.correlation.value.upper],
        "clipped": [measured.clipped_correlation.lower, measured.clipped_correlation.upper],
        "rate": data.n / data.problem.proxy if data.problem is not None else None,
        "evidence": [json.loads(to_json(_light(e))) for e in evidence],
    }


def _light(evidence: Evidence) -> Evidence:
    """Witness and multipliers stay with the description-length law, whose network they certify."""
    if evidence.measured is None or evidence.law == "DescriptionLength":
        return evidence
    return replace(evidence, measured=replace(evidence.measured, witness=None, certificate=None))
