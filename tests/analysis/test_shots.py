"""Segmentation of exams into shots."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tests.values import PictureRecording, make_features, shots_between
from usummary.analysis.scores import score
from usummary.analysis.shots import make_shots, scored, segment
from usummary.settings import Settings
from usummary.types import Exam, Samples, Scores

RATE = 15.0


def scenes(*lengths_s, seed=0):
    """Step vectors (T, 4, 8) of scenes of those lengths, each around a direction of its own."""
    rng = np.random.default_rng(seed)
    rows = []
    for length in lengths_s:
        centre = rng.normal(size=8)
        rows.append(centre + 0.05 * rng.normal(size=(round(length * RATE / 4), 8)))
    steps = np.concatenate(rows)
    whole = len(steps) // 4 * 4
    return steps[:whole].reshape(-1, 4, 8)


class RampSummariser:
    """Scores that rise over the exam."""

    def run(self, inputs):
        return (np.linspace(0, 1, inputs.shape[1] * 16)[None],)


def shots_of(steps, settings=Settings()):  # noqa: B008
    clips = len(steps)
    features = make_features(np.zeros(clips * 16, bool), RATE, steps=steps)
    pictures = np.zeros((clips * 32, 2, 2), np.uint8)
    exam = Exam(features.regions[0].box, (PictureRecording(pictures, 2 * RATE),), (0.0,))
    return exam, make_shots(exam, features, score(features, RampSummariser()), settings)


def test_shots_follow_the_scenes_and_cover_the_recording():
    steps = scenes(6, 4, 8, 5)
    exam, shots = shots_of(steps)
    assert [round(s.start_s) for s in shots] == [0, 6, 10, 18]
    assert shots[0].start_frame == 0
    assert shots[-1].end_frame == exam.frame_count
    assert shots[-1].end_s == pytest.approx(exam.duration_s)
    for before, after in itertools.pairwise(shots):
        assert before.end_frame == after.start_frame
    assert all(s.start_frame <= s.key_frame < s.end_frame for s in shots)
    assert [s.score for s in shots] == sorted(s.score for s in shots)


def test_no_shot_is_shorter_than_two_seconds():
    _, shots = shots_of(scenes(*[1.1] * 24, seed=3))
    assert min(s.duration_s for s in shots) >= 2.0
    assert len(shots) > 1


def test_shots_last_about_five_seconds_on_average():
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(size=(600, 8)), axis=0) + 20
    _, shots = shots_of(walk.reshape(-1, 4, 8))
    mean = np.mean([s.duration_s for s in shots])
    assert 4.5 <= mean <= 8


def test_benchmark_mode_is_plain_segmentation():
    _, shots = shots_of(scenes(6, 1.1, 8), Settings(mode="benchmark"))
    assert len(shots) == 3
    assert shots[1].duration_s < 2


def test_a_recording_of_one_clip_is_one_shot():
    _, shots = shots_of(scenes(1.1))
    assert len(shots) == 1


def test_segments_do_not_depend_on_scores():
    steps = scenes(6, 4, 8, 5)
    exam, shots = shots_of(steps)
    features = make_features(np.zeros(len(steps) * 16, bool), RATE, steps=steps)
    bare = segment(exam, features, Settings())
    assert all(shot.score == 0 and shot.key_frame == shot.start_frame for shot in bare)
    borders = [(s.start_frame, s.end_frame, s.start_s, s.end_s) for s in shots]
    assert [(s.start_frame, s.end_frame, s.start_s, s.end_s) for s in bare] == borders
    assert scored(bare, score(features, RampSummariser())) == shots


def test_scores_are_held_over_the_frames_of_their_own_recording():
    """Two recordings of ten frames, a sample at every fifth: means and key frames by hand."""
    shots = [
        replace(shot, recording=which)
        for which in (0, 1)
        for shot in shots_between([(0, 4), (4, 10)], 10.0, [0.0, 0.0])
    ]
    values = np.array([0.2, 0.8, 1.0, 0.5], np.float32)
    scores = Scores(np.arange(4.0), values, np.array([0, 0, 1, 1]), np.array([0, 5, 0, 5]))
    done = scored(shots, scores)
    wanted = [0.2, (0.2 + 5 * 0.8) / 6, 1.0, (1.0 + 5 * 0.5) / 6]
    assert [s.score for s in done] == pytest.approx(wanted)
    assert [s.key_frame for s in done] == [0, 5, 0, 4]


def test_shots_of_two_recordings_keep_apart():
    steps = scenes(6, 4)
    one = make_features(np.zeros(len(steps) * 32, bool), RATE, steps=np.concatenate([steps] * 2))
    half = len(steps)
    samples = one.samples
    two = replace(
        one,
        samples=Samples(
            np.repeat([0, 1], half),
            np.concatenate([samples.frames[:half]] * 2),
            samples.times_s[: 2 * half],
        ),
        frozen=np.zeros((2 * half, 16), bool),
    )
    pictures = np.zeros((half * 32, 2, 2), np.uint8)
    recordings = tuple(PictureRecording(pictures, 2 * RATE) for _ in range(2))
    length = recordings[0].info.duration_s
    exam = Exam(one.regions[0].box, recordings, (0.0, length))
    shots = segment(exam, two, Settings())
    assert [s.recording for s in shots] == [0, 0, 1, 1]
    assert [s.start_frame for s in shots[:2]] == [s.start_frame for s in shots[2:]]
    assert shots[2].start_s == pytest.approx(length)
