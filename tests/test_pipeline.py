"""From a recording to a summary, on simulated exams with the shipped models."""

import itertools
import json

import numpy as np
import pytest

from tests.builders import write_video
from usummary import open_exam, pipeline, summarize
from usummary.errors import InputError, ModelError, SettingsError
from usummary.export import export_summary
from usummary.phantom import Recorder, render
from usummary.progress import STAGES, Cancelled
from usummary.settings import Settings

RECORDER = Recorder(width=480, height=360, fps=24, bit_rate=900_000)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return render(
        tmp_path_factory.mktemp("video") / "exam.mp4", minutes=1, seed=11, recorder=RECORDER
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "exam"
    return render(folder, minutes=0.6, seed=3, recorder=Recorder(320, 240, 12, 300_000))


@pytest.fixture(scope="module")
def analysis(video):
    with open_exam(video) as exam:
        return pipeline.analyse(exam)


def test_freezes_are_found_where_the_truth_has_them(analysis, video):
    truth = json.loads(video.with_suffix(".truth.json").read_text(encoding="utf-8"))
    meant = [(freeze["start_s"], freeze["end_s"]) for freeze in truth["freezes"]]
    found = [(freeze.time_s, freeze.end_s) for freeze in analysis.freeze_frames]
    assert len(found) == len(meant) > 2
    assert np.allclose(found, meant, atol=0.25)
    assert {freeze.source for freeze in analysis.freeze_frames} == {"frozen"}


def test_shots_cover_the_exam_and_scores_are_scores(analysis):
    assert analysis.shots[0].start_frame == 0
    assert analysis.shots[-1].end_frame == analysis.frame_count
    assert all(a.end_frame == b.start_frame for a, b in itertools.pairwise(analysis.shots))
    assert 3 <= analysis.duration_s / len(analysis.shots) <= 8
    assert 0 <= analysis.scores.values.min() < analysis.scores.values.max() <= 1


def test_a_longer_length_keeps_more_within_its_budget(analysis):
    used = []
    for length in ("15%", "20%", "25%", "0.5"):
        summary = pipeline.select(analysis, length)
        assert summary.used_s <= summary.budget_s + 1e-6
        used.append(summary.used_s)
    assert used == sorted(used)
    assert used[0] > 0.6 * 9


def test_length_p_takes_what_the_freeze_frames_hold(analysis):
    summary = pipeline.select(analysis, "P")
    assert 0 < summary.budget_s < analysis.duration_s
    assert 0 <= summary.metrics["f1"] <= 1


def test_all_of_the_exam_holds_every_freeze_frame(analysis):
    summary = pipeline.select(analysis, "100%")
    assert len(summary.key_shots) == len(summary.shots)
    assert summary.metrics["freeze_frame_recall"] == 1
    assert all(freeze.matched_shot is not None for freeze in summary.freeze_frames)


def test_stages_report_in_order(video):
    seen = []
    summarize(video, Settings(use_cache=False), seen.append)
    stages = list(dict.fromkeys(progress.stage for progress in seen))
    assert stages == [stage for stage in STAGES if stage != "exporting"]


def test_cancelled_in_every_stage(video):
    for stage in STAGES[:-1]:

        def stop(progress, stage=stage):
            if progress.stage == stage:
                raise Cancelled

        with pytest.raises(Cancelled):
            summarize(video, Settings(use_cache=False), stop)


def test_a_study_becomes_one_exam_with_its_stills(study, tmp_path):
    with open_exam(study) as exam:
        analysis = pipeline.analyse(exam)
        summary = pipeline.select(analysis, "25%")
        export_summary(exam, summary, tmp_path / "out")
    assert len(analysis.regions) == len(exam.recordings) > 1
    assert {shot.recording for shot in analysis.shots} == set(range(len(exam.recordings)))
    stills = [freeze for freeze in analysis.freeze_frames if freeze.source == "still"]
    assert len(stills) == len(exam.freeze_frames) > 1
    record = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert record["simulated"] is True
    assert (tmp_path / "out" / "summary.mp4").stat().st_size > 0


def test_a_single_picture_is_refused(tmp_path):
    write_video(tmp_path / "one.mp4", n=1)
    with pytest.raises(InputError, match="single picture"):
        summarize(tmp_path / "one.mp4")


def test_an_unknown_model_is_named(video):
    with pytest.raises(ModelError, match="no-such-model"):
        summarize(video, Settings(model="no-such-model"))


def test_p_without_freeze_frames(tmp_path):
    write_video(tmp_path / "seven.mp4", n=7)
    with pytest.raises(SettingsError, match="no freeze-frames"):
        summarize(tmp_path / "seven.mp4", Settings(length="P"))
