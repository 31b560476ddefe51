"""Exact 0/1 knapsack: which shots fit the budget and are worth most together.

The items are sorted by value per weight. The greedy choice takes them in this order up to the
*break*, the first that no longer fits. Optimal choices differ from it only near the break, so only
a window of items around it (the *core*: Balas and Zemel, Operations Research 1980) is solved by
dynamic programming. The value found is a bound that proves which other items are certainly in or
out, and the window grows until all of them are proven. ``docs/decisions/knapsack.md`` has the
reasons and figures.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from usummary.errors import InputError
from usummary.types import IntArray

Bytes = NDArray[np.uint8]

_FIRST_CORE = 16
_GROWTH = 4
_DENSE_CELLS = (
    1_000_000_000  # 125 MB of decision bits; beyond it the list of states is kept instead
)
_STRETCH = 4096  # cells, a multiple of 8
_SLACK = 1e-13  # relative; wide enough for the float64 rounding of the bounds below


def select(values: ArrayLike, weights: ArrayLike, capacity: int) -> list[int]:
    """Indices of the items of greatest total value whose total weight is at most `capacity`.

    Values are summed as 62-bit fixed-point numbers scaled by a power of two. These are finer than
    the rounding of a float64 total, and their sum does not depend on the order, so ties are exact.

    Args:
        values: (n,) finite numbers. Items of value 0 or less are never chosen.
        weights: (n,) whole numbers, 0 or more.
        capacity: Whole number; below 0 nothing is chosen.

    Returns:
        Ascending indices. Among choices of equal value the one of least weight, and among those the
        one with the earlier items (the first index in which two choices differ decides).

    Raises:
        InputError: A value is not finite, a weight is negative or not whole, or the lengths differ.
    """
    worth, load = _checked(values, weights)
    budget = operator.index(capacity)
    points = _fixed_point(worth)
    usable = np.flatnonzero((points > 0) & (load <= budget))
    if int(load[usable].sum()) <= max(budget, 0):
        return [int(i) for i in usable]
    free = usable[load[usable] == 0]  # they cost nothing; the others compete
    competing = usable[load[usable] > 0]
    # A common divisor makes the table that much narrower, and the same choices fit.
    divisor = int(np.gcd.reduce(load[competing]))
    items = _Items(points[competing], load[competing] // divisor, budget // divisor)
    chosen = competing[items.solve()]
    return sorted(int(i) for i in np.concatenate([free, chosen]))


def _checked(values: ArrayLike, weights: ArrayLike) -> tuple[NDArray[np.float64], IntArray]:
    worth = np.asarray(values, dtype=np.float64)
    load = np.asarray(weights)
    if load.size == 0:
        load = load.astype(np.int64)
    if worth.ndim != 1 or load.shape != worth.shape:
        raise InputError(
            f"A knapsack needs one value and one weight per item; it got values of shape "
            f"{worth.shape} and weights of shape {load.shape}."
        )
    bad = np.flatnonzero(~np.isfinite(worth))
    if bad.size:
        raise InputError(f"The value of item {bad[0]} is {worth[bad[0]]}, not a finite number.")
    if load.dtype.kind not in "iub":
        raise InputError(f"Knapsack weights must be whole numbers, not {load.dtype}.")
    load = load.astype(np.int64)
    bad = np.flatnonzero(load < 0)
    if bad.size:
        raise InputError(f"The weight of item {bad[0]} is {load[bad[0]]}; it must not be negative.")
    return worth, load


def _fixed_point(worth: NDArray[np.float64]) -> IntArray:
    """Positive values as whole multiples of a power of two, their sum below 2**62."""
    positive = np.maximum(worth, 0.0)
    largest = float(positive.max(initial=0.0))
    # All n values together are below 2**exponent: each below 2**frexp, n below 2**bit_length.
    exponent = math.frexp(largest)[1] + len(positive).bit_length()
    # Two steps, because 2**(62 - exponent) alone can leave the range of float64.
    unit = np.ldexp(positive, -math.frexp(largest)[1])
    return np.rint(np.ldexp(unit, 62 - exponent + math.frexp(largest)[1])).astype(np.int64)


@dataclass(frozen=True)
class _Items:
    """Items of positive value and weight; each fits by itself, but not all together.

    Attributes:
        values: (n,) fixed-point values.
        weights: (n,) weights.
        capacity: Budget in the same unit as the weights.
    """

    values: IntArray
    weights: IntArray
    capacity: int

    def solve(self) -> IntArray:
        """Ascending positions of the best choice."""
        density = self.values / self.weights
        order = np.argsort(-density, kind="stable")
        ends = np.cumsum(self.weights[order])
        broken = int(np.searchsorted(ends, self.capacity, side="right"))
        size = _FIRST_CORE
        core = _window(order, broken, size)
        inside = np.zeros(len(order), dtype=bool)
        inside[order[:broken]] = True
        while True:
            inside = self._solve_core(core, inside)
            unproven = self._unproven(density[order[broken]], inside)
            if np.isin(unproven, core).all():
                return np.flatnonzero(inside)
            size *= _GROWTH
            # Back to the greedy choice: it is what the items outside the next core keep to.
            inside[:] = False
            inside[order[:broken]] = True
            core = unproven if len(unproven) <= size else _window(order, broken, size)

    def _solve_core(self, core: IntArray, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The best choice where only items of `core` (ascending) may differ from `inside`."""
        result = inside.copy()
        result[core] = False
        capacity = self.capacity - int(self.weights[result].sum())
        values, weights = self.values[core], self.weights[core]
        capacity = min(capacity, int(weights.sum()))
        if len(core) * (capacity + 1) <= _DENSE_CELLS:
            taken = np.asarray(_dense(values, weights, capacity))
        else:
            taken = _by_states(values.tolist(), weights.tolist(), capacity)
        result[core[taken]] = True
        return result

    def _unproven(self, price: float, inside: NDArray[np.bool_]) -> IntArray:
        """Items that a choice at least as good as `inside` could treat unlike the greedy choice.

        Each unit of weight is priced at the break item's density (Lagrangian relaxation of the
        budget). Then no choice is worth more than `relaxed`. Taking an item of negative surplus, or
        leaving out one of positive surplus, makes a choice worth less by at least abs(surplus).
        """
        surplus = self.values - self.weights * price
        relaxed = float(np.maximum(surplus, 0.0).sum()) + self.capacity * price
        best = float(self.values[inside].sum())
        gap = relaxed * (1 + _SLACK) - best
        return np.flatnonzero(np.abs(surplus) <= gap + relaxed * _SLACK)


def _window(order: IntArray, centre: int, size: int) -> IntArray:
    """Ascending positions of `size` items around the break of the sorted order."""
    start = max(0, min(centre - size // 2, len(order) - size))
    return np.sort(order[start : start + size])


@njit(cache=True, nogil=True)
def _dense(values: IntArray, weights: IntArray, capacity: int) -> IntArray:
    """Positions of the best choice, from the table of best value by capacity.

    Items are added last to first, so that the walk back is in item order and can prefer earlier
    items. Two rows of the table are enough; of each cell only one bit, "taken", is kept.
    """
    count = len(values)
    taken = np.zeros((count, capacity // 8 + 1), dtype=np.uint8)
    old = np.zeros(capacity + 1, dtype=np.int64)
    new = np.zeros(capacity + 1, dtype=np.int64)
    for item in range(count - 1, -1, -1):
        new[: weights[item]] = old[: weights[item]]
        _add_item(old, new, values[item], weights[item], taken[item])
        old, new = new, old
    room = np.searchsorted(old, old[capacity])  # the least weight that reaches the best value
    chosen = np.zeros(count, dtype=np.bool_)
    for item in range(count):
        if taken[item, room >> 3] >> (room & 7) & 1:
            chosen[item] = True
            room -= weights[item]
    return np.flatnonzero(chosen)


@njit(cache=True, nogil=True)
def _add_item(old: IntArray, new: IntArray, value: int, weight: int, taken: Bytes) -> None:
    """Best value at each capacity with one more item allowed, and a bit: is it taken there?

    Works on stretches of cells that stay in the first-level cache, in loops so simple that the
    compiler makes vector code of them.
    """
    cells = len(old)
    flags = np.zeros(_STRETCH, dtype=np.uint8)
    for low in range(weight // 8 * 8, cells, _STRETCH):
        high = min(low + _STRETCH, cells)
        first = max(low, weight)
        shifted, same, best = old[first - weight : high - weight], old[first:high], new[first:high]
        for at in range(high - first):
            best[at] = max(shifted[at] + value, same[at])
        flags[:] = 0
        inside = flags[first - low :]
        for at in range(high - first):  # at a tie it is taken: earlier items come first
            inside[at] = np.uint8(shifted[at] + value >= same[at])
        for byte in range((high - low + 7) // 8):
            bits = flags[8 * byte : 8 * byte + 8]
            low_half = bits[0] | bits[1] << 1 | bits[2] << 2 | bits[3] << 3
            high_half = bits[4] << 4 | bits[5] << 5 | bits[6] << 6 | bits[7] << 7
            taken[low // 8 + byte] = low_half | high_half


def _by_states(values: Sequence[int], weights: Sequence[int], capacity: int) -> IntArray:
    """The same answer from lists of undominated (weight, value) states; for huge capacities.

    A state is dominated if another has at least its value at no more weight.
    """
    fronts: list[dict[int, int]] = [{0: 0}]
    for value, weight in zip(reversed(values), reversed(weights), strict=True):
        last = fronts[-1]
        states = list(last.items())
        states += [(w + weight, v + value) for w, v in last.items() if w + weight <= capacity]
        states.sort(key=lambda state: (state[0], -state[1]))
        front: dict[int, int] = {}
        best = -1
        for w, v in states:
            if v > best:
                front[w] = best = v
        fronts.append(front)
    weight_left, value_left = list(fronts.pop().items())[-1]
    chosen = []
    for item, (value, weight) in enumerate(zip(values, weights, strict=True)):
        if fronts.pop().get(weight_left - weight) == value_left - value:
            chosen.append(item)
            weight_left -= weight
            value_left -= value
    return np.array(chosen, dtype=np.int64)
