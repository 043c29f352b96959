"""Architectures, concrete networks, and stacks of networks trained side by side."""

from .activations import ACTIVATIONS, Activation, activation
from .files import load_network, save_network
from .initialise import DensityScaled, He, Initialisation, SignedConstant, Small, TorchDefault, initial_stack
from .losses import Batch, batch
from .mlp import Mlp
from .network import Network
from .origin import Dependence, Origin
from .recipe import (
    GradientPenalty,
    Homotopy,
    LipschitzPenalty,
    Plateau,
    Recipe,
    SpectralPenalty,
    StraightThrough,
)
from .stack import Stack
from .subsets import error_norms, subset
from .training import fit

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Batch",
    "DensityScaled",
    "Dependence",
    "GradientPenalty",
    "He",
    "Homotopy",
    "Initialisation",
    "LipschitzPenalty",
    "Mlp",
    "Network",
    "Origin",
    "Plateau",
    "Recipe",
    "SignedConstant",
    "Small",
    "SpectralPenalty",
    "Stack",
    "StraightThrough",
    "TorchDefault",
    "activation",
    "batch",
    "error_norms",
    "fit",
    "initial_stack",
    "load_network",
    "save_network",
    "subset",
]
