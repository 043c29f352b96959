"""The tight rung: T1 Newton against a conic solver, T4 mixing against Newton, T5 check against search.

T1 needs cvxpy and clarabel (pip install cvxpy clarabel).
"""

from __future__ import annotations

import time
from importlib.util import find_spec

import numpy as np
from lipschitz_common import least_time, line, network, shape, stored
from ratios import Ratios

from robustlaw.lipschitz import bracket, check
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


def target_1(ratios: Ratios) -> bool:
    missing = [name for name in ("cvxpy", "clarabel") if find_spec(name) is None]
    if missing:
        print(f"T1      not measured: needs cvxpy and clarabel; not installed: {', '.join(missing)}")
        return True
    fine = True
    shapes = ((10, 50, 1), (10, 32, 32, 1), (784, 50, 1), (4, 6, 6, 3))
    nets = {shape(widths): network(widths, 0) for widths in shapes}
    for name, net in {**nets, "random_weights": stored("lipsdp_random_2x10x30x20x2")}.items():
        batch = Batch.of([net])
        ours, found = least_time(lambda batch=batch: neuron(batch), 3)
        theirs, truth = clarabel(net)
        excess, ratio = found.values[0] / truth - 1.0, theirs / ours
        wanted = 20.0 if sum(net.arch.widths[1:-1]) >= MANY else 2.0
        ratios.add(f"T1 {name}, Clarabel / Newton", ratio, wanted)
        fine &= line(
            "T1",
            name,
            f"{1e3 * ours:.1f} ms, Clarabel {1e3 * theirs:.0f} ms: {ratio:.0f} x; excess {excess:.0e}",
            f"{wanted:.0f} x, excess 1e-4",
            ratio >= wanted and excess <= 1e-4,
        )
    return fine


def target_4(ratios: Ratios) -> bool:
    fine = True
    for widths in ((10, 20, 1), (20, 50, 1), (50, 100, 1)):
        batch = Batch.of([network(widths, 0)])
        ours, mixed = least_time(lambda b=batch: mixing(b, generator("probe", "benchmark"))[0], 3)
        slow, path = least_time(lambda b=batch: neuron(b), 3)
        drift, ratio, large = abs(path.values[0] / mixed.values[0] - 1.0), slow / ours, widths[1] >= 100
        ratios.add(f"T4 {shape(widths)}, Newton / mixing", ratio, 5.0 if large else None)
        fine &= line(
            "T4",
            shape(widths),
            f"{1e3 * ours:.2f} ms, Newton {1e3 * slow:.1f} ms: {ratio:.1f} x; differ by {drift:.0e}",
            "1e-6" + (", 5 x" if large else ""),
            drift <= 1e-6 and (ratio >= 5.0 or not large),
        )
    return fine


def target_5(ratios: Ratios) -> bool:
    fine = True
    for widths in [(10, 50, 1), (50, 100, 1), (784, 50, 1), (10, 32, 32, 1), (20, 64, 64, 64, 1)]:
        net = network(widths, 0)
        search, found = least_time(lambda net=net: bracket(net, "tight"), 3)
        newton, _ = least_time(lambda net=net: neuron(Batch.of([net])), 3)
        again, result = least_time(lambda net=net, found=found: check(net, found))
        ratios.add(f"T5 {shape(widths)}, check / tight", again / search, 0.1, "lower")
        fine &= line(
            "T5",
            shape(widths),
            f"check {1e3 * again:.2f} ms: {again / search:.1%} of tight, {again / newton:.1%} of Newton",
            "proved, 10 % of tight",
            result.ok and again <= 0.1 * search,
        )
    return fine
