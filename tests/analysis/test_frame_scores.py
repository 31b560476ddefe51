"""Scores of all frames and of shots, by hand."""

import numpy as np
import pytest

from usummary.analysis.frame_scores import hold, shot_means, span_scores

VALUES, PICKS = np.array([0.25, 0.75, 0.5]), np.array([0, 3, 5])  # .25 x 3, .75 x 2, .5 x 4


def test_each_frame_keeps_the_score_of_the_sample_before_it():
    held = hold(VALUES, PICKS, 9)
    assert held.tolist() == [0.25] * 3 + [0.75] * 2 + [0.5] * 4
    assert held.dtype == np.float64


def test_means_of_half_open_shots():
    means = shot_means(hold(VALUES, PICKS, 9), [0, 2, 4], [2, 4, 9])
    assert means.tolist() == [0.25, 0.5, 0.55]


def test_spans_are_measured_without_the_frames_in_between():
    means, best = span_scores(VALUES, PICKS, [0, 2, 4, 6, 0], [2, 4, 9, 7, 9])
    assert means == pytest.approx([0.25, 0.5, 0.55, 0.5, 4.25 / 9])
    assert best.tolist() == [0, 3, 4, 6, 3]


def test_a_span_that_ends_where_a_sample_begins_does_not_hold_it():
    means, best = span_scores(VALUES, PICKS, [0, 3], [3, 5])
    assert means.tolist() == [0.25, 0.75]
    assert best.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("values", "picks", "message"),
    [
        ([0.1], [0, 5], "1 scores were given for 2"),
        ([0.1, 0.2, 0.3], [0, 5], "3 scores were given for 2"),
        ([0.1, np.inf], [0, 5], "not a number"),
        ([], [], "start at frame 0"),
        ([0.1], [1], "start at frame 0"),
        ([0.1, 0.2], [0, 0], "ascend"),
        ([0.1, 0.2, 0.3], [0, 5, 4], "ascend"),
    ],
)
def test_what_fits_together_badly_is_refused(values, picks, message):
    with pytest.raises(ValueError, match=message):
        hold(np.array(values), np.array(picks, np.int64), 12)


def test_neighbouring_frames_may_all_be_samples():
    assert hold(np.array([0.1, 0.2]), np.array([0, 1]), 2).tolist() == [0.1, 0.2]
