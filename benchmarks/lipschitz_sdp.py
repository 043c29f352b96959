"""The tight rung: T1 Newton against a conic solver, T4 mixing against Newton, T5 the check against the
search, T6 the lower end against the exact constant.

T1 needs cvxpy and clarabel (pip install cvxpy clarabel). T6 takes the exact constant from an
enumeration of edges (two and five inputs) or from the exact rung (one hidden layer, one output);
elsewhere the reference is an upper end, larger than the truth, and a low share says nothing.
"""

from __future__ import annotations

import time
from importlib.util import find_spec
from itertools import combinations

import numpy as np
from lipschitz_common import least_time, line, network, shape, stored

from robustlaw.lipschitz import bracket, bracket_stack, check
from robustlaw.lipschitz.batch import Batch
from robustlaw.lipschitz.semidefinite import neuron
from robustlaw.lipschitz.upper import mixing
from robustlaw.networks import Network
from robustlaw.seeds import generator

# From this many hidden units on a conic solver is slow enough for the greater ratio.
MANY = 30


def clarabel(net: Network) -> tuple[float, float]:
    """Seconds and the same optimum of slopes [0, 1]; inputs rotated away where they outnumber units."""
    import cvxpy

    weights = [np.linalg.qr(net.weights[0].T, mode="r").T, *net.weights[1:]]
    sizes = [w.shape[1] for w in weights]
    lam, t = [cvxpy.Variable(n, nonneg=True) for n in sizes[1:]], cvxpy.Variable()
    rows = [[np.zeros((a, b)) for b in sizes] for a in sizes]
    rows[0][0] = np.eye(sizes[0])
    for i, (values, w) in enumerate(zip(lam, weights[:-1], strict=True)):
        rows[i + 1][i + 1] = cvxpy.diag(values)
        rows[i + 1][i] = -0.5 * cvxpy.diag(values) @ w
        rows[i][i + 1] = rows[i + 1][i].T
    rows[-1][-1] = rows[-1][-1] - t * weights[-1].T @ weights[-1]
    matrix = cvxpy.bmat(rows)
    began = time.process_time()
    cvxpy.Problem(cvxpy.Maximize(t), [0.5 * (matrix + matrix.T) >> 0]).solve(solver=cvxpy.CLARABEL)
    return time.process_time() - began, float(t.value) ** -0.5


def target_1() -> None:
    missing = [name for name in ("cvxpy", "clarabel") if find_spec(name) is None]
    if missing:
        print(f"T1      not measured: needs cvxpy and clarabel; not installed: {', '.join(missing)}")
        return
    shapes = ((10, 50, 1), (10, 32, 32, 1), (784, 50, 1), (4, 6, 6, 3))
    nets = {shape(widths): network(widths, 0) for widths in shapes}
    for name, net in {**nets, "random_weights": stored("lipsdp_random_2x10x30x20x2")}.items():
        batch = Batch.of([net])
        ours, found = least_time(lambda batch=batch: neuron(batch), 3)
        theirs, truth = clarabel(net)
        excess, ratio = found.values[0] / truth - 1.0, theirs / ours
        wanted = 20.0 if sum(net.arch.widths[1:-1]) >= MANY else 2.0
        line(
            "T1",
            name,
            f"{1e3 * ours:.1f} ms, Clarabel {1e3 * theirs:.0f} ms: {ratio:.0f} x; excess {excess:.0e}",
            f"{wanted:.0f} x, excess 1e-4",
            ratio >= wanted and excess <= 1e-4,
        )


def target_4() -> None:
    for widths in ((10, 20, 1), (20, 50, 1), (50, 100, 1)):
        batch = Batch.of([network(widths, 0)])
        ours, mixed = least_time(lambda b=batch: mixing(b, generator("probe", "benchmark"))[0], 3)
        slow, path = least_time(lambda b=batch: neuron(b), 3)
        drift, ratio, large = abs(path.values[0] / mixed.values[0] - 1.0), slow / ours, widths[1] >= 100
        line(
            "T4",
            shape(widths),
            f"{1e3 * ours:.2f} ms, Newton {1e3 * slow:.1f} ms: {ratio:.1f} x; differ by {drift:.0e}",
            "1e-6" + (", 5 x" if large else ""),
            drift <= 1e-6 and (ratio >= 5.0 or not large),
        )


def target_5() -> None:
    for widths in [(10, 50, 1), (50, 100, 1), (784, 50, 1), (10, 32, 32, 1), (20, 64, 64, 64, 1)]:
        net = network(widths, 0)
        search, found = least_time(lambda net=net: bracket(net, "tight"), 3)
        newton, _ = least_time(lambda net=net: neuron(Batch.of([net])), 3)
        again, result = least_time(lambda net=net, found=found: check(net, found))
        line(
            "T5",
            shape(widths),
            f"check {1e3 * again:.2f} ms: {again / search:.1%} of tight, {again / newton:.1%} of Newton",
            "proved, 10 % of tight",
            result.ok and again <= 0.1 * search,
        )


def edges(net: Network) -> float:
    """Exact constant of one hidden layer: every cell has an edge, every edge is on some line."""
    w, b, v = net.weights[0], net.biases[0], net.weights[1][0]
    h, d = w.shape
    a = v[:, None] * w
    chosen, best = np.array(list(combinations(range(h), d - 1))), 0.0
    sides = np.array([[m >> j & 1 for j in range(d - 1)] for m in range(2 ** (d - 1))], float)
    for s in np.array_split(chosen, max(1, len(chosen) // 2000)):
        along = np.linalg.svd(w[s])[2][:, -1] @ w.T
        at = np.einsum("nij,nj->ni", np.linalg.pinv(w[s]), -b[s]) @ w.T + b
        np.put_along_axis(along, s, 0.0, 1)
        np.put_along_axis(at, s, -1.0, 1)
        with np.errstate(all="ignore"):
            order = np.argsort(np.where(along != 0.0, -at / along, np.inf), 1)[:, : h - d + 1]
        first = np.where(along != 0.0, along < 0.0, at > 0.0) @ a
        turns = np.sign(np.take_along_axis(along, order, 1))[:, :, None] * a[order]
        g = np.concatenate([first[:, None], first[:, None] + np.cumsum(turns, 1)], 1)
        more = np.einsum("mj,njd->nmd", sides, a[s])
        squares = (g**2).sum(2)[:, :, None] + (more**2).sum(2)[:, None]
        best = max(best, (squares + 2.0 * np.einsum("nkd,nmd->nkm", g, more)).max())
    return best**0.5


# widths, density, networks
ROWS = [
    ((2, 50, 1), 1.0, 6),
    ((5, 50, 1), 1.0, 2),
    ((10, 50, 1), 0.3, 8),
    ((20, 50, 1), 0.3, 8),
    ((50, 100, 1), 0.3, 8),
    ((50, 50, 1), 0.3, 8),
    ((100, 50, 1), 1.0, 8),
    ((64, 16, 1), 1.0, 64),
    ((150, 10, 1), 1.0, 64),
    ((10, 50, 5), 1.0, 4),
    ((784, 50, 10), 1.0, 2),
    ((20, 50, 1), 1.0, 4),
    ((50, 100, 1), 1.0, 4),
    ((10, 32, 32, 1), 1.0, 4),
    ((20, 64, 64, 64, 1), 0.3, 2),
    ((50, 100, 100, 100, 100, 1), 0.2, 1),
]


def references(nets: list[Network]) -> tuple[list[float], bool]:
    """What the lower ends are compared with, and whether that is the exact constant, or of free patterns."""
    widths = nets[0].arch.widths
    if len(widths) > 3 or widths[-1] > 1:
        return [b.upper for b in bracket_stack(nets)], False
    if widths[0] <= 5:
        return [edges(net) for net in nets], True
    return [b.upper for b in bracket_stack(nets, "exact", seconds=5.0)], True


def target_6() -> None:
    for widths, density, count in ROWS:
        nets = [network(widths, seed, density) for seed in range(count)]
        seconds, found = least_time(lambda nets=nets: bracket_stack(nets), 1)
        truths, exact = references(nets)
        shares = [b.lower / truth for b, truth in zip(found, truths, strict=True)]
        wanted = 0.99 if widths[0] >= max(widths[1:]) else 0.95
        met = min(shares) >= wanted
        line(
            "T6",
            shape(widths, density),
            f"least {min(shares):.4f}, mean {np.mean(shares):.4f}; {1e3 * seconds / count:.0f} ms a network",
            f"{wanted} of {'the constant' if exact else 'it; an upper end here'}",
            met if exact or met else None,
        )
