"""The tables of the run record as CSV files too, for spreadsheets and statistics programs."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from usummary.errors import ExportError
from usummary.export.options import RESEARCH_USE, SIMULATED
from usummary.export.shots import ShownShot
from usummary.types import Summary

SHOTS, FREEZE_FRAMES, SCORES = "shots.csv", "freeze_frames.csv", "scores.csv"

_SHOTS = (
    "recording", "start_frame", "end_frame", "start_s", "end_s", "score", "key_frame", "plane",
    "plane_confidence", "selected", "decision", "clip", "still",
)  # fmt: skip
_FREEZE_FRAMES = ("recording", "frame", "time_s", "end_s", "source", "plane", "matched_shot")
_SCORES = ("recording", "frame", "time_s", "score")

Cell = str | int | float | bool | None


def write_tables(
    summary: Summary, shown: Sequence[ShownShot], folder: Path, *, simulated: bool
) -> list[str]:
    """Write the three tables (RFC 4180, UTF-8) and read them back; returns their names.

    Numbers have the fewest digits that read back as the same number; unknown values are empty. The
    last column repeats in every row what the data may be used for.

    Raises:
        ExportError: A table does not read back as it was written.
    """
    notice = f"{SIMULATED}. {RESEARCH_USE}" if simulated else RESEARCH_USE
    tables = (
        (SHOTS, _SHOTS, _shots(summary, shown)),
        (FREEZE_FRAMES, _FREEZE_FRAMES, _freeze_frames(summary)),
        (SCORES, _SCORES, _scores(summary)),
    )
    for name, columns, rows in tables:
        _write(folder / name, columns, rows, notice)
    return [name for name, _, _ in tables]


def _shots(summary: Summary, shown: Sequence[ShownShot]) -> Iterable[Sequence[Cell]]:
    files = {id(entry.shot): entry for entry in shown}
    for shot in summary.shots:
        entry = files.get(id(shot))
        yield (
            shot.recording, shot.start_frame, shot.end_frame, shot.start_s, shot.end_s, shot.score,
            shot.key_frame, shot.plane, shot.plane_confidence, shot.selected, shot.decision,
            entry.clip if entry else None, entry.still if entry else None,
        )  # fmt: skip


def _freeze_frames(summary: Summary) -> Iterable[Sequence[Cell]]:
    """Rows of the freeze-frames, without the file names of stills: these can hold patient names."""
    for freeze in summary.freeze_frames:
        end_s = max(freeze.end_s, freeze.time_s)
        yield (
            freeze.recording, freeze.frame, freeze.time_s, end_s, freeze.source, freeze.plane,
            freeze.matched_shot,
        )  # fmt: skip


def _scores(summary: Summary) -> Iterable[Sequence[Cell]]:
    scores = summary.analysis.scores
    columns = (scores.recordings, scores.frames, scores.times_s, scores.values)
    return zip(*(column.tolist() for column in columns), strict=True)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], notice: str) -> None:
    lines = [[*columns, "notice"], *([*map(_text, row), notice] for row in rows)]
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(lines)
    with path.open(encoding="utf-8", newline="") as handle:
        if list(csv.reader(handle, strict=True)) != lines:
            raise ExportError(f"{path.name} did not read back as written. Export again.")


def _text(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    return cell if isinstance(cell, str) else repr(cell)
