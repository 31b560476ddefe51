"""Which standard plane is recognised, and from what probability on."""

from dataclasses import replace

import numpy as np
import pytest

from tests.values import make_features
from usummary.analysis.planes import best_plane

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
