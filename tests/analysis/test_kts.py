"""Segmentation: the worked cases, and many random ones against a plain dynamic program."""

import itertools

import numpy as np
import pytest

from usummary.analysis import kts
from usummary.errors import InputError

A, B = (1.0, 0.0), (0.0, 1.0)


@pytest.mark.parametrize(
    ("rows", "options", "points", "value"),
    [
        ([A] * 8, {}, [], 0.0),
        ([A] * 4 + [B] * 4, {}, [4], 0.192465096),
        ([A] * 4 + [B] * 4, {"penalty": 10.0}, [], 0.5),
        ([A] * 4 + [B] * 4 + [A] * 4, {}, [4, 8], 0.232646622),
        ([A] * 4 + [B] * 4 + [A] * 4, {"max_change_points": 1}, [], 0.444444444),
        ([0.0] * 4 + [5.0] + [0.0] * 5, {}, [4, 5], 0.260943791),
        ([A] * 5 + [B] * 3, {"max_segment": 5, "max_change_points": 1}, [5], 0.192465096),
    ],
)
def test_worked_cases(rows, options, points, value):
    found = kts.change_points(rows, **options)
    assert found.dtype == np.int64
    assert found.tolist() == points
    assert kts.objective(rows, found, options.get("penalty", 1.0)) == pytest.approx(value, abs=1e-9)


def losses(rows, most, reach):
    """L(m) for m = 0..most, and the starts of last segments, by the textbook recursion."""
    rows = np.asarray(rows, dtype=np.float64).reshape(len(rows), -1)
    rows = rows - rows.mean(axis=0)
    count = len(rows)
    cost = np.full((count + 1, count + 1), np.inf)
    for start in range(count):
        sums, energy = np.cumsum(rows[start:], axis=0), np.cumsum((rows[start:] ** 2).sum(axis=1))
        length = np.arange(1, count - start + 1)
        cost[start, start + 1 :] = np.maximum(energy - (sums**2).sum(axis=1) / length, 0)
        cost[start, start + 1 + reach :] = np.inf
    loss, backs, result = cost[0], [], [cost[0, count]]
    for _ in range(most):
        total = loss[:, None] + cost
        backs.append(total.argmin(axis=0))
        loss = total.min(axis=0)
        result.append(loss[count])
    return np.array(result), backs


def scatter_scale(rows):
    """Mean squared distance from the mean, or what rounding leaves of it."""
    wide = np.asarray(rows, dtype=np.float64).reshape(len(rows), -1)
    return (((wide - wide.mean(axis=0)) ** 2).sum() + 1e-14 * (wide**2).sum()) / len(rows)


def plain_answer(rows, penalty, most, reach):
    """Objective of every number of change points, and the answer's points (fewest of equals)."""
    count = len(rows)
    loss, backs = losses(rows, most, reach)
    number = np.maximum(np.arange(most + 1), 1e-300)
    objective = loss / count + penalty * number / (2 * count) * (np.log(count / number) + 1)
    best = int(np.flatnonzero(objective <= objective.min() + 1e-12 * scatter_scale(rows))[0])
    points, at = [], count
    for back in reversed(backs[:best]):
        at = int(back[at])
        points.append(at)
    return objective, points[::-1]


def random_rows(rng):
    count, width = int(rng.integers(2, 50)), int(rng.choice([1, 2, 3, 8, 40]))
    kind = rng.integers(6)
    if kind == 0:
        rows = rng.normal(size=(count, width))
    elif kind == 1:  # scenes with noise
        scenes = rng.normal(size=(6, width))[np.sort(rng.integers(0, 6, count))]
        rows = scenes + rng.choice([0, 0.05, 0.3, 1]) * rng.normal(size=(count, width))
    elif kind == 2:  # many equal rows
        rows = rng.integers(0, 3, size=(count, width)).astype(float)
    elif kind == 3:  # static, near the origin or far from it
        rows = rng.choice([1, 1000]) + rng.choice([0, 1e-8, 0.01, 0.1]) * rng.normal(
            size=(count, width)
        )
    elif kind == 4:  # drifting
        rows = np.cumsum(0.3 * rng.normal(size=(count, width)), axis=0)
    else:  # lone outliers
        rows = np.zeros((count, width))
        rows[rng.integers(0, count, 3)] = 5
    if width > 1 and rng.random() < 0.6:
        rows = kts.unit_rows(rows)
    return rows.astype(rng.choice(["float32", "float64"]))


@pytest.mark.parametrize("batch", range(8))
def test_same_as_a_plain_program(batch):
    """Half of the caps lie below the free optimum; see the next test for the hard ones."""
    for seed in range(100 * batch, 100 * batch + 100):
        rng = np.random.default_rng(seed)
        rows = random_rows(rng)
        count = len(rows)
        penalty = float(rng.choice([0, 0.05, 0.3, 1, 1, 1, 3, 10]))
        reach = int(rng.integers(1, count + 1)) if rng.random() < 0.4 else count
        cap = int(rng.integers(0, count)) if rng.random() < 0.7 else count - 1
        cap = max(cap, -(-count // reach) - 1)
        check(rows, penalty, cap, reach, f"seed {seed}")


def check(rows, penalty, cap, reach, case):
    count = len(rows)
    objective, expected = plain_answer(rows, penalty, cap, reach)
    points = kts.change_points(
        rows, max_change_points=cap, penalty=penalty, max_segment=None if reach == count else reach
    )
    close = 1e-9 * scatter_scale(rows) + 1e-15 * penalty
    assert len(points) <= cap, case
    assert max(np.diff([0, *points, count])) <= reach, case
    assert abs(kts.objective(rows, points, penalty) - objective.min()) <= close, case
    assert len(points) <= len(expected), case
    if points.tolist() != expected:  # then both must be equally good, to the last digits
        gap = kts.objective(rows, points, penalty) - kts.objective(rows, expected, penalty)
        assert abs(gap) <= 1e-3 * close, case


def test_cap_inside_a_hull_edge(monkeypatch):
    """Where the best number of change points is no hull vertex, the hull alone would be wrong."""
    asked = []
    layers = kts._layers
    monkeypatch.setattr(kts, "_layers", lambda *a: (asked.append(1), layers(*a))[1])
    inside = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        # Bursts: two cuts together gain much, one alone little, so odd counts are no vertices.
        rows = 0.1 * rng.normal(size=(40, 3))
        for at in rng.choice(19, 4, replace=False):
            rows[2 * at] += 3
        loss, _ = losses(rows, 39, 40)
        for cap in (1, 3, 5, 7):
            _, expected = plain_answer(rows, 0.1, cap, 40)
            inside += len(expected) == cap and is_above_hull(loss, cap)
            check(rows, 0.1, cap, 40, f"seed {seed}, cap {cap}")
    assert inside >= 20  # the data really are of this kind
    assert len(asked) >= inside


def is_above_hull(loss, number):
    return any(
        loss[number] > loss[a] + (loss[b] - loss[a]) * (number - a) / (b - a) + 1e-9
        for a in range(number)
        for b in range(number + 1, len(loss))
    )


@pytest.mark.parametrize("seed", range(20))
def test_at_most_gives_the_last_hull_vertex(seed):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng)
    loss, _ = losses(rows, len(rows) - 1, len(rows))
    for count in (0, 1, 2, 5, len(rows) // 2, len(rows) + 5):
        points = kts.change_points_at_most(rows, count)
        assert len(points) <= count
        total = kts.objective(rows, points, 0.0) * len(rows)
        assert total == pytest.approx(loss[len(points)], abs=1e-9 * max(1, loss[0]))
        assert not is_above_hull(loss, len(points))
        later = range(len(points) + 1, min(count, len(rows) - 1) + 1)
        flat = loss[len(points)] < 1e-9 * max(1, loss[0])  # nothing is left to gain
        assert flat or all(on_edge_or_above(loss, m) for m in later)


def on_edge_or_above(loss, number):
    """No strict corner of the hull: a chord between its neighbours is not clearly above it."""
    if number == len(loss) - 1:
        return False
    return any(
        loss[number] > loss[a] + (loss[b] - loss[a]) * (number - a) / (b - a) - 1e-9
        for a, b in itertools.product(range(number), range(number + 1, len(loss)))
    )


def test_blocks_and_long_segments_agree_with_the_definition():
    """Many blocks of candidates: a static scene keeps all alive, then scenes follow."""
    rng = np.random.default_rng(3)
    rows = np.ones((900, 6)) + 0.02 * rng.normal(size=(900, 6))
    rows[600:700, 0] += 1
    rows[850:, 1] += 1
    rows = kts.unit_rows(rows)
    assert kts.change_points(rows).tolist() == [600, 700, 850]
    assert kts.change_points(rows, penalty=1e4).tolist() == []
    assert max(np.diff([0, *kts.change_points(rows, max_segment=300), 900])) == 300
    check(rows[500:], 1.0, 399, 400, "static, then scenes")


def test_float32_is_summed_in_float64():
    rng = np.random.default_rng(5)
    rows = kts.unit_rows(rng.normal(size=(30, 64))[np.repeat(np.arange(30), 50)] + 4)
    wide = rows.astype(np.float64)
    assert kts.change_points(rows).tolist() == kts.change_points(wide).tolist()
    assert kts.objective(rows, [50], 1.0) == kts.objective(wide, [50], 1.0)


@pytest.mark.parametrize("rows", [np.empty((0, 4)), np.ones((1, 4)), []])
def test_too_few_rows_to_cut(rows):
    assert kts.change_points(rows).tolist() == []
    assert kts.change_points_at_most(rows, 3).tolist() == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_names_the_row_that_is_no_number(value):
    rows = np.ones((1000, 3))
    rows[2, 1] = value
    with pytest.raises(InputError, match=r"row 2\b"):
        kts.change_points(rows)
    rows[2, 1] = 1
    rows[900, 0] = value
    with pytest.raises(InputError, match=r"row 900\b"):
        kts.change_points_at_most(rows, 5)


@pytest.mark.parametrize(
    "options",
    [
        {"penalty": -1.0},
        {"penalty": float("nan")},
        {"max_change_points": -1},
        {"max_segment": 0},
        {"max_segment": 3, "max_change_points": 1},
    ],
)
def test_refuses_impossible_options(options):
    with pytest.raises(InputError):
        kts.change_points([A] * 8, **options)


def test_unit_rows_keep_zero_rows():
    rows = kts.unit_rows([[3.0, 4.0], [0.0, 0.0]])
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], rtol=1e-7)


def test_without_a_penalty_every_row_that_differs_is_a_segment():
    rows = [0.0, 3.0, 1.0, 7.0, 2.0]
    assert kts.change_points(rows, penalty=0.0).tolist() == [1, 2, 3, 4]
    assert kts.change_points(rows, penalty=0.0, max_change_points=4).tolist() == [1, 2, 3, 4]
    assert kts.change_points(rows, penalty=0.0, max_change_points=3).tolist() == [1, 3, 4]
    assert kts.change_points(rows, penalty=0.0, max_change_points=0).tolist() == []
    assert kts.change_points([0.0, 0.0, 5.0], penalty=0.0).tolist() == [2]
    assert kts.change_points([0.0, 9.0], penalty=0.0).tolist() == [1]


def test_two_rows_can_be_parted_and_one_cannot():
    assert kts.change_points_at_most([0.0, 5.0], 1).tolist() == [1]
    assert kts.change_points_at_most([0.0, 5.0], 0).tolist() == []
    assert kts.change_points_at_most([0.0], 3).tolist() == []
    assert kts.change_points([0.0]).tolist() == []
    assert kts.change_points([[]] * 3).tolist() == []


def test_at_most_takes_the_last_vertex_up_to_the_count():
    """L is 56, 14.67, 0, 0: with one change point the last three rows are left together."""
    rows = [0.0, 0.0, 4.0, 8.0, 8.0]
    assert kts.change_points_at_most(rows, 2).tolist() == [2, 3]
    assert kts.change_points_at_most(rows, 9).tolist() in ([2, 3], [1, 2, 3, 4])
    assert kts.change_points_at_most([0.0] * 4 + [5.0] * 4 + [9.0] * 4, 2).tolist() == [4, 8]
    assert kts.change_points_at_most([0.0] * 4 + [5.0] * 4 + [9.0] * 4, 1).tolist() == [4]


def test_how_many_are_needed_is_said():
    with pytest.raises(
        InputError, match=r"1 change points cannot cut 7 rows .* 3 rows; 2 are need"
    ):
        kts.change_points(np.zeros(7), max_change_points=1, max_segment=3)
    assert kts.change_points(np.zeros(6), max_change_points=1, max_segment=3).tolist() == [3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalty": -0.1}, "penalty must be 0 or more"),
        ({"penalty": float("inf")}, "penalty must be 0 or more"),
        ({"max_change_points": -1}, "most change points must be 0 or more"),
        ({"max_segment": 0}, "longest segment must be 1 row or more"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        kts.change_points([0.0, 1.0, 2.0], **options)
    with pytest.raises(InputError, match="number of change points must be 0 or more"):
        kts.change_points_at_most([0.0, 1.0], -1)


def test_one_row_to_a_segment_is_allowed():
    assert kts.change_points([0.0, 1.0, 2.0], max_segment=1).tolist() == [1, 2]


def test_rows_become_as_long_as_one_and_zeros_stay():
    made = kts.unit_rows([[0.3, 0.4], [0.0, 0.0], [30.0, 40.0], [-2.0, 0.0]])
    assert made.dtype == np.float32
    assert made == pytest.approx(np.array([[0.6, 0.8], [0, 0], [0.6, 0.8], [-1, 0]]))


def test_the_penalty_by_hand():
    """v m / 2 (ln(N / m) + 1): of no change point it is nothing."""
    found = kts._penalties(4, 3.0)
    assert found[0] == 0.0
    assert found[1] == pytest.approx(1.5 * (np.log(4) + 1))
    assert found[2] == pytest.approx(3.0 * (np.log(2) + 1))
    assert found[3] == pytest.approx(4.5 * (np.log(4 / 3) + 1))


def test_the_scatter_of_segments_by_hand():
    scatter = kts._Scatter([[1.0, 0.0], [3.0, 0.0], [3.0, 6.0], [5.0, 6.0]])
    assert scatter.total(np.array([], np.int64)) == pytest.approx(8 + 36)
    assert scatter.total(np.array([2])) == pytest.approx(2 + 2)
    assert scatter.total(np.array([1, 2, 3])) == 0.0
    assert scatter.scale == pytest.approx(44 / 4)
    equal = kts._Scatter([2.0] * 5)
    assert equal.total(np.array([], np.int64)) == 0.0
    assert equal.scale == pytest.approx(1e-14 * 4, rel=1e-6)


def test_a_bad_row_is_named_wherever_it_is():
    for bad in (0, 511, 512, 1030):
        rows = np.zeros((1040, 2))
        rows[bad, 1] = np.nan
        with pytest.raises(InputError, match=f"row {bad} hold"):
            kts.change_points(rows)
    with pytest.raises(InputError, match="must be rows"):
        kts.change_points(np.zeros((2, 2, 2)))


def test_the_scatter_of_a_block_is_that_of_every_segment():
    """Forward and, with the rows read from the end, backward."""
    rows = np.random.default_rng(3).normal(size=(9, 2))
    scatter = kts._Scatter(rows)
    begins = np.array([0, 2, 3, 4, 5])
    for backward in (False, True):
        seen = rows[::-1] if backward else rows
        found = kts._block_scatter(scatter.sums, scatter.energy, backward, 3, 6, begins)
        assert found.shape == (3, 5)
        for t, end in enumerate((4, 5, 6)):
            for column, begin in enumerate(begins.tolist()):
                if begin < end:
                    part = seen[begin:end]
                    exact = ((part - part.mean(axis=0)) ** 2).sum()
                    assert found[t, column] == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("backward", [False, True])
def test_a_sweep_gives_the_optimum_of_every_prefix(backward):
    rows = np.array([0.0, 0.0, 4.0, 4.0, 4.0, 9.0])
    price, reach = 2.0, 3
    hull = kts._Hull(kts._Scatter(rows), reach)
    best, back = hull.sweep(price, backward=backward)
    seen = rows[::-1] if backward else rows
    expected = [-price]
    for end in range(1, 7):
        options = [
            expected[begin] + price + ((seen[begin:end] - seen[begin:end].mean()) ** 2).sum()
            for begin in range(max(0, end - reach), end)
        ]
        expected.append(min(options))
        assert back[end] >= end - reach
    assert best == pytest.approx(expected)


def test_sums_run_on_over_blocks_of_rows():
    """1,100 rows are summed in three blocks: 600 of 1 and 500 of 4, parted where they change."""
    rows = np.repeat([1.0, 4.0], [600, 500])
    scatter = kts._Scatter(rows)
    mean = 2600 / 1100
    assert scatter.sums[:, 0] == pytest.approx(
        np.concatenate([[0], np.cumsum(rows - mean)]), abs=1e-9
    )
    assert scatter.energy == pytest.approx(np.concatenate([[0], np.cumsum((rows - mean) ** 2)]))
    assert scatter.total(np.array([600])) == pytest.approx(0, abs=1e-9)
    assert scatter.total(np.array([], np.int64)) == pytest.approx(600 * 500 / 1100 * 9)
