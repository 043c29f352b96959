"""Reading a user's own data for an audit, and what to say of the network beside the law."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..data import Assumed, Dataset, Problem, StatedNoise, Zero
from ..errors import InvalidArgument, UnreadableFile
from ..evidence import Evidence
from ..networks import Network
from ..networks.files import read_arrays


def read_dataset(path: Path, proxy: float, why: str, noise_bound: float) -> Dataset:
    """The arrays x (n, d), y (n,) and g (n,) of an .npz, as a problem with a stated proxy and noise.

    Raises UnreadableFile, ShapeMismatch, NonFinite, LabelOutOfRange, or InvalidArgument if a label
    is farther from its target than the stated bound.
    """
    arrays = read_arrays(path)
    for name in ("x", "y", "g"):
        if name not in arrays:
            raise UnreadableFile(
                f"{path}: an audit needs the arrays x, y and g (the clean target E[y|x]); no {name}"
            )
        if not np.issubdtype(arrays[name].dtype, np.number):
            raise UnreadableFile(f"{path}: {name} holds {arrays[name].dtype}, not numbers")
    data = Dataset.from_arrays(arrays["x"], arrays["y"], arrays["g"])
    assert data.z is not None
    worst = float(np.abs(data.z).max())
    if worst > noise_bound:
        raise InvalidArgument(
            "noise_bound", noise_bound, f"a label is {worst:g} away from its target: raise it"
        )
    problem = Problem(Assumed(data.x, proxy, why), Zero(), StatedNoise(noise_bound))
    return Dataset(data.x, data.y, data.g, data.z, data.component, problem)


def with_collapse(evidence: Evidence, net: Network) -> Evidence:
    """The same evidence; where the network's mask has collapsed, its details say so in words."""
    if net.collapse is None:
        return evidence
    return replace(evidence, details={**evidence.details, "layer collapse": str(net.collapse)})
