"""What is known about composed recordings."""

import json
from dataclasses import replace

import numpy as np
import pytest

from usummary.errors import UnreadableFile
from usummary.readers.find_exams import find_exams
from usummary.training.composing.script import LabelledRange, Save
from usummary.training.composing.truth import Truth, read_truth
from usummary.training.judging.measures import truth_scores
from usummary.types import Shot

TRUTH = Truth(
    fps=10,
    frame_count=100,
    visits=(
        LabelledRange("Femur", 0, 40),
        LabelledRange("", 40, 60),
        LabelledRange("Lips", 60, 100),
    ),
    held=((20, 50), (70, 95)),
    saves=(Save(39, "Femur"), Save(90, "Lips"), Save(95, "Other")),
)


def shot(start, end):
    return Shot(0, start, end, start / 10, end / 10, 0.5, start)


def test_a_hold_is_where_a_plane_is_visited_and_held():
    assert np.flatnonzero(TRUTH.holds()).tolist() == [*range(20, 40), *range(70, 95)]
    assert np.flatnonzero(TRUTH.holds(["Lips"])).tolist() == [*range(70, 95)]
    assert not TRUTH.holds([]).any()


@pytest.mark.parametrize(
    ("shots", "share"),
    [
        ([], 0),
        ([(30, 50)], 0.5),  # a second of the femur, then searching
        ([(31, 50)], 0),
        ([(20, 25), (35, 70)], 0.5),  # twice half a second
        ([(0, 100)], 1),
        ([(0, 30), (85, 100)], 1),
    ],
)
def test_a_plane_is_seen_after_a_second_of_it(shots, share):
    assert TRUTH.planes_seen([shot(*one) for one in shots]) == share


def test_without_saved_planes_none_is_seen():
    assert replace(TRUTH, saves=(Save(5, "Other"),)).planes_seen([shot(0, 100)]) == 0


def test_it_is_read_from_beside_the_recording(composed, exam):
    (path,) = find_exams(composed["test"])
    told = json.loads(path.with_suffix(".truth.json").read_text())
    truth = read_truth(path)
    assert exam.truth == truth
    assert (truth.fps, truth.frame_count) == (told["fps"], told["frame_count"])
    assert truth.visits[0].start == 0
    assert truth.visits[-1].end == truth.frame_count
    assert [save.label for save in truth.saves] == [one["label"] for one in told["saves"]]
    scores = truth_scores(exam)
    frames = exam.features.samples.frames.ravel()
    assert scores.tolist() == truth.holds()[frames].tolist()
    assert 0 < scores.mean() < 1


def test_other_files_have_no_truth_and_damage_is_told(tmp_path):
    path = tmp_path / "scan.mp4"
    assert read_truth(path) is None
    beside = tmp_path / "scan.truth.json"
    beside.write_text('{"simulated": true}')
    assert read_truth(path) is None
    for text in ("{", "[]", '{"composed": true}', '{"composed": true, "fps": "many"}'):
        beside.write_text(text)
        with pytest.raises(UnreadableFile, match=r"scan\.truth\.json"):
            read_truth(path)
