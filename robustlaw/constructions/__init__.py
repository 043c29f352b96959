"""Explicit interpolants: functions that fit any labels, with their certified Lipschitz constants.

They are the law's upper side: `bumps` and `projected_bumps` follow sqrt(n d/p), `rounded_bumps` do
at a few bits a coordinate, `relu_caps` is an ordinary ReLU network on the sphere, and in
`supermask_caps` no number is trained. `upper_side` says how far each is above the law.

Random sparse sources: `coverage` and `containment` are exact chances, `source_copies` and `least_units`
the widths, `find_ticket` a target network inside a source, `strong_ticket` one of frozen weights.
"""

from .bumps import BumpSum, bumps, projected_bumps, random_frame, rounded_bumps
from .caps import Caps, relu_caps
from .containment import containment, every_copy_usable, failure_bound, source_copies
from .containment_laws import EnoughCopies, NeededWidth
from .coverage import coverage, exact_coverage, least_units, needed_width, uncovered
from .interpolant import TOLERANCE, Interpolant
from .profiles import HAT, SMOOTH, Profile, plateau
from .separation import largest_inner_product, smallest_distance, steepest_pair
from .strong_tickets import StrongTicket, strong_ticket
from .subset_sums import Supermask, supermask_caps
from .tickets import Source, Ticket, contains, draw_source, embed, find_ticket
from .upper_side import UpperSide, upper_side

__all__ = [
    "HAT",
    "SMOOTH",
    "TOLERANCE",
    "BumpSum",
    "Caps",
    "EnoughCopies",
    "Interpolant",
    "NeededWidth",
    "Profile",
    "Source",
    "StrongTicket",
    "Supermask",
    "Ticket",
    "UpperSide",
    "bumps",
    "containment",
    "contains",
    "coverage",
    "draw_source",
    "embed",
    "every_copy_usable",
    "exact_coverage",
    "failure_bound",
    "find_ticket",
    "largest_inner_product",
    "least_units",
    "needed_width",
    "plateau",
    "projected_bumps",
    "random_frame",
    "relu_caps",
    "rounded_bumps",
    "smallest_distance",
    "source_copies",
    "steepest_pair",
    "strong_ticket",
    "supermask_caps",
    "uncovered",
    "upper_side",
]
