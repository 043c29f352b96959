"""Sampled runs of a channel: fresh data, one mask each, pilot runs apart from the counted ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.checks import require_kind, whole
from ..errors import BrokenInvariant, InvalidArgument
from ..seeds import generator
from .channel import Data, MaskChannel, Masks, Seeds
from .targets import Target

PILOT_SHARE = 0.2
FEWEST = 20  # fewer counted runs certify nothing worth printing at any usual level


@dataclass(frozen=True, eq=False)
class Runs:
    """Independent runs side by side."""

    data: Data
    masks: Masks
    seeds: Seeds

    def __len__(self) -> int:
        return len(self.masks)

    def take(self, places: np.ndarray | slice) -> Runs:
        return Runs(self.data[places], self.masks[places], self.seeds[places])


@dataclass(frozen=True, eq=False)
class Sample:
    """Runs of one channel, and the generator of what the bounds draw themselves.

    pilot : for choosing and fitting; never counted
    fresh : for the bounds
    trial : True where methods are only ranked: what they draw is then no part of what is counted
    """

    channel: MaskChannel
    pilot: Runs
    fresh: Runs
    seed: int
    trial: bool = False

    @property
    def label_target(self) -> Target:
        """What a bound on everything the mask knows of the labels speaks of."""
        return Target.LABELS_GIVEN_INIT if self.channel.conditioned else Target.LABELS

    @property
    def data_target(self) -> Target:
        """What a bound on everything the mask knows of the data speaks of."""
        return Target.DATA_GIVEN_INIT if self.channel.conditioned else Target.DATA

    def generator(self, name: str) -> np.random.Generator:
        """A stream of its own for the bound `name`, apart from the one of the trial that chose it."""
        return generator("probe", "information", *(("trial",) if self.trial else ()), name, self.seed)


def draw_runs(channel: MaskChannel, count: int, name: str, seed: int) -> Runs:
    """`count` independent runs. Raises ShapeMismatch or InvalidArgument for masks the channel rules out."""
    rng = generator("probe", "information", name, seed)
    data = channel.sample_data(count, rng)
    seeds = rng.integers(0, 2**62, count)
    masks = channel.sample_masks(data, seeds)
    if len(masks) != count:
        raise BrokenInvariant(f"the channel gave {len(masks)} masks for {count} data sets")
    channel.support.check(masks)
    return Runs(data, masks, seeds)


def sample(channel: MaskChannel, runs: int, seed: int = 0) -> Sample:
    """`runs` runs in all, a fifth of them as a pilot.

    Raises InvalidArgument if they are too few to certify anything.
    """
    remedy = "give a channel: n_bits, support, conditioned, sample_data, sample_masks"
    require_kind("channel", channel, MaskChannel, remedy)
    whole("runs", runs)
    pilot = int(runs * PILOT_SHARE)
    if runs - pilot < FEWEST:
        least = int(FEWEST / (1.0 - PILOT_SHARE)) + 1
        raise InvalidArgument("runs", runs, f"too few to certify anything; give at least {least}")
    fitted = draw_runs(channel, pilot, "pilot", seed)
    return Sample(channel, fitted, draw_runs(channel, runs - pilot, "fresh", seed), seed)
