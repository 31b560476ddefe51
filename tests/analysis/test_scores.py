"""Scores of sampled frames, from what a network gives."""

from dataclasses import replace

import numpy as np
import pytest

from tests.values import make_features
from usummary.analysis.scores import score
from usummary.errors import ModelError
from usummary.types import Samples


class Given:
    """A summariser that gives these values."""

    def __init__(self, values):
        self.values = np.asarray(values, np.float64)
        self.shape = ()

    def run(self, inputs):
        self.shape = inputs.shape
        return (self.values,)


def features_of(frames, recordings):
    """Clips of four samples with these frame numbers; samples a tenth of a second apart."""
    made = make_features(np.zeros(16 * len(frames), bool), 15.0)
    numbers = np.array(frames, np.int64)
    times = np.arange(numbers.size).reshape(numbers.shape) / 10
    return replace(made, samples=Samples(np.array(recordings), numbers, times))


def test_a_score_for_each_sample_without_what_fills_up_a_clip():
    features = features_of([[0, 2, 4, 6], [8, 8, 8, 8], [8, 9, 9, 9]], [0, 0, 1])
    given = Given([[0.1, 0.2, 0.3, 0.4, 0.5, 0.9, 0.9, 0.9, -1.0, 2.0, 0.9, 0.9]])
    scores = score(features, given)
    assert given.shape == (1, 3, 1, 1, 1)
    assert scores.values == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.0, 1.0])
    assert scores.values.dtype == np.float32
    # Frame 8 of the second recording is not the frame 8 that filled up the first.
    assert scores.recordings.tolist() == [0] * 5 + [1] * 2
    assert scores.frames.tolist() == [0, 2, 4, 6, 8, 8, 9]
    assert scores.times_s == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.8, 0.9])


@pytest.mark.parametrize("values", [[0.1] * 3, [0.1] * 5, [0.1, 0.2, np.nan, 0.4], [np.inf] * 4])
def test_what_are_no_scores_of_these_frames_is_refused(values):
    with pytest.raises(ModelError, match=f"gave {len(values)} scores for 4 frames"):
        score(features_of([[0, 1, 2, 3]], [0]), Given(values))
