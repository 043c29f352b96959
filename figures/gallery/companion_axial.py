"""Subspaces that reach a well: the published threshold, least squares, and what looking at it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Paired
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, THEORY, letter, plain_ticks, sheet

GROUP = "companions"
LABEL = "axial subspaces"
TITLE = "Dimensions that a subspace needs to reach a quadratic well"
SOURCE = "threshold of Larsen et al. (2022), recalled, as used in arXiv 2210.03044; least squares here"
CAPTION = (
    "A well {sum ((w_i - c_i)/r_i)^2 <= 1} in D = 150 dimensions, its centre at distance R in a random "
    "direction. a: the share of dimensions that a random subspace may lack, 1 - k/D. Lines: the closed "
    "form (1/D) sum r_i^2/(R^2 + r_i^2); marks: the exact least k by least squares, median of a seed's "
    "draws and mean over seeds, left out where it is 0; dashed grey: (r/R)^2, exact for equal radii as D "
    "grows, from which the closed form departs at a few radii. Below one dimension nothing can be told. "
    "b: equal radii; coordinates needed if they are kept at random, and if they are kept by looking at "
    "the well; dotted: what such a look tells, log C(D,K) nats. Here the mask is a function of the well "
    "alone and every subset is as likely, so its information is exactly that. The informed mask is the "
    "shorter description only if a weight costs more nats than the number below its mark. Nothing is "
    "trained: the well is a model of a loss."
)
DECLARED = (
    Declared("radii", "equal; sqrt(i/D); every fifth 1, others 0.1", ("other spectra",), "not stated"),
    Declared(
        "R", "in units of the largest radius", ("root mean square",), "not stated: the strictest reading"
    ),
    Declared("threshold", "median least k", ("half of all draws succeed",), "the same for nested subspaces"),
)
STUDY = "robustlaw.studies.axial_subspaces"
SPECTRA = ("equal", "power law", "two sizes")
COLOURS = {"equal": "#0072B2", "power law": "#E69F00", "two sizes": "#D55E00"}
MARKERS = {"equal": "s", "power law": "v", "two sizes": "o"}
DISTANCES = (2.0, 3.0, 5.0, 10.0, 20.0)
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 10, "full": 25}
FAR = 10.0


def study(preset: Preset) -> list[Grid]:
    draws = 6 if preset == "smoke" else 40
    return [
        (
            STUDY,
            [
                {"seed": seed, "spectrum": name, "distances": list(DISTANCES), "dims": 150, "draws": draws}
                for name in SPECTRA
                for seed in range(SEEDS[preset])
            ],
        )
    ]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a seed, spectrum and distance; `unsquared` is a wrong formula that has to fail."""
    from robustlaw.studies.axial_subspaces import radii  # its room loads torch, as no drawing may

    def unsquared(name: str, dims: int, distance: float) -> float:
        r = radii(name, dims)
        return float(1.0 - np.mean(r / np.hypot(distance, r)))

    lines = [
        {
            "seed": row.config["seed"],
            "spectrum": row.config["spectrum"],
            "dims": row.config["dims"],
            **told,
            "unsquared": unsquared(row.config["spectrum"], row.config["dims"], told["distance"]),
        }
        for row in rows
        for told in (row.result or {})["distances"]
    ]
    return pl.DataFrame(lines, infer_schema_length=None).sort("spectrum", "distance", "seed")


def _at(table: pl.DataFrame, value: str, spectrum: str, distance: float) -> np.ndarray:
    own = table.filter(pl.col("spectrum") == spectrum, pl.col("distance") == distance).sort("seed")
    return own[value].to_numpy().astype(float)


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 2.8, columns=2)
    _thresholds(left, table)
    _prices(right, table)
    return figure


def _thresholds(axes: Axes, table: pl.DataFrame) -> None:
    dims = int(table["dims"][0])
    for name in SPECTRA:
        closed = [1.0 - _at(table, "closed", name, d).mean() for d in DISTANCES]
        exact = [1.0 - _at(table, "random", name, d).mean() for d in DISTANCES]
        axes.plot(DISTANCES, closed, **{**THEORY, "linewidth": 1.0})
        own: dict[str, Any] = {"color": COLOURS[name], "marker": MARKERS[name], "linestyle": "none"}
        seen = [(d, e) for d, e in zip(DISTANCES, exact, strict=True) if e > 0.0]
        axes.plot(*zip(*seen, strict=True), label=name, **own)
    axes.plot(DISTANCES, [d**-2.0 for d in DISTANCES], color="0.55", linestyle=(0, (4, 2)), linewidth=1.0)
    axes.plot([], [], label="closed form", **{**THEORY, "linewidth": 1.0})
    axes.plot([], [], color="0.55", linestyle=(0, (4, 2)), linewidth=1.0, label="equal radii, exact, large D")
    axes.axhline(1.0 / dims, color="0.85", linewidth=0.7)
    axes.annotate(
        "one dimension", (DISTANCES[0], 1.0 / dims), (0, 2), textcoords="offset points", fontsize=6.2
    )
    axes.set(
        xscale="log", yscale="log", xlabel="distance, in largest radii", ylabel="share it may lack, 1 - k/D"
    )
    plain_ticks(axes.xaxis, DISTANCES)
    plain_ticks(axes.yaxis, (0.001, 0.01, 0.1))
    axes.legend(loc="upper right")
    letter(axes, "a")


def _prices(axes: Axes, table: pl.DataFrame) -> None:
    dims = int(table["dims"][0])
    found = {v: [_at(table, v, "equal", d).mean() for d in DISTANCES] for v in ("axial", "informed", "cap")}
    places = np.arange(len(DISTANCES))
    random, looked = (dims * np.array(found[v]) for v in ("axial", "informed"))
    axes.plot(places, random, color="#0072B2", marker="s", label="kept at random, K")
    axes.plot(places, looked, color="#D55E00", marker="o", label="kept by looking, K")
    axes.plot(
        places, found["cap"], color="black", marker="x", linestyle=":", label="log C(D,K) of these, nats"
    )
    for place, k, price in zip(places, looked, prices(table), strict=True):
        axes.annotate(
            f"{price:.1f}", (place, k), (0, -11), textcoords="offset points", ha="center", fontsize=6.6
        )
    axes.set_xticks(places, [f"{d:g}" for d in DISTANCES])
    axes.set(xlabel="distance, in radii", ylabel="coordinates, or nats", ylim=(0.0, 1.45 * dims))
    axes.legend(loc="upper left")
    letter(axes, "b")


def prices(table: pl.DataFrame) -> np.ndarray:
    """log C(D,K) over the weights saved, by distance: what a weight has to cost for looking to pay."""
    dims = int(table["dims"][0])
    bought = [
        dims * (_at(table, "axial", "equal", d) - _at(table, "informed", "equal", d)) for d in DISTANCES
    ]
    paid = [_at(table, "cap", "equal", d) for d in DISTANCES]
    return np.array([p.mean() / b.mean() for p, b in zip(paid, bought, strict=True)])


def claims(table: pl.DataFrame) -> list[Claim]:
    far = [d for d in DISTANCES if d >= FAR]

    def off(value: Any) -> np.ndarray:
        """The largest distance of the exact share from a formula's, over spectra and far distances."""
        gaps = [np.abs(_at(table, "random", s, d) - value(s, d)) for s in SPECTRA for d in far]
        return np.asarray(np.max(gaps, axis=0))

    near = DISTANCES[0]
    exact, closed = (_at(table, value, "equal", near) for value in ("random", "closed"))
    return [
        Paired(
            "far away",
            "at ten largest radii and more the closed form is within .02 of least squares, for all spectra",
            "paper",
            differences=0.02 - off(lambda s, d: _at(table, "closed", s, d)),
        ),
        Paired(
            "near by, closed form",
            f"at {near:g} equal radii the closed form is off by more than .02",
            differences=np.abs(exact - closed) - 0.02,
        ),
        Paired(
            "near by, balls",
            "there 1 - (r/R)^2 is within .02 of least squares",
            differences=0.02 - np.abs(exact - (1.0 - near**-2.0)),
        ),
        Exact(
            "looking never hurts",
            "in no draw does a mask that looked at the well need more coordinates than a random one",
            wrong=int(table["worse"].sum()),
            cases=table.height,
        ),
        Paired(
            "what looking costs",
            "at a nat a weight, no distance has the informed mask as the shorter description, K + log C(D,K)",
            differences=_charged(table),
        ),
        Paired(
            "mutant: radii unsquared",
            "the same within .02 for 1 - (1/D) sum r_i/sqrt(R^2 + r_i^2)",
            mutant=True,
            differences=0.02 - off(lambda s, d: _at(table, "unsquared", s, d)),
        ),
    ]


def _charged(table: pl.DataFrame) -> np.ndarray:
    """The least, over distances, of the informed K + log C(D,K) less the K of a random order."""
    dims = int(table["dims"][0])
    return np.asarray(
        np.min(
            [
                dims * (_at(table, "informed", "equal", d) - _at(table, "axial", "equal", d))
                + _at(table, "cap", "equal", d)
                for d in DISTANCES
            ],
            axis=0,
        )
    )
