"""Reading a user's own data for an audit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data import Assumed, Dataset, Problem
from ..data.noise import LabelNoise
from ..data.targets import Target, Values
from ..errors import InvalidArgument, MissingCapability, UnreadableFile
from ..networks.files import read_arrays


@dataclass(frozen=True)
class StatedNoise(LabelNoise):
    """Label noise of which only a bound is known, and that by the user's word."""

    half_width: float
