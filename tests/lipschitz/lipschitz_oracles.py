"""Independent slow truths for tiny networks, and ways to make such networks."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
from scipy.optimize import linprog

from robustlaw.networks import Network

# Rungs that take no time; the exact one has tests of its own.
EFFORTS = ("fast", "tight")


def random_net(widths, seed, activation="relu", density=1.0, bias=1.0, scale=1.0, duplicate=False):
    rng = np.random.default_rng(seed)
    layers = []
    for below, above in pairwise(widths):
        w = rng.standard_normal((above, below)) * (rng.random((above, below)) < density)
        if duplicate and above > 1:
            w[-1] = w[0]
        layers.append((w * scale, bias * rng.standard_normal(above)))
    return Network.from_arrays(layers, activation)


def shallow(w, v, b=None, activation="relu"):
    w, v = np.atleast_2d(np.array(w, dtype=float)), np.atleast_2d(np.array(v, dtype=float))
    b = np.zeros(len(w)) if b is None else np.array(b, dtype=float)
    return Network.from_arrays([(w, b), (v, np.zeros(len(v)))], activation)


def patterns(w, v, low=0.0, high=1.0):
    """All (norm, pattern) of one hidden layer, steepest first."""
    a = (v[0][:, None] * w).T
    found = [(np.linalg.norm(a @ s), s) for s in map(np.array, product((low, high), repeat=len(w)))]
    return sorted(found, key=lambda item: -item[0])


def free_pattern_constant(w, v, low=0.0, high=1.0):
    return patterns(w, v, low, high)[0][0]


def exact_shallow(net, low=0.0, high=1.0):
    """Steepest pattern that a linear program finds an interior point for. One output."""
    w, v, b = net.weights[0], net.weights[1], net.biases[0]
    keep = np.any(w != 0.0, axis=1) & (v[0] != 0.0)
    w, v, b = w[keep], v[:, keep], b[keep]
    if not len(w):
        return 0.0
    length = np.linalg.norm(w, axis=1)
    w_unit, b_unit = w / length[:, None], b / length
    size = max(1.0, np.abs(b_unit).max())
    for norm, s in patterns(w, v, low, high):
        sign = np.where(s == high, 1.0, -1.0)
        rows = np.column_stack([-sign[:, None] * w_unit, np.ones(len(w))])
        done = linprog(
            [0.0] * w.shape[1] + [-1.0],
            A_ub=rows,
            b_ub=sign * b_unit / size,
            bounds=[(None, None)] * w.shape[1] + [(None, 1.0)],
        )
        if done.status == 0 and -done.fun > 1e-8:
            return norm
    raise AssertionError("no feasible pattern")


def exact_line(net, low=0.0, high=1.0):
    """One input, any depth: walk over all breakpoints of a piecewise linear network."""
    points = np.array([])

    def ends_and_middles():
        if not len(points):
            return np.array([0.0])
        middles = 0.5 * (points[1:] + points[:-1])
        return np.concatenate([[points[0] - 1.0], middles, [points[-1] + 1.0]])

    for depth in range(len(net.weights) - 1):
        fresh = []
        at = ends_and_middles()
        edges = np.concatenate([[-np.inf], points, [np.inf]])
        for x, left, right in zip(at, edges, edges[1:], strict=False):
            slope, value = np.ones(1), np.array([x])
            for w, b in list(net.layers)[:depth]:
                z = w @ value + b
                step = np.where(z > 0.0, high, low)
                slope, value = step * (w @ slope), step * z
            w, b = net.weights[depth], net.biases[depth]
            z, dz = w @ value + b, w @ slope
            with np.errstate(all="ignore"):
                root = x - z / dz
            fresh += [r for r in root[np.isfinite(root)] if left < r < right]
        points = np.unique(np.concatenate([points, fresh]))
    keep = np.diff(points, prepend=-np.inf) > 1e-12 * (1.0 + np.abs(points))
    points = points[keep]
    return np.linalg.norm(net.gradients(ends_and_middles()[:, None]), axis=(1, 2)).max()


def exact_plane_cones(net):
    """Two inputs, one hidden layer, no biases: one gradient for every sector between two lines."""
    w = net.weights[0]
    angles = np.sort(np.concatenate([np.arctan2(-w[:, 0], w[:, 1]), np.arctan2(w[:, 0], -w[:, 1])]))
    middles = 0.5 * (angles + np.roll(angles, -1) + np.where(np.roll(angles, -1) < angles, 2 * np.pi, 0.0))
    x = np.column_stack([np.cos(middles), np.sin(middles)])
    return np.linalg.norm(net.gradients(x), axis=(1, 2)).max()


def fractions(matrix):
    return [[Fraction(float(x)) for x in row] for row in np.atleast_2d(matrix)]


def is_positive_exactly(rows):
    """LDL^T in exact arithmetic: positive semidefinite or not."""
    m = [list(row) for row in rows]
    for k in range(len(m)):
        pivot = m[k][k]
        if pivot < 0 or (pivot == 0 and any(m[i][k] != 0 for i in range(k + 1, len(m)))):
            return False
        for i in range(k + 1, len(m)):
            if m[i][k] != 0:
                factor = m[i][k] / pivot
                for j in range(k, len(m)):
                    m[i][j] -= factor * m[k][j]
    return True


def multiplier_matrix(net, certificate, rho):
    """P(Lambda, 1 / rho) of the multiplier inequality in exact fractions."""
    numbers = certificate.numbers
    low, high = Fraction(numbers["slope_low"][0]), Fraction(numbers["slope_high"][0])
    c, p, t = (low + high) / 2, low * high, 1 / Fraction(rho)
    weights = [fractions(w) for w in net.weights]
    widths = net.arch.widths[:-1]
    edges = np.cumsum([0, *widths])
    lam = [Fraction(x) for x in numbers["multipliers"]]
    total = int(edges[-1])
    m = [[Fraction(0)] * total for _ in range(total)]
    for i in range(total):
        m[i][i] = Fraction(1) if i < widths[0] else lam[i - widths[0]]
    for layer, w in enumerate(weights):
        last, below = layer == len(weights) - 1, int(edges[layer])
        for o, row in enumerate(w):
            unit = None if last else int(edges[layer + 1]) + o
            factor = -t if last else p * lam[unit - widths[0]]
            for i, x in enumerate(row):
                for j, y in enumerate(row):
                    m[below + i][below + j] += factor * x * y
                if not last:
                    m[below + i][unit] -= c * lam[unit - widths[0]] * x
                    m[unit][below + i] = m[below + i][unit]
    return m
