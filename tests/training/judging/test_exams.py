"""Exams to learn from: a composed recording read with a tiny backbone."""

from dataclasses import replace

import numpy as np
import pytest

from tests.builders import write_study, write_video
from usummary import readers
from usummary.analysis import freeze_frames, shots
from usummary.analysis.scores import score
from usummary.errors import UnreadableFile
from usummary.readers.find_exams import find_exams
from usummary.selection.choose import MODES
from usummary.settings import Settings
from usummary.training.judging.exams import read_exam
from usummary.types import BACKGROUND

FPS = 10


def test_an_exam_is_read_once_for_both_modes(exam, composed):
    (path,) = find_exams(composed["test"])
    assert exam.name == path.name
    assert {*exam.analyses} == {*MODES}
    for analysis in exam.analyses.values():
        assert analysis.path == path
        assert analysis.frame_count == 30 * FPS
        assert analysis.duration_s == pytest.approx(30)
        assert analysis.shots[0].start_frame == 0
        assert analysis.shots[-1].end_frame == 30 * FPS
        assert all(shot.score == 0 and not shot.selected for shot in analysis.shots)
        listed = [(f.frame, f.plane) for f in analysis.freeze_frames if f.source == "listed"]
        assert listed == [(110, "Abdominal"), (215, "Brain (Tv.)")]
    assert all(shot.duration_s >= 2 for shot in exam.analyses["application"].shots)


def test_the_reference_is_the_shots_that_hold_saves(exam):
    shots_ = exam.analyses["application"].shots
    held = [i for i, s in enumerate(shots_) if s.start_frame <= 110 < s.end_frame]
    held += [i for i, s in enumerate(shots_) if s.start_frame <= 215 < s.end_frame]
    assert exam.reference == sorted({*held})


def test_shown_freezes_are_found_without_the_list(exam):
    found = freeze_frames.find_frozen(exam.features)
    assert [save.time_s for save in found] == pytest.approx([11.0, 21.5], abs=0.25)
    assert all(save.end_s - save.time_s > 1.2 for save in found)


def test_wanted_scores_mark_the_reference(exam):
    wanted = exam.wanted().reshape(exam.features.samples.frames.shape)
    assert {*np.unique(wanted)} == {0, 1}
    shots_ = [exam.analyses["application"].shots[index] for index in exam.reference]
    for frame, value in zip(exam.features.samples.frames.flat, wanted.flat, strict=True):
        assert value == any(shot.start_frame <= frame < shot.end_frame for shot in shots_)


@pytest.mark.parametrize("mode", MODES)
def test_scored_shots_are_those_of_a_full_run(exam, composed, mode):
    class Given:
        def run(self, _):
            return (values,)

    values = np.random.default_rng(1).random(exam.wanted().size).astype(np.float32)
    analysis = exam.scored(values, mode)
    (path,) = find_exams(composed["test"])
    with readers.open_exam(path) as opened:
        scores = score(exam.features, Given())
        wanted = shots.make_shots(opened, exam.features, scores, Settings(mode=mode))
    assert analysis.shots == wanted
    assert np.array_equal(analysis.scores.values, scores.values)
    assert max(shot.score for shot in analysis.shots) > 0
    assert exam.analyses[mode].shots[0].score == 0


def test_plane_confidence_is_what_is_not_background(exam):
    features = exam.features
    column = features.classes.index(BACKGROUND)
    rest = np.delete(features.planes, column, axis=1).sum(axis=1)
    np.testing.assert_allclose(exam.plane_confidence(), rest, atol=1e-5)
    bare = replace(exam, features=replace(features, classes=(), planes=features.planes[:, :0]))
    assert bare.plane_confidence() is None


def test_a_lesson_has_what_the_trainer_needs(exam):
    lesson = exam.lesson()
    clips, samples = exam.features.samples.frames.shape
    assert lesson.features.shape == (clips, 8, 2, 3)
    assert len(lesson.steps) % clips == 0
    assert lesson.steps.shape[1] == 8
    assert lesson.plane.shape == (clips,)
    assert lesson.wanted.shape == (clips * samples,)


def test_reading_again_gives_the_same(exam, composed, backbone):
    (path,) = find_exams(composed["test"])
    again = read_exam(path, backbone, Settings(device="cpu"))
    assert np.array_equal(again.features.maps, exam.features.maps)
    assert again.analyses["application"].shots == exam.analyses["application"].shots


def test_samples_of_a_shot_lie_in_its_own_recording(exam):
    features = exam.features
    half = len(features.samples.frames) // 2
    recordings = np.repeat([0, 1], [half, len(features.samples.frames) - half])
    two = replace(
        exam, features=replace(features, samples=replace(features.samples, recordings=recordings))
    )
    first = exam.analyses["application"].shots[0]
    inside = two.sampled_in(first)
    assert inside[:half].any()
    assert not inside[half:].any()
    assert not two.sampled_in(replace(first, recording=1))[:half].any()


def test_recordings_and_studies_of_a_folder_are_found(tmp_path):
    write_video(tmp_path / "b.MP4", n=4)
    write_video(tmp_path / "a.mkv", n=4)
    write_study(tmp_path / "c study", cines=1, stills=0)
    for other in ("b.freeze.csv", "b.truth.json", "notes.txt"):
        (tmp_path / other).write_text("")
    (tmp_path / "empty").mkdir()
    assert [path.name for path in find_exams(tmp_path)] == ["a.mkv", "b.MP4", "c study"]


def test_a_folder_without_recordings_is_named(tmp_path):
    with pytest.raises(UnreadableFile, match="holds no recordings"):
        find_exams(tmp_path)
    with pytest.raises(UnreadableFile, match="is no folder"):
        find_exams(tmp_path / "none")
