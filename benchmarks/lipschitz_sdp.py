"""Speed and tightness of the tight rung; run as a script. Ratios hold within one run only.

T1 Newton against Clarabel (through cvxpy) on the same inequality; T4 mixing method against
Newton; T5 the proof against the search; T6 the lower end against the exact constant (two and
five inputs, by enumeration of edges) or against the upper end, which is larger than the truth.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
from itertools import combinations, pairwise
from pathlib import Path

import cvxpy
import numpy as np
import torch

from robustlaw.lipschitz import bracket, bracket_stack
from robustlaw.lipschitz.batch import Batch
from robustlaw.lipschitz.eclipse import Proposal
from robustlaw.lipschitz.lmi import proved_rho
from robustlaw.lipschitz.semidefinite import neuron
from robustlaw.lipschitz.upper import mixing
from robustlaw.networks import Network
from robustlaw.seeds import generator


def random_net(widths, seed, density=1.0):
    rng = np.random.default_rng(seed)
    layers = [
        (rng.standard_normal((n, m)) * (rng.random((n, m)) < density) / m**0.5, rng.standard_normal(n))
        for m, n in pairwise(widths)
    ]
    return Network.from_arrays(layers)


def reference():
    folder = Path(__file__).parents[1] / "tests/lipschitz/reference"
    with np.load(folder / "lipsdp_random_2x10x30x20x2.npz") as arrays:
        return Network.from_arrays([(arrays[f"W{i}"], np.zeros(len(arrays[f"W{i}"]))) for i in range(1, 5)])


def timed(call, repeats=3):
    """Least time of some runs, after one for compiling, and the last result."""
    result, times = call(), []
    for _ in range(repeats):
        begin = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - begin)
    return min(times), result


def clarabel(net):
    """The same optimum of slopes [0, 1]; inputs rotated away where they outnumber first units."""
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
    begin = time.perf_counter()
    cvxpy.Problem(cvxpy.Maximize(t), [0.5 * (matrix + matrix.T) >> 0]).solve(solver=cvxpy.CLARABEL)
    return time.perf_counter() - begin, float(t.value) ** -0.5


def edges(net):
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


def upper_table():
    print("T1, T5         units  newton ms  clarabel ms  ratio   excess  proof/newton")
    shapes = ((10, 50, 1), (10, 32, 32, 1), (784, 50, 1), (4, 6, 6, 3))
    nets = {**{str(widths): random_net(widths, 0) for widths in shapes}, "random_weights": reference()}
    for name, net in nets.items():
        batch = Batch.of([net])
        seconds, found = timed(lambda batch=batch: neuron(batch))
        weights, exponents = batch.scaled()
        numbers = found.certificates[0].numbers
        powers = np.repeat(2 * np.cumsum(exponents[0, :-1]), net.arch.widths[1:-1])
        scaled = np.ldexp(np.array([numbers["multipliers"]]), powers)
        rho = np.ldexp(np.array(numbers["rho"]), -2 * exponents.sum())
        proposal = Proposal(scaled, rho)
        proof, _ = timed(lambda b=batch, w=weights, p=proposal: proved_rho(w, b.sector, p))
        conic, truth = clarabel(net)
        excess = found.values[0] / truth - 1
        print(f"{name:16s} {len(numbers['multipliers']):3d} {1e3 * seconds:10.1f} {1e3 * conic:12.0f}"
              f" {conic / seconds:6.0f} {excess:8.1e} {proof / seconds:12.3f}")  # fmt: skip


def mixing_table():
    print("\nT4   mixing ms  newton ms  ratio  newton/mixing - 1")
    for widths in ((10, 20, 1), (20, 50, 1), (50, 100, 1)):
        batch = Batch.of([random_net(widths, 0)])
        fast, mixed = timed(lambda b=batch: mixing(b, generator("probe", "benchmark"))[0])
        slow, path = timed(lambda b=batch: neuron(b))
        print(f"{widths!s:14s} {1e3 * fast:8.2f} {1e3 * slow:8.1f} {slow / fast:7.1f}"
              f" {path.values[0] / mixed.values[0] - 1:10.1e}")  # fmt: skip


def lower_table():
    print("\nT6, time of tight          lower / reference: min  mean    reference       ms per net")
    rows = [((2, 50, 1), 1.0, 6), ((5, 50, 1), 1.0, 2), ((10, 50, 1), 0.3, 8), ((20, 50, 1), 0.3, 8),
            ((50, 100, 1), 0.3, 8), ((50, 50, 1), 0.3, 8), ((100, 50, 1), 1.0, 8), ((64, 16, 1), 1.0, 64),
            ((150, 10, 1), 1.0, 64), ((10, 50, 5), 1.0, 4), ((784, 50, 10), 1.0, 2),
            ((20, 50, 1), 1.0, 4), ((50, 100, 1), 1.0, 4), ((10, 32, 32, 1), 1.0, 4),
            ((20, 64, 64, 64, 1), 0.3, 2), ((50, 100, 100, 100, 100, 1), 0.2, 1)]  # fmt: skip
    for widths, density, count in rows:
        nets = [random_net(widths, seed, density) for seed in range(count)]
        bracket(nets[0])
        begin = time.perf_counter()
        found = bracket_stack(nets)
        seconds = (time.perf_counter() - begin) / count
        known = widths[0] <= 5 and len(widths) == 3
        truths = [edges(net) for net in nets] if known else [k.upper for k in found]
        shares = [k.lower / truth for k, truth in zip(found, truths, strict=True)]
        print(f"{widths!s:32s} {density:4.1f} {min(shares):10.4f} {np.mean(shares):7.4f}"
              f"   {'exact' if known else 'upper end':10s} {1e3 * seconds:10.1f}")  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    upper_table()
    mixing_table()
    lower_table()
