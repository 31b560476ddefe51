"""The run record `summary.json`; its schema is `resources/schema/summary.schema.json`."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from usummary.errors import ExportError
from usummary.export.names import is_simulated
from usummary.export.options import RESEARCH_USE, ExportOptions
from usummary.export.shots import ShownShot
from usummary.types import Exam, FreezeFrame, Shot, Summary

SCHEMA_VERSION = "1.3"
_HIDDEN = "the recording"
"""Words that replace a file's name in texts."""


def build_record(
    exam: Exam,
    summary: Summary,
    options: ExportOptions,
    shown: Sequence[ShownShot],
    artefacts: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """The record as plain JSON values.

    Files are named without their folders. A file's own name stays, because without it nobody would
    find the recording again (docs/formats.md tells people so).
    """
    analysis, provenance = summary.analysis, summary.analysis.provenance
    record = {
        "schema_version": SCHEMA_VERSION,
        "program": "usummary",
        "notice": RESEARCH_USE,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "simulated": is_simulated(exam),
        "input": _input(exam, summary),
        "models": list(provenance.models),
        "device": provenance.device,
        "settings": {key: _without_folder(value) for key, value in provenance.settings.items()},
        "versions": provenance.versions,
        "timings_s": provenance.timings_s,
        "notices": all_notices(exam, summary, options),
        "selection": {
            "length": summary.length,
            "mode": summary.mode,
            "cover_planes": summary.cover_s > 0,
            "budget_s": summary.budget_s,
            "used_s": summary.used_s,
            "key_shots": len(summary.key_shots),
        },
        "edits": summary.edits,
        "export": {
            "masked": options.mask,
            "captions": options.captions,
            "notice_in_films": options.notice,
        },
        "coverage": summary.coverage,
        "metrics": summary.metrics,
        "shots": _shots(summary, shown),
        "freeze_frames": [_freeze_frame(freeze) for freeze in summary.freeze_frames],
        "artefacts": list(artefacts),
        "scores": {
            "times_s": [round(float(time), 6) for time in analysis.scores.times_s],
            "values": [round(float(value), 6) for value in analysis.scores.values],
        },
    }
    plain: dict[str, Any] = _shortened(_plain(record), exam)
    return plain


def all_notices(exam: Exam, summary: Summary, options: ExportOptions) -> list[str]:
    """All notices about reading, analysing, selecting and exporting, each once."""
    notices = [*exam.notices, *summary.analysis.provenance.notices, *summary.notices]
    if summary.edits:
        notices.append(_edited(summary.edits))
    if not summary.key_shots:
        notices.append("No key shot was selected, so there is no reel.")
    if not options.mask:
        notices.append("Nothing was masked: the pictures may show patient data.")
    elif any(region.source == "whole" for region in summary.analysis.regions):
        notices.append(
            "No ultrasound sector was found in at least one recording; its pictures are exported "
            "whole and may show patient data."
        )
    return list(dict.fromkeys(notices))


def write_record(record: dict[str, Any], path: Path) -> None:
    """Write the record, one line for each of its keys and each shot, and read it back.

    Raises:
        ExportError: It does not read back as it was written.
    """
    lines = [f"{json.dumps(key)}: {_lines(value)}" for key, value in record.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    if json.loads(path.read_text(encoding="utf-8")) != record:
        raise ExportError(f"{path.name} did not read back as it was written. Export again.")


def describe_file(path: Path, folder: Path) -> dict[str, Any]:
    """Entry of an artefact: path in the folder, size and SHA-256."""
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    name = path.relative_to(folder).as_posix()
    return {"path": name, "bytes": path.stat().st_size, "sha256": digest}


def hide_names(text: str, exam: Exam) -> str:
    """`text` without the names of the exam's files, which can hold a patient's name.

    Notices put names in quotes. Elsewhere a name only counts with its folder or its ending: a file
    may be called ``1.mp4`` or ``planes``, and numbers and words must stay what they are.
    """
    names: set[str] = set()
    for path in _paths(exam):
        names |= {path.name, path.stem}
        if len(path.parts) > 1:
            text = text.replace(str(path), _HIDDEN)
        if path.suffix:
            stem = re.escape(path.stem)
            text = re.sub(rf"(?<![\w.]){stem}(?:\.[A-Za-z]\w*)+(?!\w)", _HIDDEN, text)
    listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    name = re.compile(rf"(?<!\w)(?:{listed})(?!\w)")
    return re.sub(r'"([^"]*)"', lambda quoted: f'"{name.sub(_HIDDEN, quoted[1])}"', text)


def _edited(edits: dict[str, int]) -> str:
    made = ", ".join(
        f"{kind.replace('_', ' ').replace('freeze frames', 'freeze-frames')} {count}"
        for kind, count in edits.items()
        if count
    )
    return f"A person edited this summary ({made})." if made else "A person edited this summary."


def _input(exam: Exam, summary: Summary) -> dict[str, Any]:
    return {
        "name": exam.path.name,
        "files": [
            {
                "name": PurePath(name).name if PurePath(name).is_absolute() else name,
                "sha256": sha256,
            }
            for name, sha256 in summary.analysis.provenance.input_sha256.items()
        ],
        "duration_s": summary.analysis.duration_s,
        "frame_count": summary.analysis.frame_count,
        "recordings": [
            {
                "name": recording.info.path.name,
                "kind": recording.info.kind,
                "encoding": recording.info.encoding,
                "width": recording.info.width,
                "height": recording.info.height,
                "frame_count": recording.info.frame_count,
                "duration_s": recording.info.duration_s,
                "offset_s": offset,
                "region": {
                    "source": region.source,
                    "box": [region.box.x0, region.box.y0, region.box.x1, region.box.y1],
                    "polygon": [list(vertex) for vertex in region.polygon],
                },
            }
            for recording, offset, region in zip(
                exam.recordings, exam.offsets_s, summary.analysis.regions, strict=True
            )
        ],
    }


def _shots(summary: Summary, shown: Sequence[ShownShot]) -> list[dict[str, Any]]:
    files = {id(entry.shot): entry for entry in shown}
    return [_shot(shot, files.get(id(shot))) for shot in summary.shots]


def _shot(shot: Shot, shown: ShownShot | None) -> dict[str, Any]:
    return {
        "recording": shot.recording,
        "start_frame": shot.start_frame,
        "end_frame": shot.end_frame,
        "start_s": round(shot.start_s, 6),
        "end_s": round(shot.end_s, 6),
        "score": shot.score,
        "key_frame": shot.key_frame,
        "plane": shot.plane,
        "plane_confidence": shot.plane_confidence,
        "selected": shot.selected,
        "decision": shot.decision,
        "recut": shot.recut,
        "whole": list(shot.whole) if shot.whole else None,
        "clip": shown.clip if shown else None,
        "still": shown.still if shown else None,
    }


def _freeze_frame(freeze: FreezeFrame) -> dict[str, Any]:
    return {
        "time_s": round(freeze.time_s, 6),
        "end_s": round(max(freeze.end_s, freeze.time_s), 6),
        "recording": freeze.recording,
        "frame": freeze.frame,
        "source": freeze.source,
        "plane": freeze.plane,
        "file": freeze.path.name if freeze.path else None,
        "matched_shot": freeze.matched_shot,
    }


def _plain(value: Any) -> Any:
    """A nested value as JSON values; paths become their names, infinite numbers and NaN null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, PurePath):
        return value.name
    if value is None or isinstance(value, str | bool | int):
        return value
    number = value.item() if hasattr(value, "item") else float(value)
    if isinstance(number, float) and not math.isfinite(number):
        return None
    return number


def _without_folder(value: Any) -> Any:
    """A text that is an absolute path, without its folders: these can hold a person's name."""
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return value


def _shortened(value: Any, exam: Exam) -> Any:
    """The same value with the folders of the exam's files removed from all texts."""
    if isinstance(value, dict):
        return {key: _shortened(item, exam) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item, exam) for item in value]
    if isinstance(value, str):
        for path in _paths(exam):
            value = value.replace(str(path), path.name)
    return value


def _paths(exam: Exam) -> list[Path]:
    """Files and folders of the exam, longest path first: it can contain a shorter one."""
    stills = [freeze.path for freeze in exam.freeze_frames if freeze.path]
    paths = {exam.path, *(recording.info.path for recording in exam.recordings), *stills}
    paths.update(exam.left_out)
    return sorted(paths, key=lambda path: len(str(path)), reverse=True)


def _lines(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n " + ",\n ".join(json.dumps(item, allow_nan=False) for item in value) + "\n]"
    return json.dumps(value, allow_nan=False)
