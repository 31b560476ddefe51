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
