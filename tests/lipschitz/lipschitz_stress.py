"""Tiny awkward networks in number: brackets against brute force, certificates against the checker.

Run as a script with a number of networks: PYTHONPATH=. python tests/lipschitz/lipschitz_stress.py 10000
A second number seeds what hypothesis draws.
"""

import sys
import time
from dataclasses import replace
from itertools import product

import hypothesis
import numpy as np
from hypothesis import HealthCheck
from hypothesis import strategies as st
from lipschitz_oracles import exact_line, exact_shallow

from robustlaw.errors import BrokenInvariant
from robustlaw.evidence import Certificate, from_json, to_json
from robustlaw.lipschitz import bracket
from robustlaw.lipschitz.certificate import check
from robustlaw.networks import activation
from robustlaw.testing.networks import tiny_networks

# Brute force is a float64 calculation of its own: so much may it be wrong.
BRUTE = 1e-9
# Seconds that the exact rung may take; tiny networks need far less.
SECONDS, TOLERANCE = 5.0, 1e-6
efforts = st.sampled_from(["fast", "tight", "exact"])


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
        closed = found.upper <= found.lower * (1.0 + 2 * TOLERANCE)
        lowered = (found.lower if closed else found.upper) * (1.0 - TOLERANCE)
        # What proves more than the constant's own value might prove a little more still.
        tight = closed or found.certificate.kind not in ("tree", "edges", "triangles", "linear")
        if tight and not refused(net, found, upper=lowered, lower=min(found.lower, lowered)):
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
    elif proof.kind == "tree":
        tree = proof.numbers["tree"]
        yield "a decision is missing", with_numbers(found, tree=tree[:-1])
        yield "a decision too many", with_numbers(found, tree=(*tree, -1.0))
        for name in ("bounds", "supports"):
            if proof.numbers[name]:
                yield f"{name} are missing", with_numbers(found, **{name: proof.numbers[name][:-1]})
        if any(proof.numbers["bounds"]):
            yield "negative bounds", with_numbers(found, bounds=tuple(-x for x in proof.numbers["bounds"]))
    elif proof.kind == "edges":
        yield "a line less", with_numbers(found, lines=(proof.numbers["lines"][0] - 1.0,))
    elif proof.kind == "triangles":
        sides, ranges = proof.numbers["sides"], np.array(proof.numbers["ranges"])
        if sides:
            yield "a triangle is missing", with_numbers(found, sides=sides[:-1])
        place = int(np.abs(ranges).argmax())
        ranges[place] *= 1.0 - 1e-6
        yield "a range is narrower", with_numbers(found, ranges=tuple(ranges))
    if "slope_high" in proof.numbers:
        high = activation(net.arch.activation).slope_high
        yield "steeper than claimed", with_numbers(found, slope_high=(high * (1 - 1e-6),))


def alive_last(net):
    """Units of the last hidden layer that some input reaches over non-zero weights."""
    reached = np.ones(net.arch.widths[0], bool)
    for w in net.weights[:-1]:
        reached = ((w != 0.0) & reached).any(axis=1)
    return np.flatnonzero(reached)


def complaints(recipe, effort):
    """What is wrong with the bracket of this network: empty if all is well."""
    net = recipe.network()
    most, least = brute_force(net, recipe.seed)
    found = bracket(net, effort, seconds=SECONDS, tolerance=TOLERANCE)
    says = []
    if not (found.lower <= least * (1 + BRUTE) and found.upper >= most * (1 - BRUTE)):
        says.append(f"brute force [{most}, {least}]")
    kink = activation(net.arch.activation).kink  # then the exact rung closes what is so small
    if effort == "exact" and kink and most == least and not found.upper <= most * (1 + TOLERANCE + 2 * BRUTE):
        says.append(f"the upper end is not the brute force's {most}")
    stored = from_json(to_json(found))
    if stored != found:
        says.append("storing changes it")
    says += check(net, stored).reasons
    says += survivors(net, stored, recipe.seed) if found.upper < np.inf else ["no upper end"]
    return [(found.lower, found.upper, found.method, s) for s in says]


def run(count, seed):
    """All complaints about `count` networks, with what was drawn."""
    wrong, kinds, total = [], {}, 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @hypothesis.given(tiny_networks(), efforts)
    def everything(recipe, effort):
        nonlocal total
        total += 1
        kinds[effort] = kinds.get(effort, 0) + 1
        wrong.extend((recipe, effort, *line) for line in complaints(recipe, effort))

    everything()
    return wrong, kinds, total


if __name__ == "__main__":
    began = time.perf_counter()
    bad, efforts_used, total = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    for line in bad[:50]:
        print(*line)
    print(f"{total} networks {efforts_used}, {len(bad)} complaints, {time.perf_counter() - began:.0f} s")
    sys.exit(bool(bad))
