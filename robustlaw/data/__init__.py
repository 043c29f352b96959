"""Laws of inputs with certificates, targets, label noise, and the problems made of them."""

from .controls import DiscreteCube, StudentT
from .cube import Cube
from .dataset import Dataset
from .empirical import Assumed, Empirical
from .fashion import FashionMnist
from .gaussian import Gaussian
from .handwriting import digit_images, digits, digits_problem
from .image_like import ImageLike
from .images import LipschitzImage, LipschitzMap, Product, RandomLayer, Shifted, Tanh
from .isoperimetry import Distribution, Isoperimetry
from .labelled_images import LabelledImages
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
    "FashionMnist",
    "Flips",
    "Gaussian",
    "ImageLike",
    "Isoperimetry",
    "LabelNoise",
    "LabelledImages",
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
    "digit_images",
    "digits",
    "digits_problem",
    "refute_certificate",
]
