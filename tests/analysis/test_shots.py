"""Segmentation of exams into shots."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tests.values import PictureRecording, make_features, shots_between
from usummary.analysis.scores import score
from usummary.analysis.shots import _clips_in, _long_enough, make_shots, scored, segment
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


# Short shots are joined, and clips speak for the shots their middle lies in


def joined(points, vectors, min_s, times=None):
    rows = np.array(vectors, float)[:, None]
    moments = np.arange(len(rows) + 1.0) if times is None else np.array(times, float)
    return _long_enough(np.array(points), rows, moments, min_s).tolist()


def test_a_short_shot_joins_the_neighbour_that_looks_more_like_it():
    assert joined([4, 5], [0, 0, 0, 0, 1, 5, 5, 5, 5], 2) == [5]
    assert joined([4, 5], [0, 0, 0, 0, 4, 5, 5, 5, 5], 2) == [4]
    assert joined([4, 5], [0, 0, 0, 0, 2.5, 5, 5, 5, 5], 2) == [5]  # of equals the one before


def test_a_shot_that_lasts_exactly_long_enough_stays():
    assert joined([4, 6], [0] * 4 + [1] * 2 + [5] * 4, 2) == [4, 6]
    assert joined([4, 6], [0] * 4 + [1] * 2 + [5] * 4, 2.01) == [6]


def test_the_first_and_the_last_shot_have_one_neighbour():
    assert joined([1], [9, 0, 0, 0], 2) == []
    assert joined([3], [0, 0, 0, 9], 2) == []
    assert joined([1, 4], [9, 0, 0, 0, 9, 9, 9], 2) == [4]
    assert joined([3, 6], [0, 0, 0, 9, 9, 9, 0], 2) == [3]


def test_the_shortest_is_joined_first_by_its_time():
    """Shots of 1, 1.5 and 3 s: the first joins the second, and both are then long enough."""
    times = [0, 1, 1.75, 2.5, 4, 5.5]
    assert joined([1, 3], [0, 5, 5, 5, 5], 2, times) == [3]
    assert joined([], [0, 1, 2], 9) == []


def test_clips_speak_for_the_shot_their_middle_lies_in():
    """Clips of 16 samples, every second frame: middles are frames 16, 48 and 80."""
    features = make_features(np.zeros(48, bool), RATE)
    for span, clips in (
        ((0, 96), [0, 1, 2]),
        ((16, 48), [0]),
        ((17, 49), [1]),
        ((17, 48), [0]),  # none: 16 and 48 are as near to 32, the first is taken
        ((50, 60), [1]),
        ((84, 96), [2]),
        ((60, 70), [2]),
    ):
        assert _clips_in(features, 0, *span).tolist() == clips


def test_clips_of_another_recording_do_not_speak():
    features = make_features(np.zeros(48, bool), RATE)
    samples = replace(features.samples, recordings=np.array([0, 1, 1]))
    assert _clips_in(replace(features, samples=samples), 1, 0, 96).tolist() == [1, 2]


def test_planes_of_shots_come_with_their_confidence():
    steps = scenes(6, 4.2)
    clips = len(steps)
    planes = np.zeros((clips, 2), np.float32)
    planes[:, 0] = 1
    planes[-1] = (0.2, 0.75)
    features = make_features(
        np.zeros(clips * 16, bool), RATE, steps=steps, classes=("Background", "Lips"), planes=planes
    )
    recording = PictureRecording(np.zeros((clips * 32, 2, 2), np.uint8), 2 * RATE)
    exam = Exam(features.regions[0].box, (recording,), (0.0,))
    first, second = segment(exam, features, Settings())
    assert (first.plane, first.plane_confidence) == (None, 0.0)
    assert (second.plane, second.plane_confidence) == ("Lips", 0.75)
    assert (first.key_frame, second.key_frame) == (0, second.start_frame)
    assert second.start_s == pytest.approx(second.start_frame / (2 * RATE))


def test_what_fills_up_the_last_clip_begins_no_shot():
    """The last clip repeats its first sample: one step of it counts."""
    steps = scenes(6, 6)
    features = make_features(np.zeros(len(steps) * 16, bool), RATE, steps=steps)
    frames = features.samples.frames.copy()
    frames[-1] = frames[-1, 0]
    count = int(frames[-1, 0]) + 2
    recording = PictureRecording(np.zeros((count, 2, 2), np.uint8), 2 * RATE)
    exam = Exam(features.regions[0].box, (recording,), (0.0,))
    odd = features.steps.copy()
    odd[-1, 1:] *= -1  # whatever the network says of samples that do not exist
    samples = replace(features.samples, frames=frames)
    for settings in (Settings(), Settings(mode="benchmark")):
        shots = segment(exam, replace(features, samples=samples, steps=odd), settings)
        assert [round(shot.start_s) for shot in shots] == [0, 6]
        assert shots[-1].end_frame == count


@pytest.mark.parametrize(("last", "count"), [(7, 1), (8, 2)])
def test_the_last_shot_lasts_to_the_recordings_end(last, count):
    """A step lasts 4 / 15 s: seven of them are shorter than two seconds, eight are longer."""
    _, shots = shots_of(scenes((32 - last) * 4 / RATE, last * 4 / RATE))
    assert len(shots) == count
