"""Frozen stretches, given freeze-frames, and the shots that hold them."""

from dataclasses import replace

import numpy as np
import pytest

from tests.values import make_features, shots_between
from usummary.analysis import freeze_frames
from usummary.types import FreezeFrame

RATE = 15.0


def listed(time_s, plane=None):
    return FreezeFrame(time_s, 0, int(time_s * 25), "listed", plane, end_s=time_s)


def features_frozen(total, *stretches, classes=(), planes=None):
    """Features with samples at 15 per second, still from sample a to sample b of each stretch."""
    frozen = np.zeros(total, bool)
    for first, last in stretches:
        frozen[first + 1 : last + 1] = True
    return make_features(frozen, RATE, classes=classes, planes=planes)


def test_a_frozen_stretch_is_found_where_it_begins():
    (found,) = freeze_frames.find_frozen(features_frozen(320, (100, 160)))
    assert found.source == "frozen"
    assert found.time_s == pytest.approx(100 / RATE)
    assert found.end_s == pytest.approx(160 / RATE)
    assert found.frame == 200  # the recording has two frames to a sample


def test_short_stillness_is_no_freeze():
    assert freeze_frames.find_frozen(features_frozen(320, (100, 110))) == ()


def test_a_sync_frame_does_not_split_a_stretch():
    (found,) = freeze_frames.find_frozen(features_frozen(320, (100, 130), (132, 160)))
    assert found.end_s == pytest.approx(160 / RATE)


def test_doubled_frames_are_no_freeze():
    """A clip converted from 25 to 39 frames a second repeats every second or third picture."""
    doubled = [(n, n + 1) for n in range(50, 200, 3)]
    assert freeze_frames.find_frozen(features_frozen(320, *doubled)) == ()


def test_stretches_far_apart_are_two():
    assert len(freeze_frames.find_frozen(features_frozen(320, (50, 100), (130, 180)))) == 2


def test_a_recording_without_any_motion_was_not_frozen():
    assert freeze_frames.find_frozen(features_frozen(320, (0, 319))) == ()


def test_the_plane_of_a_stretch():
    planes = np.zeros((20, 2), np.float32)
    planes[:, 0] = 1
    planes[8] = (0.2, 0.8)
    found = freeze_frames.find_frozen(
        features_frozen(320, (115, 155), classes=("Background", "Femur"), planes=planes)
    )
    assert found[0].plane == "Femur"


def test_given_freeze_frames_stand_for_the_stretch_they_lie_in():
    frozen = freeze_frames.find_frozen(features_frozen(320, (50, 100), (130, 180)))
    kept = freeze_frames.merged([listed(50 / RATE + 1)], frozen)
    assert [f.source for f in kept] == ["listed", "frozen"]


def test_matching_takes_key_shots_only():
    shots = shots_between([(0, 50), (50, 100)], 25.0, [0.5, 0.5])
    shots = (shots[0], replace(shots[1], selected=True))
    freezes = freeze_frames.matched([listed(1.0), listed(2.0), listed(3.99), listed(4.0)], shots)
    assert [f.matched_shot for f in freezes] == [None, 1, 1, None]


def test_a_frozen_stretch_matches_where_it_overlaps():
    shots = shots_between([(0, 50), (50, 100)], 25.0, [0.5, 0.5])
    shots = (shots[0], replace(shots[1], selected=True))
    stretch = FreezeFrame(1.5, 0, 37, "frozen", None, end_s=2.5)
    (found,) = freeze_frames.matched([stretch], shots)
    assert found.matched_shot == 1


def test_the_reference_takes_the_last_of_close_saves():
    shots = shots_between([(n * 100, n * 100 + 100) for n in range(10)], 25.0, [0.5] * 10)
    saves = [listed(2.0), listed(9.0), listed(30.0)]
    assert freeze_frames.reference_shots(saves, shots) == [2, 7]


def test_close_saves_of_two_planes_are_two():
    shots = shots_between([(n * 100, n * 100 + 100) for n in range(10)], 25.0, [0.5] * 10)
    saves = [listed(2.0, "Femur"), listed(9.0, "Kidneys"), listed(13.0)]
    assert freeze_frames.reference_shots(saves, shots) == [0]
    assert freeze_frames.reference_shots(saves[:2], shots) == [0, 2]


def test_the_reference_prefers_saves_on_a_plane():
    shots = shots_between([(n * 100, n * 100 + 100) for n in range(10)], 25.0, [0.5] * 10)
    assert freeze_frames.reference_shots([listed(2.0), listed(30.0, "Femur")], shots) == [7]
    assert freeze_frames.reference_shots([], shots) == []


# At the borders, with sixteen samples a second: their times are exact.


def found_in(total, *stretches):
    """First and last sample of the frozen stretches found among `total` samples."""
    frozen = np.zeros(total, bool)
    for first, last in stretches:
        frozen[first + 1 : last + 1] = True
    found = freeze_frames.find_frozen(make_features(frozen, 16.0))
    return [(round(freeze.time_s * 16), round(freeze.end_s * 16)) for freeze in found]


def test_a_second_is_long_enough_and_less_is_not():
    assert found_in(320, (100, 116)) == [(100, 116)]
    assert found_in(320, (100, 115)) == []


def test_a_quarter_of_a_second_parts_no_stretch_and_more_does():
    assert found_in(320, (100, 120), (124, 144)) == [(100, 144)]
    assert found_in(320, (100, 120), (125, 145)) == [(100, 120), (125, 145)]


def test_a_quarter_of_a_second_of_stillness_is_part_of_a_stretch_and_less_is_not():
    assert found_in(320, (100, 116), (120, 124)) == [(100, 124)]
    assert found_in(320, (100, 116), (120, 123)) == [(100, 116)]


def test_stretches_may_begin_or_end_with_the_recording_but_not_both():
    assert found_in(320, (0, 40)) == [(0, 40)]
    assert found_in(320, (280, 319)) == [(280, 319)]
    assert found_in(320, (0, 318)) == [(0, 318)]
    assert found_in(320, (0, 319)) == []
    frozen = np.ones(320, bool)  # as if the first repeated one before it
    assert freeze_frames.find_frozen(make_features(frozen, 16.0)) == ()


def test_stretches_of_each_recording_are_found_in_it():
    frozen = np.zeros(64, bool)
    frozen[[*range(5, 31), *range(41, 60)]] = True
    one = make_features(frozen, 16.0)
    samples = replace(
        one.samples,
        recordings=np.array([0, 0, 1, 1]),
        frames=np.concatenate([one.samples.frames[:2]] * 2),
    )
    found = freeze_frames.find_frozen(replace(one, samples=samples))
    assert [(freeze.recording, freeze.frame) for freeze in found] == [(0, 8), (1, 16)]
    assert [(freeze.time_s, freeze.end_s) for freeze in found] == [
        (4 / 16, 30 / 16), (40 / 16, 59 / 16)
    ]  # fmt: skip


def test_the_clip_in_the_middle_of_a_stretch_says_its_plane():
    """Samples 20 to 50: the middle one is 35, of clip 2."""
    planes = np.zeros((20, 2), np.float32)
    planes[:, 0] = 1
    planes[2] = (0.2, 0.8)
    only = features_frozen(320, (20, 50), classes=("Background", "Femur"), planes=planes)
    assert freeze_frames.find_frozen(only)[0].plane == "Femur"
    for beside in (1, 3):
        moved = np.roll(planes, beside - 2, axis=0)
        other = features_frozen(320, (20, 50), classes=("Background", "Femur"), planes=moved)
        assert freeze_frames.find_frozen(other)[0].plane is None


@pytest.mark.parametrize(
    ("given_s", "kept"),
    [(8.9, True), (9.0, False), (10.0, False), (15.0, False), (16.0, False), (16.1, True)],
)
def test_a_given_one_replaces_a_stretch_from_a_second_before_to_a_second_after(given_s, kept):
    stretch = FreezeFrame(10.0, 0, 250, "frozen", None, end_s=15.0)
    together = freeze_frames.merged([listed(given_s)], [stretch])
    assert (stretch in together) == kept
    assert [freeze.time_s for freeze in together] == sorted({given_s, *([10.0] if kept else [])})


def ten_shots():
    return shots_between([(n * 100, n * 100 + 100) for n in range(10)], 25.0, [0.5] * 10)


def test_saves_ten_seconds_apart_are_two():
    assert freeze_frames.reference_shots([listed(2.0), listed(12.0)], ten_shots()) == [0, 3]
    assert freeze_frames.reference_shots([listed(2.0), listed(11.96)], ten_shots()) == [2]


def test_a_later_save_without_a_plane_or_of_the_same_replaces_the_first():
    for later in (None, "Femur"):
        saves = [listed(2.0, "Femur"), listed(9.0, later)]
        assert freeze_frames.reference_shots(saves, ten_shots()) == [2]
    unnamed = [listed(2.0), listed(9.0, "Femur")]
    assert freeze_frames.reference_shots(unnamed, ten_shots()) == [2]


def test_several_saves_in_one_shot_make_one_reference_shot_and_those_nowhere_none():
    shots = ten_shots()
    saves = [listed(1.0, "Femur"), listed(2.0, "Kidneys"), listed(39.9, "Lips")]
    assert freeze_frames.reference_shots(saves, shots) == [0, 9]
    assert freeze_frames.reference_shots([listed(50.0)], shots) == []


def test_a_shot_holds_frames_of_its_own_recording_from_its_first_to_before_its_end():
    first, second = shots_between([(0, 50), (50, 100)], 25.0, [0.5, 0.5])
    shots = [first, second, replace(first, recording=1), replace(second, recording=1)]
    places = [(0, 0), (0, 49), (0, 50), (0, 99), (0, 100), (1, 0), (1, 50), (2, 3)]
    freezes = [FreezeFrame(0.0, which, at, "listed", None, end_s=0.0) for which, at in places]
    assert freeze_frames.holders(freezes, shots) == [0, 0, 1, 1, None, 2, 3, None]
    shots[3] = replace(shots[3], selected=True)
    found = freeze_frames.holders(freezes, shots, selected_only=True)
    assert found == [None] * 6 + [3, None]


@pytest.mark.parametrize(
    ("begin_s", "end_s", "matched"),
    [
        (1.0, 1.9, None),
        (1.0, 2.0, 1),  # it shows its last picture there
        (1.0, 3.0, 1),
        (3.0, 5.0, 1),
        (4.0, 5.0, None),
        (1.0, 9.0, 1),
        (1.0, 1.0, None),
    ],
)
def test_a_stretch_reaches_the_key_shot_it_lasts_into(begin_s, end_s, matched):
    """The second of four shots of two seconds is a key shot, and the last."""
    shots = [*shots_between([(n * 50, n * 50 + 50) for n in range(4)], 25.0, [0.5] * 4)]
    shots[1], shots[3] = replace(shots[1], selected=True), replace(shots[3], selected=True)
    stretch = FreezeFrame(begin_s, 0, 25, "frozen", None, end_s=end_s)
    if matched == 1 and begin_s == 3.0:
        stretch = replace(stretch, frame=75)
    (found,) = freeze_frames.matched([stretch], shots)
    assert found.matched_shot == matched


def test_a_stretch_of_another_recording_reaches_no_shot():
    shots = [replace(shot, selected=True) for shot in shots_between([(0, 50)], 25.0, [0.5])]
    stretch = FreezeFrame(0.5, 1, 12, "frozen", None, end_s=1.5)
    assert freeze_frames.matched([stretch], shots)[0].matched_shot is None
