"""All lines on which r - 1 hyperplanes of an arrangement in R^r meet, walked from end to end.

In float64 with proved errors: everything on a line is a minor of the forms or a sum of such, a
polynomial in the data, and off by at most gamma times the same polynomial of absolute values.
A line where that leaves a sign or an order open that could matter goes on a list for exact
arithmetic (edge_exact.py).
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import njit

# A minor of order 8 takes at most 36 roundings a term (its products, sums of 2 to 8 products).
ROUNDINGS = 64 * 2.0**-53
# A slope known worse than this (relative) counts as unknown.
COARSE = 1e-3
# Patterns that are kept, each steeper than the one before it.
RECORDS = 8
# What is known of a line: nothing (left to exact arithmetic), that it is none, all that matters.
OPEN, NONE, KNOWN = 0, 1, 2


@njit(cache=True)
@no_type_check
def walk(forms, jumps, centre, chosen, lines, floor, slack, signs, values, doubtful):
    """Walks `lines` lines from `chosen` on, in lexicographic order; returns (records, doubts).

    forms  : (planes, r + 1), with entries of size about 1
    jumps  : (planes, D): a pattern's gradient is centre + the sum of sign times jump
    floor  : nothing below it matters; slack is at least the rounding of any gradient's length
    signs, values : out, steepest patterns; doubtful : out, the lines left open
    """
    planes, inputs = len(forms), forms.shape[1] - 1
    size = np.sqrt((jumps * jumps).sum(axis=1))
    minors = np.zeros((2, 1 << (inputs + 1)))
    slope, tau, reach = np.zeros(planes), np.zeros(planes), np.zeros(planes)
    start = np.zeros(planes, np.int8)
    records, doubts = 0, 0
    for _ in range(lines):
        status = _breakpoints(forms, chosen, minors, slope, tau, reach, start)
        if status == KNOWN:
            best = max(floor, values[(records - 1) % RECORDS]) if records else floor
            status, records = _segments(
                jumps, size, centre, chosen, slope, tau, reach, start, floor, best, slack,
                signs, values, records,
            )  # fmt: skip
        if status == OPEN:
            doubtful[doubts] = chosen
            doubts += 1
        if not advance(chosen, planes):
            break
    return records, doubts


@njit(cache=True)
@no_type_check
def advance(chosen, planes):
    """The next combination in lexicographic order; False after the last."""
    count = len(chosen)
    k = count - 1
    while k >= 0 and chosen[k] == planes - count + k:
        k -= 1
    if k < 0:
        return False
    chosen[k] += 1
    for m in range(k + 1, count):
        chosen[m] = chosen[k] + m - k
    return True


@njit(cache=True)
@no_type_check
def _minors(forms, chosen, columns, minors):
    """minors[0, mask]: determinant of the first rows in the columns of the mask; [1]: with
    absolute values throughout."""
    minors[:, 0] = 1.0
    for mask in range(1, 1 << columns):
        count = 0
        for c in range(columns):
            count += mask >> c & 1
        if count > len(chosen):
            continue
        row, right = chosen[count - 1], count
        total, bulk = 0.0, 0.0
        for c in range(columns):
            if mask >> c & 1:
                right -= 1  # columns of the mask to the right of c
                term = forms[row, c] * minors[0, mask & ~(1 << c)]
                total += -term if right & 1 else term
                bulk += abs(forms[row, c]) * minors[1, mask & ~(1 << c)]
        minors[0, mask], minors[1, mask] = total, bulk


@njit(cache=True)
@no_type_check
def _last_row(form, columns, minors):
    """(determinant of the chosen rows and this one, bound of its rounding error)."""
    full, total, bulk = (1 << columns) - 1, 0.0, 0.0
    for c in range(columns):
        term = form[c] * minors[0, full & ~(1 << c)]
        total += -term if (columns - 1 - c) & 1 else term
        bulk += abs(form[c]) * minors[1, full & ~(1 << c)]
    return total, ROUNDINGS * bulk


@njit(cache=True)
@no_type_check
def _breakpoints(forms, chosen, minors, slope, tau, reach, start):
    """Where on the line of the chosen forms the others vanish: tau +- reach, inf for never.

    The line is x_0 + tau e with w . e = det(W_S, w), and x_0 on the plane k for which that is
    largest, so that there det(f_S, f_k, f) is the value of f times w_k . e.
    start : signs at tau = -inf, 0 for the chosen; slope : w . e, of certain sign, or exactly 0
    """
    planes, inputs = len(forms), forms.shape[1] - 1
    _minors(forms, chosen, inputs, minors)
    pivot, top, vague = -1, 0.0, 0.0
    anything = False
    for c in range(inputs):
        anything |= minors[1, ((1 << inputs) - 1) & ~(1 << c)] != 0.0
    if not anything:
        return NONE
    for i in range(planes):
        start[i], tau[i], reach[i] = 1, np.inf, 0.0
    for i in chosen:
        start[i], slope[i] = 0, 0.0
    for i in range(planes):
        if start[i]:
            slope[i], error = _last_row(forms[i], inputs, minors)
            if abs(slope[i]) * COARSE <= error and error > 0.0:
                return OPEN
            reach[i] = error / abs(slope[i]) if error > 0.0 else 0.0
            if abs(slope[i]) > top:
                pivot, top, vague = i, abs(slope[i]), reach[i]
    if pivot < 0:
        return OPEN
    _minors(forms, np.append(chosen, pivot), inputs + 1, minors)
    for i in range(planes):
        if start[i] == 0:
            continue
        value, error = (0.0, 0.0) if i == pivot else _last_row(forms[i], inputs + 1, minors)
        if slope[i] != 0.0:
            start[i] = -1 if slope[i] > 0.0 else 1
            tau[i] = -value / (slope[i] * slope[pivot])
            share = 2.0 * (reach[i] + vague) + ROUNDINGS
            reach[i] = 1.01 * (error + abs(value) * share) / (abs(slope[i]) * top)
        elif abs(value) <= error:
            return OPEN  # it may vanish on the whole line
        else:
            start[i] = 1 if (value > 0.0) == (slope[pivot] > 0.0) else -1
    return KNOWN


@njit(cache=True)
@no_type_check
def _segments(
    jumps, size, centre, chosen, slope, tau, reach, start, floor, best, slack, signs, values, records
):  # fmt: skip
    """(status, records): every segment of certainly positive length, with all signs of the chosen.

    Between two such segments the order of the breakpoints is open, unless all are at the same
    place exactly; that is harmless if no gradient in there can exceed the floor.
    """
    order = np.argsort(tau)
    count, around = 0, 0.0
    g = centre.copy()
    for i in range(len(tau)):
        count += tau[i] < np.inf
        g += start[i] * jumps[i]
    for i in chosen:
        around += size[i]
    suffix = np.full(count + 1, np.inf)
    for j in range(count - 1, -1, -1):
        suffix[j] = min(suffix[j + 1], tau[order[j]] - reach[order[j]])
    ahead, before, length = -np.inf, 0.0, np.sqrt((g * g).sum())
    cluster, spread, together = 0, 0.0, True
    for j in range(-1, count):
        if j >= 0:
            i = order[j]
            ahead = max(ahead, tau[i] + reach[i])
            together &= reach[i] == 0.0 and (cluster == 0 or tau[i] == tau[order[j - 1]])
            cluster, spread = cluster + 1, spread + 2.0 * size[i]
            sign, length = (2.0 if slope[i] > 0.0 else -2.0), 0.0
            for c in range(len(g)):
                g[c] += sign * jumps[i, c]
                length += g[c] * g[c]
            length = np.sqrt(length)
        if ahead < suffix[j + 1]:
            if cluster > 1 and not together and before + spread + around + slack > floor:
                return OPEN, records
            cluster, spread, together, before = 0, 0.0, True, length
            if length + around + slack > best:
                value, sides = _steepest(jumps, g, chosen)
                if value > best:
                    best, place, records = value, records % RECORDS, records + 1
                    values[place], signs[place] = value, start
                    for m in range(j + 1):
                        signs[place, order[m]] = -start[order[m]]
                    for k in range(len(chosen)):
                        signs[place, chosen[k]] = 1 if sides >> k & 1 else -1
    return KNOWN, records


@njit(cache=True)
@no_type_check
def _steepest(jumps, g, chosen):
    """The largest |g + sum +- jump| over the signs of the chosen, and those signs as bits."""
    best, place = -1.0, 0
    for sides in range(1 << len(chosen)):
        square = 0.0
        for c in range(len(g)):
            x = g[c]
            for k in range(len(chosen)):
                x += jumps[chosen[k], c] if sides >> k & 1 else -jumps[chosen[k], c]
            square += x * x
        if square > best:
            best, place = square, sides
    return np.sqrt(best), place
