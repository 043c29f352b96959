"""Strategies for hypothesis and reference objects, for tests of theorems and tools of your own.

    from hypothesis import given
    from robustlaw import testing

    @given(testing.channels())
    def test_my_bound(channel): ...

Needs hypothesis, which is not among the package's own dependencies (pip install hypothesis).
"""

from ..errors import MissingCapability

try:
    import hypothesis as _hypothesis  # noqa: F401
except ImportError as error:  # pragma: no cover - the tests have it
    raise MissingCapability("robustlaw.testing needs hypothesis: pip install hypothesis") from error

from .channels import channels, coarsened, merged_data, side_by_side
from .masks import masks
from .networks import networks, tiny_networks
from .problems import datasets, distributions, problems
from .references import REFERENCE_NETWORKS, ReferenceNetwork

__all__ = [
    "REFERENCE_NETWORKS",
    "ReferenceNetwork",
    "channels",
    "coarsened",
    "datasets",
    "distributions",
    "masks",
    "merged_data",
    "networks",
    "problems",
    "side_by_side",
    "tiny_networks",
]
