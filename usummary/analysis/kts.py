"""Kernel temporal segmentation (Potapov et al., ECCV 2014), exact and without an N x N array.

Minimises ``L(m) / N + v m / (2 N) (ln(N / m) + 1)`` over m = 0..M change points, where L(m) is the
least total within-segment scatter with m change points (linear kernel). How:

* The penalty is concave in m, so the minimum lies on a vertex of the lower convex hull of L, and a
  vertex is what a segmentation with a fixed price per change point finds (`_sweep`; candidates are
  dropped as in PELT with K = 0: Killick et al., JASA 2012).
* `_Hull` asks only for the vertices that the bounds from earlier answers cannot rule out.
* Where the cap M lies between two vertices, the counts in between that the bounds leave open are
  solved by dynamic programming over (count, position), pruned by the same prices (`_layers`).

Features are used as given: the penalty v = 1 is meant for rows of unit length (`unit_rows`).
Sums are float64 whatever the input. ``docs/decisions/segmentation.md`` has the reasons and figures.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from usummary.errors import InputError
from usummary.types import IntArray

Floats = NDArray[np.float64]

_ROWS = 512  # rows converted to float64 or multiplied at a time
_SMALLEST_BLOCK, _LARGEST_BLOCK = 16, 256  # steps whose scatter is computed by one product
_TIE = 1e-12  # relative to the total scatter; two objectives this close are equal
_DROP = 1e-13  # relative to the mean scatter of a row; without it rounding keeps candidates alive


def change_points(
    features: ArrayLike,
    *,
    max_change_points: int | None = None,
    penalty: float = 1.0,
    max_segment: int | None = None,
) -> IntArray:
    """Change points of the exact minimum of the penalised within-segment scatter.

    Args:
        features: (N, d) rows, or (N,) scalars; see `unit_rows`. float32 and float64 are not copied.
        max_change_points: M, the most change points allowed; default N - 1.
        penalty: v, 0 or more.
        max_segment: Most rows of one segment; exactly that many are allowed. Default: any.

    Returns:
        Ascending first rows of the new segments, int64. Of equally good answers one with the fewest
        change points.

    Raises:
        InputError: A row is not finite, an option is out of range, or no M change points can keep
            to `max_segment`.
    """
    scatter = _Scatter(features)
    count = scatter.count
    if not (math.isfinite(penalty) and penalty >= 0):
        raise InputError(f"The segmentation penalty must be 0 or more, not {penalty}.")
    if max_change_points is not None and max_change_points < 0:
        raise InputError(f"The most change points must be 0 or more, not {max_change_points}.")
    if max_segment is not None and max_segment < 1:
        raise InputError(f"The longest segment must be 1 row or more, not {max_segment}.")
    reach = count if max_segment is None else min(max_segment, count)
    cap = count - 1 if max_change_points is None else min(max_change_points, count - 1)
    if count < 2:
        return np.empty(0, dtype=np.int64)
    if (cap + 1) * reach < count:
        raise InputError(
            f"{cap} change points cannot cut {count} rows into segments of at most {reach} rows; "
            f"{math.ceil(count / reach) - 1} are needed."
        )
    return _Minimum(_Hull(scatter, reach), cap, penalty).find()


def change_points_at_most(features: ArrayLike, count: int) -> IntArray:
    """Change points of the best segmentation for some price per change point, `count` at the most.

    Of the vertices of the lower convex hull of L(m) it takes the last with m <= `count`. Each is
    the exact optimum for its own number of change points. Where the hull has a gap, the answer can
    hold far fewer than `count`: no further change points stand out from all the others. A caller
    that needs short segments cuts the long ones.

    Args:
        features: (N, d) rows, or (N,) scalars; see `unit_rows`.
        count: 0 or more.

    Returns:
        Ascending first rows of the new segments, int64.

    Raises:
        InputError: A row is not finite, or `count` is negative.
    """
    if count < 0:
        raise InputError(f"The number of change points must be 0 or more, not {count}.")
    scatter = _Scatter(features)
    if scatter.count < 2:
        return np.empty(0, dtype=np.int64)
    count = min(count, scatter.count - 1)
    hull = _Hull(scatter, scatter.count)
    while True:
        below, above = hull.around(count)
        if below == count or not hull.probe(hull.slope(below, above)):
            return hull.points[below]


def objective(features: ArrayLike, points: ArrayLike, penalty: float = 1.0) -> float:
    """The value that `change_points` minimises, computed directly for given change points.

    Args:
        features: (N, d) rows, or (N,) scalars, N at least 1.
        points: Ascending change points, each in ``[1, N)``.
        penalty: v.
    """
    rows = _as_rows(features)
    count = len(rows)
    borders = [0, *np.asarray(points, dtype=np.int64).tolist(), count]
    total = 0.0
    for start, stop in itertools.pairwise(borders):
        segment = rows[start:stop].astype(np.float64)
        total += float(np.square(segment - segment.mean(axis=0)).sum())
    return (total + float(_penalties(count, penalty)[len(borders) - 2])) / count


def unit_rows(features: ArrayLike) -> NDArray[np.float32]:
    """Rows (N, d) scaled to unit length, float32; zero rows stay zero."""
    rows = np.asarray(features, dtype=np.float32)
    length = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1.0)).astype(np.float32)


def _penalties(count: int, penalty: float) -> Floats:
    """Penalty times N for every number of change points, (N,)."""
    number = np.arange(count, dtype=np.float64)
    number[0] = 1.0  # any positive number: the result there is 0
    result = penalty / 2 * number * (np.log(count / number) + 1)
    result[0] = 0.0
    return np.asarray(result)


def _as_rows(features: ArrayLike) -> NDArray[np.float32] | NDArray[np.float64]:
    rows = np.asarray(features)
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float64)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2:
        raise InputError(f"Features must be rows (N, d) or scalars (N,), not {rows.shape}.")
    return rows


class _Scatter:
    """Cumulative sums from which the scatter of any segment follows.

    Rows are centred first, which leaves scatter as it is and keeps the sums small.

    Attributes:
        count: N.
        sums: (N + 1, d) cumulative sums of the centred rows.
        energy: (N + 1,) cumulative sums of their squared lengths.
        scale: What rounding is relative to: the mean squared length of the centred rows, or what
            float64 leaves of it where all rows are equal.
    """

    def __init__(self, features: ArrayLike) -> None:
        rows = _as_rows(features)
        self.count, width = rows.shape
        self.sums = np.zeros((self.count + 1, width))
        squares = np.zeros(self.count)
        total = np.zeros(width)
        for start in range(0, self.count, _ROWS):
            part = rows[start : start + _ROWS].astype(np.float64)
            bad = np.flatnonzero(~np.isfinite(part).all(axis=1))
            if bad.size:
                raise InputError(
                    f"Features of row {start + bad[0]} hold a value that is no number."
                )
            total += part.sum(axis=0)
            squares[start : start + _ROWS] = np.einsum("ij,ij->i", part, part)
        rounding = 1e-14 * float(squares.sum())  # taken before centring, which can leave only zeros
        mean = total / max(self.count, 1)
        for start in range(0, self.count, _ROWS):
            part = rows[start : start + _ROWS] - mean
            stop = start + len(part)
            squares[start:stop] = np.einsum("ij,ij->i", part, part)
            np.cumsum(part, axis=0, out=self.sums[start + 1 : stop + 1])
            self.sums[start + 1 : stop + 1] += self.sums[start]
        self.energy = np.concatenate([[0.0], np.cumsum(squares)])
        self.scale = (float(self.energy[-1]) + rounding) / max(self.count, 1)

    def total(self, points: IntArray) -> float:
        """Total within-segment scatter for change points."""
        borders = np.concatenate([[0], points, [self.count]])
        between = 0.0
        for start in range(0, len(borders) - 1, _ROWS):
            part = borders[start : start + _ROWS + 1]
            moved = np.diff(self.sums[part], axis=0)
            between += float((np.einsum("ij,ij->i", moved, moved) / np.diff(part)).sum())
        return max(float(self.energy[-1]) - between, 0.0)


class _Hull:
    """Known vertices of the lower convex hull of L, and the lower bounds on L that they prove.

    Attributes:
        scatter: The data.
        reach: Most rows of one segment.
        points: Change points of the known vertices, by their number.
        loss: L of the known vertices.
        lower: (N,) lower bound on L(m).
    """

    def __init__(self, scatter: _Scatter, reach: int) -> None:
        self.scatter = scatter
        self.reach = reach
        self.lower = np.zeros(scatter.count)
        self.lower[: math.ceil(scatter.count / reach) - 1] = np.inf
        last = scatter.count - 1
        self.points: dict[int, IntArray] = {last: np.arange(1, scatter.count)}
        self.loss: dict[int, float] = {last: 0.0}
        self._prices: set[float] = set()
        if reach == scatter.count:
            self.points[0] = np.empty(0, dtype=np.int64)
            self.loss[0] = scatter.total(self.points[0])

    def probe(self, price: float) -> bool:
        """Find the best vertex at a price per change point. False: this price tells nothing new."""
        if price <= 0 or price in self._prices:
            return False
        self._prices.add(price)
        best, back = self.sweep(price)
        points = _walk_back(back)
        loss = self.scatter.total(points)
        number = len(points)
        if loss < self.loss.get(number, np.inf):
            self.points[number], self.loss[number] = points, loss
        # best[-1] is the least L(m) + price * m of all m, so L lies nowhere below this line.
        tangent = best[-1] - price * np.arange(self.scatter.count)
        np.maximum(self.lower, tangent, out=self.lower)
        return True

    def sweep(self, price: float, *, backward: bool = False) -> tuple[Floats, IntArray]:
        """Optima of every prefix (or suffix) at a price per change point; see `_sweep`."""
        scatter = self.scatter
        slack = _DROP * scatter.scale
        best, back = _sweep(scatter.sums, scatter.energy, price, self.reach, backward, slack)
        return best, back

    def around(self, number: int) -> tuple[int, int]:
        """The nearest known vertices at or below (-1: none), and above, a number below N - 1."""
        below = max((m for m in self.points if m <= number), default=-1)
        return below, min((m for m in self.points if m > number), default=len(self.lower))

    def slope(self, below: int, above: int) -> float:
        """Price at which both vertices are equally good: a sweep at it finds any vertex between."""
        if below < 0:  # dearer than all scatter: a sweep then takes the fewest change points
            return 1.01 * float(self.scatter.energy[-1]) + 1e-300
        return (self.loss[below] - self.loss[above]) / (above - below)


class _Minimum:
    """The search for the number of change points with the least penalised scatter.

    Attributes:
        hull: What is known of L.
        cap: M.
        penalties: (N,) penalty of each number of change points, in units of L.
    """

    def __init__(self, hull: _Hull, cap: int, penalty: float) -> None:
        self.hull = hull
        self.cap = cap
        self.penalties = _penalties(hull.scatter.count, penalty)
        self._tie = _TIE * hull.scatter.scale * hull.scatter.count

    def find(self) -> IntArray:
        on_edge = np.zeros(self.cap + 1, dtype=bool)  # between vertices that no price can separate
        while True:
            undecided = self._open() & ~on_edge
            if not undecided.any():
                break
            bound = self.hull.lower[: self.cap + 1] + self.penalties[: self.cap + 1]
            number = int(np.argmin(np.where(undecided, bound, np.inf)))
            below, above = self.hull.around(number)
            if not self._split(below, above):
                on_edge[max(below, 0) : above] = True
        undecided = self._open()
        if undecided.any():
            self._between_vertices(np.flatnonzero(undecided))
        return self.hull.points[self._best()[0]]

    def _best(self) -> tuple[int, float]:
        """The best known number of change points, the fewest among equals, and its value."""
        known = {m: loss + self.penalties[m] for m, loss in self.hull.loss.items() if m <= self.cap}
        limit = min(known.values(), default=np.inf) + self._tie
        return min(((m, v) for m, v in known.items() if v <= limit), default=(0, np.inf))

    def _open(self) -> NDArray[np.bool_]:
        """Numbers of change points, 0..M, which could still beat the best known one."""
        bound = self.hull.lower[: self.cap + 1] + self.penalties[: self.cap + 1]
        best, value = self._best()
        result = np.asarray(bound < value - self._tie)
        result[:best] |= bound[:best] <= value + self._tie  # fewer change points win a tie
        result[[m for m in self.hull.points if m <= self.cap]] = False
        return result

    def _split(self, below: int, above: int) -> bool:
        """Probe between two neighbouring known vertices; False when there is none between them.

        The first price is the slope of the *penalty's* chord. If the sweep returns one of the two
        ends, that end's tangent plus the concave penalty is nowhere below the end's value, so all
        counts between are ruled out. Where one end is unknown or beyond the cap this can fail; then
        the price is the slope of L's chord.
        """
        low = below if below >= 0 else int(np.argmax(np.isfinite(self.hull.lower)))
        high = min(above, self.cap)
        if high > low:
            rise = float(self.penalties[high] - self.penalties[low])
            if self.hull.probe(rise / (high - low)):
                return True
        return self.hull.probe(self.hull.slope(below, above))

    def _between_vertices(self, numbers: IntArray) -> None:
        """Solve given numbers of change points that lie inside hull edges."""
        hull, scatter = self.hull, self.hull.scatter
        # States count segments, one more than change points: hence the `+ price` below.
        price = hull.slope(*hull.around(int(numbers[-1])))
        after = hull.sweep(price, backward=True)[0][::-1] + price
        value = self._best()[1] + self._tie
        ceiling = float((value - self.penalties[numbers] + price * numbers).max()) + price
        slack = _DROP * scatter.scale
        limits = _Limits(price, ceiling, slack, int(numbers[-1]) + 1, hull.reach)
        states = _layers(scatter.sums, scatter.energy, after, limits)
        for state in np.flatnonzero(states.at == scatter.count):
            number = int(states.segments[state]) - 1
            if number in numbers:
                path = [int(state)]
                while states.back[path[-1]] > 0:
                    path.append(int(states.back[path[-1]]))
                points = states.at[path[:0:-1]]
                hull.points[number], hull.loss[number] = points, scatter.total(points)


def _walk_back(back: IntArray) -> IntArray:
    """Change points from the start of the last segment of every prefix."""
    points = []
    at = int(back[-1])
    while at > 0:
        points.append(at)
        at = int(back[at])
    return np.array(points[::-1], dtype=np.int64)


@njit(cache=True, nogil=True)
def _block_scatter(
    sums: Floats, energy: Floats, backward: bool, start: int, stop: int, begins: IntArray
) -> Floats:
    """Scatter of the segments [begins[c], start + 1 + t), in row t, column c.

    Meaningless where a segment would not begin before its end.

    Both ends are sums relative to the sum at `start`, and all products of a block come from one
    matrix product: ``|a - b|^2 = |a|^2 - 2 a.b + |b|^2``. With sums from the first row on, large
    numbers would cancel here. `backward` reads the rows from last to first.
    """
    last, width = sums.shape[0] - 1, sums.shape[1]
    ends = np.arange(start + 1, stop + 1)
    result = np.empty((len(ends), len(begins)))
    end_rows = last - ends if backward else ends
    begin_rows = last - begins if backward else begins
    origin = sums[last - start if backward else start]
    to_end = np.empty((len(ends), width))
    for t in range(len(ends)):
        to_end[t] = sums[end_rows[t]] - origin
    end_square = _squares(to_end)
    for low in range(0, len(begins), _ROWS):
        high = min(low + _ROWS, len(begins))
        to_begin = np.empty((high - low, width))
        for c in range(high - low):
            to_begin[c] = sums[begin_rows[low + c]] - origin
        begin_square = _squares(to_begin)
        begin_energy = energy[begin_rows[low:high]]
        product = np.dot(to_end, to_begin.T)
        for t in range(len(ends)):
            for c in range(high - low):
                rows = max(ends[t] - begins[low + c], 1)
                moved = end_square[t] - 2 * product[t, c] + begin_square[c]
                inside = abs(energy[end_rows[t]] - begin_energy[c])
                result[t, low + c] = max(inside - moved / rows, 0.0)
    return result


@njit(cache=True, nogil=True)
def _squares(rows: Floats) -> Floats:
    """Squared length of each row."""
    result = np.empty(len(rows))
    for at in range(len(rows)):
        result[at] = np.dot(rows[at], rows[at])
    return result


@njit(cache=True, nogil=True)
def _block(begins: IntArray, start: int, count: int) -> tuple[int, IntArray]:
    """End of the next block, and where its segments can begin: at `begins`, then its own rows."""
    size = min(max(len(begins), _SMALLEST_BLOCK), _LARGEST_BLOCK)
    stop = min(start + size, count)
    return stop, np.concatenate((begins, np.arange(start + 1, stop + 1)))


@njit(cache=True, nogil=True)
def _sweep(
    sums: Floats, energy: Floats, price: float, reach: int, backward: bool, slack: float
) -> tuple[Floats, IntArray]:
    """Best segmentation of every prefix at a price per change point.

    Returns:
        (N + 1,) least scatter + price * change points of each prefix (of each suffix, by its
        length, when `backward`), and the start of its last segment. The empty prefix has the value
        -price, because k segments have k - 1 change points.
    """
    count = len(energy) - 1
    best = np.empty(count + 1)
    back = np.zeros(count + 1, dtype=np.int64)
    best[0] = -price
    living = np.zeros(1, dtype=np.int64)
    start = 0
    while start < count:
        old = len(living)
        stop, begins = _block(living, start, count)
        scatter = _block_scatter(sums, energy, backward, start, stop, begins)
        values = np.empty(len(begins))
        columns = np.arange(len(begins))
        alive = old
        for t in range(stop - start):
            end = start + 1 + t
            least = np.inf
            for a in range(alive):
                values[a] = best[begins[columns[a]]] + scatter[t, columns[a]]
                if values[a] < least:
                    least = values[a]
                    back[end] = begins[columns[a]]
            best[end] = least + price
            kept = 0
            for a in range(alive):
                # PELT with K = 0: splitting a segment never adds scatter, so a start that is no
                # better than a change point at `end` now is no better for any later end.
                if values[a] < best[end] - slack and end + 1 - begins[columns[a]] <= reach:
                    columns[kept] = columns[a]
                    kept += 1
            columns[kept] = old + t
            alive = kept + 1
        living = begins[columns[:alive]]
        start = stop
    return best, back


class _States(NamedTuple):
    """Segmentations of prefixes that can still become part of an answer; state 0 is the empty one.

    A tuple with names, because numba takes no dataclass.

    Attributes:
        at: Rows of the prefix.
        segments: How many segments the prefix is cut into.
        loss: The scatter within these segments.
        back: Index of the state without the last segment; 0: the start.
    """

    at: IntArray
    segments: IntArray
    loss: Floats
    back: IntArray


class _Limits(NamedTuple):
    """The limits of a state in `_layers`.

    Attributes:
        price: Price per segment.
        ceiling: Most scatter + price * segments of all N rows; nothing above it is an answer.
        slack: Differences this small are rounding.
        most: Most segments.
        reach: Most rows of one segment.
    """

    price: float
    ceiling: float
    slack: float
    most: int
    reach: int


@njit(cache=True, nogil=True)
def _extend(
    living: IntArray, states: _States, added: Floats, most: int
) -> tuple[Floats, IntArray, Floats]:
    """Puts one more segment, whose scatter is `added`, after each living state.

    Returns:
        For each number of segments, 0..most: the least scatter, and the state that it comes from.
        Then, for each living state, the scatter with the segment added.
    """
    least = np.full(most + 1, np.inf)
    source = np.zeros(most + 1, dtype=np.int64)
    values = np.empty(len(living))
    for a in range(len(living)):
        state = living[a]
        values[a] = states.loss[state] + added[a]
        into = states.segments[state] + 1
        if into <= most and values[a] < least[into]:
            least[into] = values[a]
            source[into] = state
    return least, source, values


@njit(cache=True, nogil=True)
def _layers(sums: Floats, energy: Floats, after: Floats, limits: _Limits) -> _States:
    """Best segmentation of every prefix into every number of segments, 1 to `limits.most`.

    For each prefix in turn, every living state is extended by one segment that ends there. For each
    number of segments the best result becomes a new state. Without pruning that would be a table of
    all prefixes x all numbers; two rules leave out nearly all of it.

    Args:
        sums: As in `_Scatter`.
        energy: As in `_Scatter`.
        after: (N + 1,) least scatter + price * segments from each row to the end.
        limits: What a state must keep to.

    Returns:
        The states that were kept.
    """
    start, count, total = 0, len(energy) - 1, 1
    none = np.zeros(1, dtype=np.int64)
    states = _States(none, none, np.zeros(1), none)
    living = none  # indices of the states after which another segment can begin
    prices = limits.price * np.arange(limits.most + 1)
    while start < count:
        # Rows are taken in blocks, so that the scatter of all segments of a block comes from one
        # matrix product. States that end at the same row share a column of it.
        begun = np.unique(states.at[living])
        column = np.searchsorted(begun, states.at[living])
        stop, begins = _block(begun, start, count)
        scatter = _block_scatter(sums, energy, False, start, stop, begins)
        for end in range(start + 1, stop + 1):
            added = scatter[end - start - 1][column]
            least, source, values = _extend(living, states, added, limits.most)
            number = states.segments[living]
            # First rule: the cost so far plus the cheapest way from here to the end, with any
            # number of segments, is above the ceiling already.
            hopeless = values + limits.price * number + after[end] > limits.ceiling
            # Second rule: some state with as many segments covers the rows up to `end` for no more
            # than this state plus a segment up to `end`. A later segment is then better begun at
            # `end`, after that state, than where this state ends: it holds fewer rows.
            beaten = values >= least[number] - limits.slack
            within_reach = end + 1 - states.at[living] <= limits.reach
            kept = ~(hopeless | beaten) & within_reach
            new = np.flatnonzero((least + prices + after[end]) <= limits.ceiling)
            if total + len(new) > len(states.at):
                states = _enlarged(states, 2 * (total + len(new)))
            fresh = np.arange(total, total + len(new))
            states.at[fresh] = end
            states.segments[fresh] = new
            states.loss[fresh] = least[new]
            states.back[fresh] = source[new]
            total += len(new)
            living = np.concatenate((living[kept], fresh))
            # The new states begin at `end`, whose column comes after those begun before the block.
            column = np.concatenate((column[kept], np.full(len(new), len(begun) + end - start - 1)))
        start = stop
    return _States(
        states.at[:total], states.segments[:total], states.loss[:total], states.back[:total]
    )


@njit(cache=True, nogil=True)
def _enlarged(states: _States, size: int) -> _States:
    """The states, with room for `size` of them."""
    more = np.zeros(size - len(states.at), dtype=np.int64)
    return _States(
        np.concatenate((states.at, more)),
        np.concatenate((states.segments, more)),
        np.concatenate((states.loss, np.zeros(len(more)))),
        np.concatenate((states.back, more)),
    )
