"""A summary that covers the planes, exported: its stretches, its record, its notices."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from tests.export.exams import DrawnRecording, even_times, make_exam, make_summary, sector, shot
from usummary import paths, pipeline
from usummary.export import export_summary
from usummary.types import STANDARD_PLANES, PlaneTrack

RATE = 25
BORDERS = (0, 10, 20, 30)  # seconds
PLANES = ("Femur", "Lips", None)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The record, and what was written, of 6 s of 30 in which each shot peaks for 3 s."""
    exam = make_exam(DrawnRecording("exam.mp4", (320, 240), even_times(30 * RATE)))
    shots = [
        shot(exam, a * RATE, b * RATE, plane=plane, selected=False)
        for a, b, plane in zip(BORDERS, BORDERS[1:], PLANES, strict=False)
    ]
    analysis = make_summary(exam, shots, [sector(320, 240)]).analysis
    scores = analysis.scores
    values = np.where(scores.times_s % 10 < 7, 0.2, 0.9).astype(np.float32)
    clips = np.arange(0, 30 * RATE, RATE)
    shown = [STANDARD_PLANES.index(plane or "4CH") for plane in PLANES for _ in range(10)]
    analysis = replace(
        analysis,
        scores=replace(scores, values=values),
        shots=tuple(replace(one, score=0.41) for one in analysis.shots),
        planes=PlaneTrack(
            np.zeros_like(clips), clips, np.array(shown), np.full(30, 0.8, np.float32)
        ),
    )
    folder = tmp_path_factory.mktemp("covered") / "out"
    summary = pipeline.select(analysis, "20%", cover_s=3.0)
    files = export_summary(exam, summary, folder)
    return json.loads((folder / "summary.json").read_text(encoding="utf-8")), files


def test_the_record_says_that_and_how_planes_are_covered(exported):
    record, _ = exported
    schema = json.loads((paths.resources_dir() / "schema/summary.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(record)
    assert record["selection"]["cover_planes"] is True
    assert record["coverage"]["Femur"]["shown"]
    assert record["coverage"]["Lips"]["shown"]
    key_shots = [one for one in record["shots"] if one["selected"]]
    assert [(one["plane"], one["whole"]) for one in key_shots] == [
        ("Femur", [0, 250]), ("Lips", [250, 500])
    ]  # fmt: skip
    for one in key_shots:
        assert one["start_s"] % 10 == pytest.approx(7, abs=0.1)
        assert one["score"] == pytest.approx(0.9, abs=0.01)
    assert record["shots"][-1]["whole"] is None


def test_only_the_stretches_are_in_clips_and_stills(exported):
    names = [path.name for path in exported[1]]
    assert sum(name.endswith(".mp4") and name.startswith("shot") for name in names) == 2
    assert sum("Femur" in name for name in names) == 2
