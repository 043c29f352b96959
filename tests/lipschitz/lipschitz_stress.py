"""Many tiny awkward networks: brackets against brute force, certificates against the checker.

Run as a script with a number of networks: python tests/lipschitz/lipschitz_stress.py 10000
"""

import sys
import time
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
from lipschitz_oracles import exact_line, exact_shallow

from robustlaw.errors import BrokenInvariant
from robustlaw.evidence import Certificate, from_json, to_json
from robustlaw.lipschitz import bracket_stack
from robustlaw.lipschitz.certificate import check
from robustlaw.networks import ACTIVATIONS, Network, activation

SHAPES = (
    *((1, 3, 1), (2, 4, 1), (3, 4, 1), (4, 3, 1), (6, 4, 1), (2, 5, 1), (3, 3, 2), (5, 2, 3)),
    *(
        (1, 3, 3, 1),
        (2, 3, 3, 1),
        (4, 3, 2, 1),
        (3, 3, 3, 2),
        (1, 2, 3, 2, 1),
        (2, 3, 2, 3, 1),
        (5, 2, 2, 2, 2),
    ),
)
# Brute force is a float64 calculation of its own: so much may it be wrong.
BRUTE = 1e-9


def awkward_net(seed):
    """Masks, zero rows and columns, equal and opposite rows, no biases, scales from 1e-6 to 1e6."""
    rng = np.random.default_rng([seed, 77])
    widths = SHAPES[rng.integers(len(SHAPES))]
    name = sorted(ACTIVATIONS)[rng.integers(len(ACTIVATIONS))]
    density, biased = rng.choice([1.0, 1.0, 0.7, 0.4]), rng.random() < 0.7
    scales = 10.0 ** rng.uniform(-6, 6, len(widths)) if rng.random() < 0.4 else np.ones(len(widths))
    layers, masks = [], []
    for i, (below, above) in enumerate(pairwise(widths)):
        w = rng.standard_normal((above, below))
        if rng.random() < 0.15:
            w = np.round(w)  # integer weights: degenerate positions
        mask = rng.random(w.shape) < density
        if rng.random() < 0.2:
            mask[rng.integers(above)] = False
        if rng.random() < 0.1:
            mask[:, rng.integers(below)] = False
        if above > 1 and rng.random() < 0.2:
            w[-1], mask[-1] = w[0] * rng.choice([1.0, -1.0, 2.0, 0.3]), mask[0]
        b = rng.standard_normal(above) * biased
        layers.append((w * mask * scales[i], b * scales[i] ** rng.integers(2)))
        masks.append(mask)
    return Network.from_arrays(layers, name, masks)


def free_patterns(net):
    """Largest Jacobian norm over all slopes at the ends of their range: at least Lip."""
    act, hidden = activation(net.arch.activation), sum(net.arch.widths[1:-1])
    s = np.array(list(product((act.slope_low, act.slope_high), repeat=hidden)))
    back, end = np.broadcast_to(net.weights[-1], (len(s), *net.weights[-1].shape)), hidden
    for w in reversed(net.weights[:-1]):
        back = (back * s[:, None, end - len(w) : end]) @ w
        end -= len(w)
    return np.linalg.norm(back, 2, axis=(1, 2)).max()


def sampled(net, seed):
    rng = np.random.default_rng([seed, 78])
    x = rng.standard_normal((120, net.arch.widths[0])) * 10.0 ** rng.uniform(-7, 7, (120, 1))
    return np.linalg.norm(net.gradients(x), 2, axis=(1, 2)).max()


def brute_force(net, seed):
    """(at most Lip, at least Lip), equal where the shape allows an exact calculation."""
    act = activation(net.arch.activation)
    tame = all(np.abs(w).max() == 0.0 or 1e-2 < np.abs(w).max() < 1e2 for w in net.weights)
    if act.kink and tame and net.arch.widths[0] == 1 and net.arch.widths[-1] == 1:
        return (exact_line(net, act.slope_low, act.slope_high),) * 2
    if act.kink and tame and net.arch.layers == 2 and net.arch.widths[-1] == 1 and seed % 4 == 0:
        return (exact_shallow(net, act.slope_low, act.slope_high),) * 2
    return sampled(net, seed), free_patterns(net)


def refused(net, found, **changes):
    try:
        return not check(net, replace(found, **changes)).ok
    except BrokenInvariant:
        return True


def with_numbers(found, **numbers):
    proof = found.certificate
    return Certificate(proof.kind, {**proof.numbers, **numbers})


def survivors(net, found, seed):
    """Names of false claims that the checker believes."""
    rng = np.random.default_rng([seed, 79])
    act, lived = activation(net.arch.activation), []
    if found.upper > 0.0 and found.certificate is not None:
        lowered = found.upper * (1.0 - 1e-6)
        if not refused(net, found, upper=lowered, lower=min(found.lower, lowered)):
            lived.append("upper lowered")
        lived += [
            name for name, proof in false_proofs(net, found) if not refused(net, found, certificate=proof)
        ]
    if found.lower > 0.0:
        x = np.array(found.witness)
        steep = np.linalg.norm(net.gradients(x[None])[0], 2)
        if not refused(net, found, lower=max(steep, found.lower) * (1.0 + 1e-6)):
            lived.append("lower raised")
        if not refused(net, found, witness=None):
            lived.append("witness taken away")
        other = x + rng.standard_normal(x.shape) * (1.0 + np.abs(x))
        flatter = np.linalg.norm(net.gradients(other[None])[0], 2) < found.lower * (1.0 - 1e-9)
        if flatter and not refused(net, found, witness=tuple(other)):
            lived.append("witness moved to a flatter cell")
        w, b = net.weights[0], net.biases[0]
        rows = [
            i
            for i in range(len(w))
            if act.kink and net.arch.layers == 2 and w[i].any() and net.weights[1][:, i].any()
        ]
        for i in rows[:1]:
            k = np.abs(w[i]).argmax()
            kink = x.copy()
            kink[k] -= (w[i] @ x + b[i]) / w[i, k]
            rounding = 2.0**-53 * (np.abs(w[i]) @ np.abs(kink) + abs(b[i]))
            slope = act.slope(w @ kink + b)
            sides = []
            for slope[i] in (act.slope_low, act.slope_high):
                sides.append(np.linalg.norm((net.weights[1] * slope) @ w, 2))
            steeper = min(sides) < found.lower * (1.0 - 1e-9)  # than one side of the kink
            unsure = abs(w[i] @ kink + b[i]) <= rounding
            if unsure and steeper and not refused(net, found, witness=tuple(kink)):
                lived.append("witness on a kink")
    return lived


def false_proofs(net, found):
    proof = found.certificate
    if proof.kind == "multipliers":
        rho, lam = proof.numbers["rho"][0], list(proof.numbers["multipliers"])
        column = (net.weights[-1] ** 2).sum(axis=0)
        unit = int(column.argmax())
        last = len(lam) - len(column) + unit
        alive = any(alive_last(net) == unit)
        if alive:
            lam[last] = 0.999 * column[unit] / rho
            yield "a multiplier below what the last layer needs", with_numbers(found, multipliers=tuple(lam))
        yield "a multiplier is missing", with_numbers(found, multipliers=tuple(lam[:-1]))
        yield "a negative multiplier", with_numbers(found, multipliers=tuple(-x for x in lam))
        yield "rho above upper^2", with_numbers(found, rho=(found.upper**2 * (1 + 1e-6),))
    if "slope_high" in proof.numbers:
        high = activation(net.arch.activation).slope_high
        yield "steeper than claimed", with_numbers(found, slope_high=(high * (1 - 1e-6),))


def alive_last(net):
    """Units of the last hidden layer that some input reaches over non-zero weights."""
    reached = np.ones(net.arch.widths[0], bool)
    for w in net.weights[:-1]:
        reached = ((w != 0.0) & reached).any(axis=1)
    return np.flatnonzero(reached)


def complaints(seeds):
    """What is wrong with the brackets of these networks: empty if all is well."""
    nets = [awkward_net(seed) for seed in seeds]
    fast, tight = bracket_stack(nets, "fast"), bracket_stack(nets, "tight")
    wrong = []
    for seed, net, first, second in zip(seeds, nets, fast, tight, strict=True):
        most, least = brute_force(net, seed)
        for found in (first, second):
            says = []
            if not (found.lower <= least * (1 + BRUTE) and found.upper >= most * (1 - BRUTE)):
                says.append(f"brute force [{most}, {least}]")
            stored = from_json(to_json(found))
            assert stored == found
            says += check(net, stored).reasons
            says += survivors(net, stored, seed) if found.upper < np.inf else ["no upper end"]
            wrong += [(seed, net.arch, found.lower, found.upper, found.method, s) for s in says]
    return wrong


if __name__ == "__main__":
    began, count, bad = time.perf_counter(), int(sys.argv[1]), []
    for begin in range(0, count, 500):
        bad += complaints(range(begin, min(count, begin + 500)))
    for line in bad[:50]:
        print(*line)
    print(f"{count} networks, {len(bad)} complaints, {time.perf_counter() - began:.0f} s")
    sys.exit(bool(bad))
