"""The knapsack: exact, ties included, whatever path the solver takes."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from usummary.errors import InputError
from usummary.selection import knapsack
from usummary.selection.knapsack import select


def brute_force(values, weights, capacity):
    """Most value, then least weight, then the earlier items, over all subsets, exactly."""
    best, answer = None, []
    for size in range(len(values) + 1):
        for chosen in itertools.combinations(range(len(values)), size):
            weight = sum(int(weights[i]) for i in chosen)
            if weight > capacity or any(values[i] <= 0 for i in chosen):
                continue
            worth = sum(Fraction(float(values[i])) for i in chosen)
            key = (worth, -weight, [i in chosen for i in range(len(values))])
            if best is None or key > best:
                best, answer = key, list(chosen)
    return answer


def table_value(values, weights, capacity):
    """Greatest total value, by the textbook table in float64."""
    best = np.zeros(capacity + 1)
    for value, weight in zip(values, weights, strict=True):
        best[weight:] = np.maximum(best[weight:], best[: capacity + 1 - weight] + value)
    return best[-1]


def test_no_scaling_to_coarse_integers():
    assert select([0.5, 0.5 + 2**-30], [3, 3], 3) == [1]


@pytest.mark.parametrize("kind", ["ties", "floats", "one density"])
def test_same_as_brute_force(kind):
    for seed in range(250):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(0, 9))
        weights = rng.integers(0, 7, count) * int(rng.choice([1, 5]))
        values = {
            "ties": rng.integers(-1, 6, count) / 4,
            "floats": rng.normal(0.3, 1, count),
            "one density": weights * 0.25,
        }[kind]
        capacity = int(rng.integers(0, 25))
        expected = brute_force(values, weights, capacity)
        assert select(values, weights, capacity) == expected, f"seed {seed}"


@pytest.mark.parametrize("path", ["small cores", "lists of states"])
def test_every_path_gives_the_same_choice(path, monkeypatch):
    """The first core is made so small that it must grow, or the tables are forbidden."""
    if path == "small cores":
        monkeypatch.setattr(knapsack, "_FIRST_CORE", 1)
    else:
        monkeypatch.setattr(knapsack, "_DENSE_CELLS", 0)
    for seed in range(150):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(1, 10))
        values, weights = rng.integers(1, 8, count) / 8, rng.integers(1, 9, count)
        capacity = int(rng.integers(0, 30))
        expected = brute_force(values, weights, capacity)
        assert select(values, weights, capacity) == expected, f"seed {seed}"


@pytest.mark.parametrize("kind", ["free", "value = score x length", "strongly correlated"])
def test_many_items_reach_the_table_value(kind):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        weights = rng.integers(1, 400, 300)
        values = {
            "free": rng.random(300),
            "value = score x length": rng.random(300) * weights,
            "strongly correlated": weights + 40.0,
        }[kind]
        chosen = select(values, weights, 6000)
        assert chosen == sorted(set(chosen))
        assert weights[chosen].sum() <= 6000
        assert values[chosen].sum() == pytest.approx(table_value(values, weights, 6000), rel=1e-14)


def test_huge_capacity_needs_no_huge_table():
    rng = np.random.default_rng(1)
    weights = rng.integers(10**11, 10**12, 12)
    values = rng.random(12)
    assert select(values, weights, 2 * 10**12) == brute_force(values, weights, 2 * 10**12)


def test_ties_take_less_weight_then_earlier_items():
    assert select([1, 1], [3, 2], 3) == [1]
    assert select([1, 1, 1], [2, 2, 2], 4) == [0, 1]
    assert select([2, 1, 1], [4, 2, 2], 4) == [0]
    assert select([1, 1, 2], [2, 2, 4], 4) == [0, 1]


def test_worthless_items_stay_out_and_free_ones_go_in():
    assert select([0.0, -1.0, 1.0], [0, 0, 0], 0) == [2]
    assert select([0.0, -1.0, 1.0, 2.0], [1, 1, 0, 5], 4) == [2]


@pytest.mark.parametrize("capacity", [0, -3])
def test_nothing_fits(capacity):
    assert select([1.0, 2.0], [1, 2], capacity) == []
    assert select([], [], capacity) == []


def test_extreme_values():
    assert select([1e300, 1e-300, 1e300], [1, 1, 1], 2) == [0, 2]
    assert select([5e-324, 1e-323], [1, 1], 1) == [1]
    assert select([1.7e308, 1.6e308, 1.7e308], [2, 2, 2], 4) == [0, 2]


@pytest.mark.parametrize(
    ("values", "weights", "message"),
    [
        ([1.0, float("nan"), float("inf")], [1, 1, 1], "item 1 is nan,"),
        ([float("inf")], [1], "item 0"),
        ([1.0, 2.0, 3.0], [1, 1, -1], "weight of item 2 is -1;"),
        ([1.0], [1.5], "whole"),
        ([1.0, 2.0], [1], "one weight per item"),
    ],
)
def test_refuses_what_is_no_item(values, weights, message):
    with pytest.raises(InputError, match=message):
        select(values, weights, 2)


def test_values_become_fixed_point_numbers_whose_sum_stays_below_a_border():
    """One value of 1 lies in [2**0, 2**1), and one number takes one bit more: 2**(62 - 2)."""
    assert knapsack._fixed_point(np.array([1.0])).tolist() == [2**60]
    assert knapsack._fixed_point(np.array([0.75, -1.0, 0.375])).tolist() == [
        3 * 2**58, 0, 3 * 2**57
    ]  # fmt: skip
    many = knapsack._fixed_point(np.full(1000, 1 - 2**-53))
    assert 2**60 < sum(many.tolist()) < 2**62
    assert knapsack._fixed_point(np.zeros(3)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("centre", "size", "expected"),
    [(10, 4, [8, 9, 10, 11]), (10, 5, [8, 9, 10, 11, 12]), (1, 4, [0, 1, 2, 3]),
     (19, 4, [16, 17, 18, 19]), (3, 40, list(range(20)))],
)  # fmt: skip
def test_the_window_lies_around_the_break(centre, size, expected):
    order = np.arange(20)
    assert knapsack._window(order, centre, size).tolist() == expected
    backward = knapsack._window(order[::-1].copy(), centre, size)
    assert backward.tolist() == [19 - place for place in reversed(expected)]


def test_both_ways_of_solving_give_the_same_as_trying_everything():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(1, 9))
        values, weights = rng.integers(1, 6, count), rng.integers(1, 7, count)
        for capacity in (0, 1, int(rng.integers(2, 25))):
            expected = brute_force(values, weights, capacity)
            assert list(knapsack._dense(values, weights, capacity)) == expected
            found = knapsack._by_states(values.tolist(), weights.tolist(), capacity)
            assert found.tolist() == expected
