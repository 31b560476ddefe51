"""From a recording to a summary, on simulated exams with the shipped models."""

import itertools
import json

import cv2
import numpy as np
import pytest

from tests.builders import blank_packet, write_dicom_cine, write_video
from tests.values import WHOLE
from usummary import open_exam, pipeline, summarize
from usummary.analysis import features as features_stage
from usummary.analysis import freeze_frames
from usummary.errors import InputError, ModelError, SettingsError
from usummary.export import export_summary
from usummary.networks import runtime
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


def moving_pictures(seconds, rate=15, seed=0):
    """Speckle that moves, RGB (H, W, 3), `rate` a second."""
    rng = np.random.default_rng(seed)
    speckle = cv2.GaussianBlur(rng.integers(0, 255, (96, 400)).astype(np.uint8), (5, 5), 0)
    starts = rng.integers(0, 400 - 160, int(seconds * rate))
    return [np.dstack([speckle[:, at : at + 160]] * 3) for at in starts]


def test_renamed_cines_are_looked_at_in_their_new_order(tmp_path):
    """Without times and numbers the names order a study's cines; contents stay the same."""
    study = tmp_path / "study"
    study.mkdir()
    for name, seed in (("a.dcm", 1), ("b.dcm", 2)):
        stored = np.stack(moving_pictures(3, rate=25, seed=seed))
        write_dicom_cine(study / name, stored=stored)
    first = summarize(study).analysis
    (study / "a.dcm").rename(study / "x")
    (study / "b.dcm").rename(study / "a.dcm")
    (study / "x").rename(study / "b.dcm")
    swapped = summarize(study).analysis
    fresh = summarize(study, Settings(use_cache=False)).analysis
    assert np.array_equal(swapped.scores.values, fresh.scores.values)
    assert not np.array_equal(swapped.scores.values, first.scores.values)
    assert np.array_equal(swapped.planes.confidences, fresh.planes.confidences)


def test_another_sampling_rate_is_not_served_from_the_cache(tmp_path):
    path = write_video(tmp_path / "exam.mp4", pictures=moving_pictures(3), fps=15)
    summarize(path)
    slower = summarize(path, Settings(sample_rate=5.0)).analysis.scores
    fresh = summarize(path, Settings(sample_rate=5.0, use_cache=False)).analysis.scores
    assert len(slower.values) == 15
    assert np.array_equal(slower.values, fresh.values)


class SmallGpu:
    """Stands for a GPU whose memory runs out at its fourth clip: the CPU goes on."""

    NOTICE = "The memory of the small GPU is too small; the rest was computed on the CPU."

    def __init__(self, runner):
        self._runner, self.runs = runner, 0

    @property
    def device(self):
        return "small GPU" if self.runs < 4 else self._runner.device

    @property
    def notices(self):
        return (self.NOTICE,) if self.runs >= 4 else ()

    def run(self, inputs):
        self.runs += 1
        return self._runner.run(inputs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._runner.close()


def test_a_fallback_is_told_again_and_leaves_nothing_under_the_gpus_key(tmp_path, monkeypatch):
    path = write_video(tmp_path / "exam.mp4", pictures=moving_pictures(8, seed=4), fps=15)
    monkeypatch.setattr(features_stage, "PART_CLIPS", 2)
    opened = []

    def open_small(model, device="auto"):
        runner = open_runner(model, device)
        if model.role == "summariser":
            return runner
        opened.append(SmallGpu(runner))
        return opened[-1]

    open_runner = runtime.open_runner
    monkeypatch.setattr(runtime, "open_runner", open_small)
    runs = [summarize(path).analysis for _ in range(3)]
    for analysis in runs:
        assert SmallGpu.NOTICE in analysis.provenance.notices
        assert analysis.provenance.device.startswith("CPU")
    # Of eight clips each run keeps the one part, two clips, that its GPU finished before it failed.
    assert [one.runs for one in opened] == [8, 6, 4]


def test_a_screen_without_a_picture_is_no_freeze_frame(tmp_path):
    """Black, flat blue as recorders show where the signal is lost, and a real freeze."""
    black = [np.zeros((96, 160, 3), np.uint8)] * 45
    blue = [np.full((96, 160, 3), (16, 24, 160), np.uint8)] * 45
    parts = [moving_pictures(4, seed=number) for number in range(4)]
    held = [parts[2][-1]] * 45
    pictures = [*parts[0], *black, *parts[1], *blue, *parts[2], *held, *parts[3]]
    path = write_video(tmp_path / "lost.mp4", pictures=pictures, fps=15)
    summary = summarize(path)
    (freeze,) = summary.freeze_frames
    assert freeze.time_s == pytest.approx(18.0, abs=0.15)
    assert freeze.end_s == pytest.approx(21.0, abs=0.5)


def test_a_second_run_tells_of_damage_too(tmp_path, monkeypatch):
    """Finished features are taken over without decoding, and what was met is told all the same.

    The look for the sector passes over most places of a long recording; here it looks at none.
    """
    monkeypatch.setattr(pipeline, "find_region", lambda _: WHOLE)
    path = write_video(tmp_path / "a.avi", codec="mjpeg", pixel_format="yuvj420p")
    blank_packet(path, 20)
    settings = Settings(sample_rate="all")
    first, second = (summarize(path, settings).analysis.provenance for _ in range(2))
    assert any("Damaged places" in notice for notice in first.notices)
    assert second.notices == first.notices


def listed_at(study, text, tmp_path):
    """The summary of a study whose list names one time, and the index of the shot it counts."""
    path = tmp_path / "list.csv"
    path.write_text(f"time_s,plane\n{text},Femur\n", encoding="utf-8")
    summary = summarize(study, Settings(freeze_frames=path, length="P", cover_planes=False))
    analysis = summary.analysis
    (place,) = freeze_frames.reference_shots(analysis.freeze_frames, analysis.shots)
    return summary, analysis.shots[place]


def test_a_listed_time_lies_in_a_shot_up_to_the_exams_end(tmp_path):
    """At the end: in the last shot. Between two cines: in the first of the second one."""
    study = tmp_path / "study"
    study.mkdir()
    for name, seed in (("a.dcm", 1), ("b.dcm", 2)):
        write_dicom_cine(study / name, stored=np.stack(moving_pictures(3, rate=25, seed=seed)))
    summary, last = listed_at(study, "6.0", tmp_path)
    assert (last.recording, last.end_frame) == (1, 75)
    assert summary.metrics["freeze_frame_recall"] >= 0
    all_of_it = pipeline.select(summary.analysis, "100%")
    assert all(freeze.matched_shot is not None for freeze in all_of_it.freeze_frames)
    assert listed_at(study, "3.0", tmp_path)[1].start_frame == 0
    assert listed_at(study, "3.0", tmp_path)[1].recording == 1
    assert listed_at(study, "2.9999", tmp_path)[1].recording == 0
    assert listed_at(study, "0", tmp_path)[1].start_s == 0
    for outside in ("-0.001", "6.001", "nan", "inf"):
        with pytest.raises(SettingsError, match=r"Line 2 .* outside the exam"):
            listed_at(study, outside, tmp_path)
