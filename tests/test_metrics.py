"""Measures against their definitions, written out."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from usummary import metrics
from usummary.errors import InputError
from usummary.types import STANDARD_PLANES, FreezeFrame, Shot


def by_sets(summary, user):
    """Precision, recall and F from sets of frame numbers, as exact fractions."""
    ours = {i for i, kept in enumerate(summary) if kept}
    theirs = {i for i, kept in enumerate(user) if kept}
    precision = Fraction(len(ours & theirs), len(ours)) if ours else Fraction(0)
    recall = Fraction(len(ours & theirs), len(theirs)) if theirs else Fraction(0)
    total = precision + recall
    return precision, recall, 2 * precision * recall / total if total else Fraction(0)


def test_f_score_follows_the_definition():
    rng = np.random.default_rng(0)
    for _ in range(200):
        frames, users = int(rng.integers(1, 30)), int(rng.integers(1, 5))
        summary = rng.random(frames) < rng.random()
        chosen = rng.random((users, frames)) < rng.random((users, 1))
        expected = [by_sets(summary, one) for one in chosen]
        for found, (precision, recall, f) in zip(
            metrics.precision_recall(summary, chosen), expected, strict=True
        ):
            assert found.precision == pytest.approx(float(precision), abs=1e-15)
            assert found.recall == pytest.approx(float(recall), abs=1e-15)
            assert found.f_score == pytest.approx(float(f), abs=1e-15)
        scores = [f for *_, f in expected]
        mean = metrics.f_score(summary.astype(int), chosen.astype(int))
        assert mean == pytest.approx(float(sum(scores) / users), abs=1e-14)
        assert metrics.f_score(summary, chosen, over="max") == pytest.approx(float(max(scores)))


def test_f_score_of_one_user_needs_no_second_axis():
    assert metrics.f_score([1, 1, 0, 0], [1, 0, 1, 0]) == 0.5
    assert metrics.f_score([0, 0], [0, 0]) == 0.0
    assert metrics.f_score([1.0, 0.0], [True, False]) == 1.0


@pytest.mark.parametrize(
    ("summary", "user"),
    [
        ([1, 0, 1], [1, 0]),
        ([1, 0], [[1, 0, 1]]),
        ([1, 2], [1, 0]),
        ([float("nan"), 0], [1, 0]),
        ([[1, 0]], [1, 0]),
        ([1, 0], np.empty((0, 2))),
    ],
)
def test_f_score_refuses_what_does_not_compare(summary, user):
    with pytest.raises(InputError):
        metrics.f_score(summary, user)


def tau_b(a, b):
    """Kendall's tau-b from all pairs."""
    signs = [
        (np.sign(a[i] - a[j]), np.sign(b[i] - b[j]))
        for i, j in itertools.combinations(range(len(a)), 2)
    ]
    both = sum(x * y for x, y in signs)
    return both / math.sqrt(sum(x != 0 for x, _ in signs) * sum(y != 0 for _, y in signs))


def rho(a, b):
    """Pearson correlation of mean ranks."""
    ranks = [[np.mean(np.flatnonzero(np.sort(v) == x)) for x in v] for v in (a, b)]
    return np.corrcoef(ranks)[0, 1]


@pytest.mark.parametrize(
    ("measure", "definition"), [(metrics.kendall_tau, tau_b), (metrics.spearman_rho, rho)]
)
def test_rank_correlation_follows_the_definition(measure, definition):
    rng = np.random.default_rng(1)
    for _ in range(30):
        steps = int(rng.integers(3, 25))
        scores = np.append(rng.integers(0, 6, steps), [0, 9])  # ties, never constant
        people = np.hstack([rng.integers(1, 6, (3, steps)), np.tile([1, 5], (3, 1))])
        expected = np.mean([definition(scores, one) for one in people])
        assert measure(scores, people) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("measure", [metrics.kendall_tau, metrics.spearman_rho])
def test_undefined_correlation_is_none_and_left_out(measure):
    assert measure([0.3, 0.3, 0.3], [1, 2, 3]) is None
    assert measure([0.1, 0.2, 0.3], [[2, 2, 2]]) is None
    assert measure([0.1], [1]) is None
    assert measure([0.1, 0.2, 0.3], [[2, 2, 2], [1, 2, 3]]) == pytest.approx(1.0)
    with pytest.raises(InputError):
        measure([0.1, 0.2], [1, 2, 3])
    with pytest.raises(InputError):
        measure([0.1, float("nan"), 0.2], [1, 2, 3])


def shot(start_s, end_s, *, plane=None, selected=True):
    return Shot(0, int(start_s * 10), int(end_s * 10), start_s, end_s, 0.5, 0, plane, 0.9, selected)


def test_freeze_frame_recall_counts_key_shots_only():
    shots = [shot(0, 5), shot(5, 9, selected=False), shot(9, 12)]
    assert metrics.freeze_frame_recall([], shots) is None
    assert metrics.freeze_frame_recall([1.0, 5.0, 7.0, 9.0], shots) == 0.5
    assert metrics.freeze_frame_recall([12.0, 4.999], shots) == 0.5  # the end is open
    assert metrics.freeze_frame_recall([12.0, 13.0, 6.0, 6.5], shots, 1.0) == 0.75
    assert metrics.freeze_frame_recall([1.0], []) == 0.0


def test_coverage_lists_every_standard_plane():
    shots = [shot(0, 2, plane="Femur"), shot(2, 4, plane="Lips", selected=False), shot(4, 6)]
    freezes = [FreezeFrame(1.0, 0, 10, "still", "Femur"), FreezeFrame(3.0, 0, 30, "still", "Lips")]
    covered = metrics.coverage(shots, [*freezes, FreezeFrame(5.0, 0, 50, "frozen")])
    assert tuple(covered) == STANDARD_PLANES
    assert covered["Femur"] == {"shown": True, "frozen": True}
    assert covered["Lips"] == {"shown": False, "frozen": True}
    assert covered["4CH"] == {"shown": False, "frozen": False}
    assert metrics.plane_recall(covered) == 0.5
    assert metrics.plane_recall(metrics.coverage(shots, [])) is None
