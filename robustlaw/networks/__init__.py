"""Architectures, concrete networks, and stacks of networks trained side by side."""

from .activations import ACTIVATIONS, Activation, activation
from .mlp import Mlp
from .network import Network
from .origin import Dependence, Origin
from .stack import Stack

__all__ = ["ACTIVATIONS", "Activation", "Dependence", "Mlp", "Network", "Origin", "Stack", "activation"]
