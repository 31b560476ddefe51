"""A summary that a person edited says so, in its record and in its notices."""

import json

import jsonschema

from tests.export.exams import small_case
from usummary import paths, pipeline
from usummary.export import ExportOptions, export_summary
from usummary.selection import edits as e
from usummary.selection.edits import UNEDITED

RECORD_ONLY = ExportOptions(
    reel=False, clips=False, stills=False, contact_sheet=False, report=False
)
OUTLINE = ((70, 5), (310, 5), (200, 230))


def record_of(edits, folder):
    exam, summary = small_case()
    chosen = pipeline.select(summary.analysis, "15%", edits=edits)
    export_summary(exam, chosen, folder, RECORD_ONLY)
    record = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    schema = json.loads((paths.resources_dir() / "schema/summary.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(record)
    return record


def test_edits_stand_in_the_record(tmp_path):
    analysis = small_case()[1].analysis
    first, second, *_, last = analysis.shots
    edits = e.lock(e.reject(e.keep(UNEDITED, last), second), first)
    edits = e.add_shot(edits, analysis.shots, 0, 110, 120)
    edits = e.add_freeze(edits, e.freeze_at(analysis, 0, 30, "Lips"))
    edits = e.remove_freeze(edits, analysis.freeze_frames[1])
    edits = e.set_mask(edits, 0, OUTLINE, 1)
    record = record_of(edits, tmp_path / "out")
    assert record["edits"] == {
        "kept": 2, "locked": 1, "rejected": 1, "recut": 3,
        "freeze_frames_added": 1, "freeze_frames_removed": 1, "freeze_frames_relabelled": 0,
        "masks": 1,
    }  # fmt: skip
    decided = {
        (shot["start_frame"], shot["end_frame"]): (shot["decision"], shot["recut"])
        for shot in record["shots"]
    }
    assert decided[0, 30] == ("locked", False)
    assert decided[30, 100] == ("rejected", False)
    assert decided[110, 120] == ("kept", True)
    assert decided[120, 200] == ("automatic", True)
    # The exam has two listed at one picture, and a picture is what one is removed by.
    assert [freeze["source"] for freeze in record["freeze_frames"]] == ["added"]
    region = record["input"]["recordings"][0]["region"]
    assert region["source"] == "person"
    assert region["polygon"] == [list(vertex) for vertex in OUTLINE]
    (said,) = [text for text in record["notices"] if "edited" in text]
    assert said.startswith("A person edited this summary (kept 2, locked 1, rejected 1, recut 3,")


def test_without_edits_the_record_says_that_nobody_changed_it(tmp_path):
    record = record_of(UNEDITED, tmp_path / "out")
    assert record["edits"] == {}
    assert {(shot["decision"], shot["recut"]) for shot in record["shots"]} == {("automatic", False)}
    assert not any("edited" in text for text in record["notices"])
