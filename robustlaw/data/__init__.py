"""Laws of inputs with certificates, targets, label noise, and the problems made of them."""

from .controls import DiscreteCube, StudentT
from .cube import Cube
from .dataset import Dataset
from .empirical import Assumed, Empirical
from .gaussian import Gaussian
from .handwriting import digits, digits_problem
from .images import LipschitzImage, LipschitzMap, Product, RandomLayer, Shifted, Tanh
from .isoperimetry import Distribution, Isoperimetry
from .log_concave import LogConcave
from .mixture import Mixture
from .noise import BoundedUniform, Flips, LabelNoise, RandomSigns, StatedNoise, TruncatedGaussian
from .problem import Problem
from .refutation import Refutation, refute_certificate
from .spheres import Ball, EmbeddedSphere, Sphere
from .stiefel import Stiefel
from .targets import Linear, Lookup, Target, Teacher, Zero
from .witnesses import Witness

__all__ = [
    "Assumed",
    "Ball",
    "BoundedUniform",
    "Cube",
    "Dataset",
    "DiscreteCube",
    "Distribution",
    "EmbeddedSphere",
    "Empirical",
    "Flips",
    "Gaussian",
    "Isoperimetry",
    "LabelNoise",
    "Linear",
    "LipschitzImage",
    "LipschitzMap",
    "LogConcave",
    "Lookup",
    "Mixture",
    "Problem",
    "Product",
    "RandomLayer",
    "RandomSigns",
    "Refutation",
    "Shifted",
    "Sphere",
    "StatedNoise",
    "Stiefel",
    "StudentT",
    "Tanh",
    "Target",
    "Teacher",
    "TruncatedGaussian",
    "Witness",
    "Zero",
    "digits",
    "digits_problem",
    "refute_certificate",
]
