"""Training many small networks, against one torch module after the other and against the products alone.

Run: python benchmarks/training.py                all parts, some minutes
     python benchmarks/training.py speed deep     some of: speed, deep, processes, interpolation, scores
     python benchmarks/training.py --quick        speed and scores, fewer turns

Every ratio is between two things measured in turn within one run, on one thread, and is the median over
the turns: the machine may be shared. `speed` trains the same networks on the same data with the same masks
by both ways, and fails if their losses after 100 steps differ by more than 1e-4 relative. The roofline is
the time of the products X -> W X and D -> D X^T of every layer alone, by the library that training uses.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch
from machine import Watch
from ratios import Ratios, add_option, chosen

from robustlaw.networks import (
    Batch,
    He,
    Homotopy,
    Mlp,
    Recipe,
    Stack,
    TorchDefault,
    batch,
    fit,
    initial_stack,
)
from robustlaw.pruning.scores import gradient_flow, magnitude, snip
from robustlaw.pruning.synaptic_flow import flow_scores

TURNS, FEW_TURNS, STEPS, NETS = 7, 3, 100, 64
QUICK = ["speed", "scores"]
# name, widths, samples, required gain, aim
SIZES = [
    ("S", (20, 50, 1), 200, 7.0, 12.0),
    ("M", (30, 64, 1), 300, 4.0, 6.0),
    ("L", (50, 100, 1), 500, 2.0, 3.0),
]
DEEP = [("two hidden", (30, 64, 64, 1), 300, "mse"), ("two classes", (10, 30, 30, 2), 250, "cross_entropy")]
RECIPE = Recipe(steps=STEPS, stop_at=None, learning_rate=1e-3)


def problem(widths: tuple[int, ...], n: int, nets: int, density: float = 0.3) -> tuple[Stack, Batch, Any]:
    """Masked networks and one data set of random signs that they share."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, widths[0])), rng.choice([-1.0, 1.0], n)
    stack = initial_stack(Mlp(widths), list(range(nets)), TorchDefault())
    masks = [torch.as_tensor(rng.random(m.shape) < density) for m in stack.masks[:-1]]
    return stack.with_masks([*masks, stack.masks[-1]]), batch([x], [y]), (x, y)


def naive(stack: Stack, place: int, points: Any, loss: str) -> float:
    """One nn.Module with its masks applied after every step, torch.optim.Adam as it comes; its last loss."""
    net, layers = stack[place], []
    for w, b in net.layers:
        linear = torch.nn.Linear(w.shape[1], w.shape[0])
        linear.weight.data, linear.bias.data = torch.tensor(w).float(), torch.tensor(b).float()
        layers += [linear, torch.nn.ReLU()]
    module = torch.nn.Sequential(*layers[:-1])
    masks = [torch.tensor(np.asarray(m)).float() for m in net.masks]
    x, y = (torch.as_tensor(a).float() for a in points)
    classes = ((y + 1.0) / 2.0).long()

    def cost() -> torch.Tensor:
        output = module(x)
        if loss == "mse":
            return torch.nn.functional.mse_loss(output[:, 0], y)
        return torch.nn.functional.cross_entropy(output, classes)

    optimiser = torch.optim.Adam(module.parameters(), lr=RECIPE.learning_rate)
    for _ in range(STEPS):
        optimiser.zero_grad()
        cost().backward()
        for linear, mask in zip(layers[::2], masks, strict=True):
            linear.weight.grad *= mask
        optimiser.step()
    with torch.no_grad():
        return float(cost())


def products(widths: tuple[int, ...], n: int, nets: int = 16) -> Callable[[], None]:
    """All products of one step of `nets` networks: forward, weight gradients, and deltas of inner layers."""
    rng, pairs = np.random.default_rng(0), []
    for layer, (below, above) in enumerate(pairwise(widths)):
        w, delta = rng.normal(size=(nets, above, below)), rng.normal(size=(nets, above, n))
        h = rng.normal(size=(1 if layer == 0 else nets, below, n))
        w, delta, h = (a.astype(np.float32) for a in (w, delta, h))
        pairs += [(w, h), (delta, h.transpose(0, 2, 1))]
        if layer and above > 1:
            pairs.append((w.transpose(0, 2, 1), delta))
    outs = [np.matmul(a, b) for a, b in pairs]

    def run() -> None:
        for _ in range(STEPS):
            for (a, b), out in zip(pairs, outs, strict=True):
                np.matmul(a, b, out=out)

    return run


def seconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def report(name: str, measured: str, target: str, met: bool | None) -> bool:
    verdict = {True: "met", False: "MISSED", None: "open" if target else ""}[met]
    print(f"{name:20s} {measured:84s} {target:30s} {verdict}", flush=True)
    return met is not False


def compared(
    name: str, widths: tuple[int, ...], n: int, loss: str, nets: int, turns: int
) -> tuple[float, float, str]:
    """(gain over the naive loop, share of the products, a line that says it), all ways at the same losses."""
    stack, data, points = problem(widths, n, nets)
    recipe, padded = replace(RECIPE, loss=loss), n + -n % 16
    ours, theirs, roof = [], [], []
    floor = products(widths, padded)
    trained, alone = fit(stack, data, recipe), [naive(stack, i, points, loss) for i in range(2)]
    off = max(abs(trained.facts[i]["loss"] - a) / a for i, a in enumerate(alone))
    if off > 1e-4:
        sys.exit(f"{name}: losses differ by {off:.1e} relative, which is no rounding")
    floor()
    for _ in range(turns):
        theirs.append(seconds(lambda: naive(stack, 0, points, loss)) / STEPS)
        ours.append(seconds(lambda: fit(stack, data, recipe)) / STEPS / nets)
        roof.append(seconds(floor) / STEPS / 16)
    gain = float(np.median(np.divide(theirs, ours)))
    away = float(np.median(np.divide(ours, roof)))
    times = " / ".join(f"{1e6 * np.median(t):.0f}" for t in (theirs, ours, roof))
    return gain, away, f"{gain:.1f}x; naive / stack / products {times} us a step, {away:.2f} of the products"


def speed(found: Ratios, turns: int) -> bool:
    fine = True
    for name, widths, n, required, aim in SIZES:
        gain, away, text = compared(name, widths, n, "mse", NETS, turns)
        found.add(f"{name}, a loop of torch modules / stack", gain, required)
        found.add(f"{name}, stack / its products alone", away, better="lower")
        fine &= report(
            f"{name} {widths[0]}-{widths[1]}-1", text, f"{required:g}x, aim {aim:g}x", gain >= required
        )
    return fine


def deep(found: Ratios, turns: int) -> bool:
    for name, widths, n, loss in DEEP:
        gain, _, text = compared(name, widths, n, loss, 250, turns)
        found.add(f"{name}, a loop of torch modules / stack", gain)
        report(name, text, "", None)
    return True


def worker(turn: int) -> tuple[float, float]:
    """Wall and processor seconds of the training alone: a process also has to start and to import."""
    del turn
    torch.set_num_threads(1)
    stack, data, _ = problem((30, 64, 1), 300, NETS)
    fit(stack, data, RECIPE)
    began = time.process_time()
    wall = seconds(lambda: [fit(stack, data, RECIPE) for _ in range(8)])
    return wall, time.process_time() - began


def processes(found: Ratios, turns: int) -> bool:
    """Throughput of two workers at once over that of one; each turn measures both.

    By the clock it needs two idle cores: on a busy machine only processor time tells, which shows
    what the two take from each other in caches and memory.
    """
    clock, processor = [], []
    watch = Watch()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(worker, range(2)))
        for _ in range(turns):
            single = pool.submit(worker, 0).result()
            both = list(pool.map(worker, range(2)))
            for kind, gains in enumerate((clock, processor)):
                gains.append(2.0 * single[kind] / max(pair[kind] for pair in both))
    wall, own = float(np.median(clock)), float(np.median(processor))
    busy, fair = watch.others(), watch.was_free_for(2)
    ratio = found.add("two processes / one, by the clock", wall, 1.9, open=not fair)
    found.add("two processes / one, by processor time", own)
    text = f"{wall:.2f}x of one by the clock, others use {busy:.1f} cores, {own:.2f}x by processor time"
    return report("two processes", text, "1.9x by the clock", ratio.met)


def saturated(ratio: float, seed: int) -> tuple[Stack, Batch]:
    """One 30-64-1 network with `ratio` trained numbers a sample, masks drawn; few enough samples for 7."""
    n = 300
    density = (min(ratio, 6.9) * n - 64 - 65) / (30 * 64)
    rng = np.random.default_rng(seed)
    if density > 1.0:
        density, n = 1.0, round((30 * 64 + 64 + 65) / ratio)
    x, y = rng.normal(size=(n, 30)), rng.choice([-1.0, 1.0], n)
    stack = initial_stack(Mlp((30, 64, 1)), [seed], He(), dtype=torch.float64)
    masks = [torch.as_tensor(rng.random(stack.masks[0].shape) < density), stack.masks[1]]
    return stack.with_masks(masks), batch([x], [y], dtype=torch.float64)


def interpolation(found: Ratios, turns: int) -> bool:
    """Processor seconds to a mean square, median over seeds, and how many got there."""
    del turns
    seeds = range(10)
    adam = Recipe(steps=40_000, learning_rate=0.01, check_every=50, lanes=1)
    fine = True
    for ratio in (7.0, 2.3, 1.7, 1.4):
        for target in (1e-3, 1e-6):
            cells = []
            for plan in (adam, Recipe(homotopy=Homotopy())):
                runs = []
                for seed in seeds:
                    stack, data = saturated(ratio, seed)
                    began = time.process_time()
                    done = fit(stack, data, replace(plan, stop_at=target)).facts[0]["converged"]
                    runs.append((time.process_time() - began, bool(done)))
                times, ends = zip(*runs, strict=True)
                cells.append((float(np.median(times)), sum(ends)))
            text = ", ".join(
                f"{name} {middle:.3f} s, {ends} of {len(seeds)}"
                for name, (middle, ends) in zip(("Adam", "homotopy"), cells, strict=True)
            )
            last = ratio == 1.4 and target == 1e-6
            met = cells[1][1] >= 9 and cells[1][0] < 0.2 if last else None
            what = f"p/n {ratio:g} to {target:.0e}"
            found.add(f"{what}, Adam / homotopy", cells[0][0] / cells[1][0])
            if last:
                found.add(f"{what}, homotopy, seconds", cells[1][0], 0.2, "lower")
            fine &= report(f"p/n {ratio:g}, {target:.0e}", text, "9 of 10 within 0.2 s" if last else "", met)
    return fine


def scores(found: Ratios, turns: int) -> bool:
    """Cost of a whole stack's scores in training steps of that stack, by processor time.

    Scores run in float64, whose products take twice as long as those of a float32 step, and a Hessian
    product through several layers of weights needs nearly twice as many as a step has.
    """
    fine = True
    shapes = [(name, widths, n, "mse", [0]) for name, widths, n, _, _ in SIZES]
    shapes += [(f"{name}, all", widths, n, "mse", [0, 1]) for name, widths, n, _, _ in SIZES]
    shapes += [(name, widths, n, loss, list(range(len(widths) - 1))) for name, widths, n, loss in DEEP]
    for name, widths, n, loss, layers in shapes:
        stack, data, _ = problem(widths, n, NETS)
        plan = replace(RECIPE, steps=20, loss=loss)
        train = partial(fit, stack, data, plan)
        for method, weigh, most in (
            ("SNIP", partial(snip, stack, data, plan, layers), 2.0),
            ("GraSP", partial(gradient_flow, stack, data, plan, layers, 1.0), 4.0),
            ("SynFlow", partial(flow, stack), 2.0),
        ):
            weigh()
            costs = [processor(weigh) / (processor(train) / plan.steps) for _ in range(turns)]
            cost = float(np.median(costs))
            found.add(f"{method} {name}, weighing / training step", cost, most, "lower")
            text = f"{cost:.1f} training steps for one weighing, in float64"
            fine &= report(f"{method} {name}", text, f"{most:g} steps", cost <= most)
    return fine


def flow(stack: Stack) -> None:
    """The scores of one round of SynFlow."""
    flow_scores(magnitude(stack, list(range(stack.arch.layers))))


def processor(run: Callable[[], Any]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


PARTS = {f.__name__: f for f in (speed, deep, processes, interpolation, scores)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument(
        "--quick", action="store_true", help=f"{' and '.join(QUICK)} alone, {FEW_TURNS} turns"
    )
    add_option(parser)
    given = parser.parse_args()
    names = chosen(parser, given.parts, PARTS) or (QUICK if given.quick else list(PARTS))
    torch.set_num_threads(1)
    core = os.environ.get("OPENBLAS_CORETYPE", "its own choice")
    print(f"torch {torch.__version__}, numpy {np.__version__} with OpenBLAS kernels for {core}, "
          f"load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
    found, turns = Ratios(), FEW_TURNS if given.quick else TURNS
    results = [PARTS[name](found, turns) for name in names]
    found.write(given.ratios)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
