"""The CSV tables: every number exactly as it was, and nothing that names a patient."""

import csv

import pytest

from tests.export.exams import small_case
from usummary.export import ExportOptions, export_summary

ONLY = ExportOptions(
    reel=False, clips=False, stills=True, contact_sheet=False, report=False, csv=True
)


@pytest.fixture
def exported(tmp_path):
    exam, summary = small_case(("The recording is simulated.",))
    export_summary(exam, summary, tmp_path / "out", ONLY)
    return summary, tmp_path / "out"


def rows(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, strict=True))


def test_shots_are_what_the_summary_holds(exported):
    summary, folder = exported
    read = rows(folder / "shots.csv")
    assert len(read) == len(summary.shots) == 4
    for row, shot in zip(read, summary.shots, strict=True):
        for name in ("recording", "start_frame", "end_frame", "key_frame"):
            assert int(row[name]) == getattr(shot, name)
        for name in ("start_s", "end_s", "score", "plane_confidence"):
            assert float(row[name]) == getattr(shot, name)
        assert row["plane"] == (shot.plane or "")
        assert row["selected"] == ("true" if shot.selected else "false")
        assert bool(row["still"]) == shot.selected
        assert not row["still"] or (folder / row["still"]).exists()


def test_scores_and_freeze_frames_are_exact(exported):
    summary, folder = exported
    scores = summary.analysis.scores
    read = rows(folder / "scores.csv")
    assert [float(row["time_s"]) for row in read] == scores.times_s.tolist()
    assert [float(row["score"]) for row in read] == scores.values.tolist()
    assert [int(row["frame"]) for row in read] == scores.frames.tolist()
    freezes = rows(folder / "freeze_frames.csv")
    assert [float(row["time_s"]) for row in freezes] == [f.time_s for f in summary.freeze_frames]
    assert [row["matched_shot"] for row in freezes] == ["0", ""]


def test_lines_are_as_rfc_4180_has_them_and_say_what_they_may_be_used_for(exported):
    _, folder = exported
    for name in ("shots.csv", "freeze_frames.csv", "scores.csv"):
        content = (folder / name).read_bytes()
        assert content.endswith(b"\r\n")
        assert content.count(b"\n") == content.count(b"\r\n")
        assert {row["notice"] for row in rows(folder / name)} == {
            "SIMULATED. Research use only, not for diagnosis"
        }
        assert b"Jane" not in content
