"""Exact Lipschitz constants: enumeration in low dimension, branch and bound otherwise."""

from .dispatch import close

__all__ = ["close"]
