"""Explicit interpolants: functions that fit any labels, with their certified Lipschitz constants.

They are the law's upper side: `bumps` and `projected_bumps` follow sqrt(n d/p), `rounded_bumps` do
at a few bits a coordinate, `relu_caps` is an ordinary ReLU network on the sphere, and in
`supermask_caps` no number is trained. `upper_side` says how far each is above the law.
"""

from .bumps import BumpSum, bumps, projected_bumps, random_frame, rounded_bumps
from .caps import Caps, relu_caps
from .interpolant import TOLERANCE, Interpolant
from .profiles import HAT, SMOOTH, Profile, plateau
from .separation import largest_inner_product, smallest_distance, steepest_pair
from .subset_sums import Supermask, supermask_caps
from .upper_side import UpperSide, upper_side

__all__ = [
    "HAT",
    "SMOOTH",
    "TOLERANCE",
    "BumpSum",
    "Caps",
    "Interpolant",
    "Profile",
    "Supermask",
    "UpperSide",
    "bumps",
    "largest_inner_product",
    "plateau",
    "projected_bumps",
    "random_frame",
    "relu_caps",
    "rounded_bumps",
    "smallest_distance",
    "steepest_pair",
    "supermask_caps",
    "upper_side",
]
