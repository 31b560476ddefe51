"""The truth beside a simulated exam, as JSON."""

from __future__ import annotations

from typing import Any

from usummary.phantom.exam import SimulatedExam
from usummary.phantom.planes import PLANES
from usummary.phantom.script import FrameRange

NOTE = "Simulated: rendered by usummary phantom. No patient, no scanner; every name is made up."


def truth_of(
    exam: SimulatedExam, intervals: tuple[FrameRange, ...], frame_count: int
) -> dict[str, Any]:
    """Everything that is known of the exam, with times in seconds and half-open frame ranges.

    Args:
        exam: The exam.
        intervals: What goes on when, on the timeline of what was written.
        frame_count: Frames on that timeline.
    """
    script, box = exam.script, exam.fan.box
    return {
        "simulated": True,
        "note": NOTE,
        "seed": script.seed,
        "fps": script.fps,
        "frame_count": frame_count,
        "duration_s": frame_count / script.fps,
        "size": [exam.width, exam.height],
        "sector": {
            "box": [box.x0, box.y0, box.x1, box.y1],
            "polygon": [[round(x, 2), round(y, 2)] for x, y in exam.fan.polygon],
        },
        "burned_in": {
            "hospital": exam.patient.hospital,
            "name": exam.patient.name,
            "identifier": exam.patient.identifier,
            "begun": exam.patient.begun.isoformat(),
        },
        "planes": _planes(intervals, script.fps),
        "searching": [_entry(part, script.fps) for part in intervals if part.kind == "searching"],
        "freezes": [_entry(part, script.fps) for part in intervals if part.kind == "frozen"],
    }


def _planes(intervals: tuple[FrameRange, ...], fps: int) -> list[dict[str, Any]]:
    """Runs in which one plane is shown, live or frozen."""
    runs: list[FrameRange] = []
    for part in intervals:
        if part.plane is None:
            continue
        if runs and runs[-1].end == part.start and runs[-1].plane == part.plane:
            part = FrameRange("live", runs.pop().start, part.end, part.plane)
        runs.append(part)
    return [_entry(run, fps) for run in runs]


def _entry(part: FrameRange, fps: int) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "start_s": round(part.start / fps, 6),
        "end_s": round(part.end / fps, 6),
        "start_frame": part.start,
        "end_frame": part.end,
    }
    return entry if part.plane is None else {"plane": PLANES[part.plane].name, **entry}
