"""Which information a number speaks of, and which way a bound may be carried over.

With initialisation and seed independent of the data D = (X, Y):
    I(m;Y|X) <= I(m;D) <= I(m;D|init)    and    I(m;Y|X) <= I(m;Y|X,init) <= I(m;D|init).
So a lower bound holds for every larger quantity and an upper bound for every smaller one.
"""

from __future__ import annotations

from enum import StrEnum

from ..errors import UnknownName


class Target(StrEnum):
    """A mutual information between the mask and the data."""

    DATA = "I(m;D)"
    DATA_GIVEN_INIT = "I(m;D|init)"
    LABELS = "I(m;Y|X)"
    LABELS_GIVEN_INIT = "I(m;Y|X,init)"

    @property
    def of_labels(self) -> bool:
        return self in (Target.LABELS, Target.LABELS_GIVEN_INIT)

    @property
    def given_init(self) -> bool:
        return self in (Target.DATA_GIVEN_INIT, Target.LABELS_GIVEN_INIT)

    def at_most(self, other: Target) -> bool:
        """This quantity never exceeds the other."""
        return (self.of_labels or not other.of_labels) and (other.given_init or not self.given_init)


def as_target(name: str) -> Target:
    """The target of that name. Raises UnknownName."""
    try:
        return Target(name)
    except ValueError:
        raise UnknownName("target", name, [t.value for t in Target]) from None
