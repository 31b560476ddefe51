"""Which standard plane is recognised, and from what probability on."""

from dataclasses import replace

import numpy as np
import pytest

from tests.values import make_features
from usummary.analysis.planes import best_plane, plane_track
from usummary.types import STANDARD_PLANES

CLASSES = ("Background", "Femur", "4CH")


def features_with(*rows, unsure=0.5):
    planes = np.array(rows, np.float32)
    made = make_features(np.zeros(16 * len(rows), bool), 15.0, classes=CLASSES, planes=planes)
    return replace(made, unsure=unsure)


@pytest.mark.parametrize(("sure", "plane"), [(0.5, "Femur"), (0.4999, None), (0.9, "Femur")])
def test_a_plane_counts_from_its_threshold_on(sure, plane):
    features = features_with((1 - sure, sure, 0))
    found, confidence = best_plane(features, np.array([0]))
    assert found == plane
    assert confidence == pytest.approx(sure if plane else 0.0)


def test_the_background_is_no_plane_and_the_surest_clip_speaks():
    features = features_with((0.9, 0.1, 0.0), (0.1, 0.6, 0.3), (0.2, 0.0, 0.8))
    assert best_plane(features, np.array([0]))[0] is None
    assert best_plane(features, np.array([0, 1]))[0] == "Femur"
    assert best_plane(features, np.array([0, 1, 2]))[0] == "4CH"
    assert best_plane(features, np.array([], np.int64)) == (None, 0.0)


def test_the_track_names_the_best_standard_plane_of_each_clip():
    """Columns are Background, Femur, 4CH and a class that is no standard plane."""
    rows = np.array([(0.9, 0.04, 0.06, 0), (0.1, 0.5, 0.4, 0), (0, 0.1, 0.2, 0.7)], np.float32)
    features = make_features(np.zeros(48, bool), 15.0, classes=(*CLASSES, "Elbow"), planes=rows)
    track = plane_track(features)
    wanted = [STANDARD_PLANES.index(name) for name in ("4CH", "Femur", "4CH")]
    assert track.planes.tolist() == wanted
    assert track.confidences == pytest.approx([0.06, 0.5, 0.2])
    assert track.confidences.dtype == np.float32
    assert track.frames.tolist() == [0, 32, 64]
    assert track.recordings.tolist() == [0, 0, 0]


def test_a_backbone_without_planes_has_a_track_without_clips():
    track = plane_track(make_features(np.zeros(32, bool), 15.0))
    assert [len(part) for part in (track.planes, track.confidences, track.frames)] == [0] * 3
    assert len(track.recordings) == 0
    assert best_plane(make_features(np.zeros(32, bool), 15.0), np.array([0])) == (None, 0.0)
