"""One of each law, with what is known about it from outside the package."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from robustlaw import data

ANISOTROPIC = np.diag([4.0, 1.0, 0.25]) / 5.25 + 0.05


@dataclass(frozen=True)
class Known:
    """proxy and E|x|^2 by hand; centre is E x; tight: half of the proxy can be refuted."""

    law: data.Distribution
    proxy: float
    square: float
    tight: bool = True


CERTIFIED = {
    "gaussian": Known(data.Gaussian(30), 1 / 30, 1.0),
    "gaussian, unscaled": Known(data.Gaussian(4, 1.0), 1.0, 4.0),
    "gaussian, diagonal": Known(data.Gaussian(3, np.array([0.5, 0.1, 0.0])), 0.5, 0.6),
    "gaussian, matrix": Known(
        data.Gaussian(3, ANISOTROPIC), float(np.linalg.eigvalsh(ANISOTROPIC)[-1]), np.trace(ANISOTROPIC)
    ),
    "sphere": Known(data.Sphere(20), 1 / 19, 1.0),
    "sphere of R^3, radius 2": Known(data.Sphere(3, 2.0), 2.0, 4.0),
    "circle": Known(data.Sphere(2), 1.0, 1.0, tight=False),  # coordinates have half the proxy
    "ball": Known(data.Ball(10), 1 / 11, 10 / 12),
    "interval as a ball": Known(data.Ball(1, 3.0), 4.5, 3.0),
    "embedded sphere": Known(data.EmbeddedSphere(5, 40), 1 / 4, 1.0),
    "cube": Known(data.Cube(12), 4 * (3 / 12) / math.pi**2, 1.0),
    "cube, side 2": Known(data.Cube(3, 1.0), 4 / math.pi**2, 1.0),
    "log-concave, weak": Known(data.LogConcave(9, steepness=0.001), 1 / 9, math.nan),
    "log-concave": Known(data.LogConcave(9, curvature=3.0, power=3.0), 1 / 3, math.nan),
    "stiefel": Known(data.Stiefel(8, 2), 4 / 6, 2.0, tight=False),  # coordinates have variance 1/8
    "rotations": Known(data.Stiefel(4, 4), 2.0, 4.0, tight=False),
    "image": Known(data.LipschitzImage(data.Gaussian(6), data.Tanh(0.5)), 1 / 6, math.nan),
    "product": Known(data.Product((data.Gaussian(4), data.Sphere(30))), 1 / 4, 2.0),
    "shifted": Known(data.Shifted(data.Sphere(6), np.full(6, 0.5)), 1 / 5, 1.0 + 6 / 4),
    "mixture": Known(
        data.Mixture((data.Shifted(data.Gaussian(5), np.ones(5)), data.Sphere(5)), (0.25, 0.75)),
        1 / 4,
        0.25 * 6.0 + 0.75,
    ),
}
BY_NAME = {"argnames": "known", "argvalues": list(CERTIFIED.values()), "ids": list(CERTIFIED)}
