"""The list of freeze-frames beside a recording: ``<name>.freeze.csv``."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from usummary.errors import SettingsError
from usummary.paths import stem_of
from usummary.types import STANDARD_PLANES, Exam, FreezeFrame

_COLUMNS = {"time_s", "frame", "plane"}
_ROUNDED_S = 0.0005
"""The exam's end is shown rounded to the millisecond, so a listed time can be this much later."""
_PLANES = {plane.casefold(): plane for plane in STANDARD_PLANES}


def find_sidecar(recording: Path) -> Path | None:
    """The path of the list beside a recording, if there is one."""
    beside = recording.absolute().with_name(f"{stem_of(recording)}.freeze.csv")
    return beside if beside.is_file() else None


def read_sidecar(path: Path, exam: Exam) -> tuple[FreezeFrame, ...]:
    """Freeze-frames of a list, by time.

    The first line names the columns: `time_s` (exam time) or `frame` (0-based, counted through the
    exam), and optionally `plane`. Comma, semicolon and tabulator separate.

    Raises:
        SettingsError: The file cannot be read or a line is wrong; the line is named.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The list of freeze-frames {path} cannot be read; save it as a UTF-8 text file."
        ) from error
    separator = max(",;\t", key=(lines[0] if lines else "").count)
    rows = _rows(path, csv.reader(lines, delimiter=separator))
    names = [name.strip().casefold() for name in next(rows, (1, []))[1]]
    if not set(names) <= _COLUMNS or ("time_s" in names) == ("frame" in names):
        raise SettingsError(
            f"The first line of {path} must name its columns: time_s or frame, and perhaps plane."
        )
    freezes = []
    for line, row in rows:
        cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
        if not any(cells.values()):
            continue
        try:
            freezes.append(_freeze_frame(cells, exam))
        except ValueError as error:
            raise SettingsError(f"Line {line} of {path}: {error}") from error
    return tuple(sorted(freezes, key=lambda freeze: freeze.time_s))


def _rows(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line.

    Raises:
        SettingsError: `csv` refuses a line, such as one with a cell of 131,072 characters.
    """
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise SettingsError(
            f"Line {reader.line_num} of {path} is not one of a list of freeze-frames ({error}). "
            "Mend or remove it."
        ) from error


def _freeze_frame(cells: dict[str, str], exam: Exam) -> FreezeFrame:
    """The freeze-frame of one line.

    Raises:
        ValueError: The line is wrong; the text says how.
    """
    plane = None
    if cells.get("plane"):
        plane = _PLANES.get(cells["plane"].casefold())
        if plane is None:
            raise ValueError(
                f'"{cells["plane"]}" is no standard plane. Write one of '
                f"{', '.join(STANDARD_PLANES)}, or nothing."
            )
    if "frame" in cells:
        recording, frame = _counted(cells["frame"], exam)
        time_s = exam.time_of(recording, frame)
    else:
        time_s = _time(cells.get("time_s", ""), exam)
        recording, frame = exam.locate(time_s)
    return FreezeFrame(time_s, recording, frame, "listed", plane=plane, end_s=time_s)


def _time(text: str, exam: Exam) -> float:
    try:
        time_s = float(text.replace(",", "."))
    except ValueError as error:
        raise ValueError(f'"{text}" is no time in seconds.') from error
    if not 0 <= time_s <= exam.duration_s + _ROUNDED_S:
        raise ValueError(f"{text} s is outside the exam, which lasts {exam.duration_s:.3f} s.")
    return min(time_s, exam.duration_s)  # the exam's end means its last frame


def _counted(text: str, exam: Exam) -> tuple[int, int]:
    """Recording position and frame index of a frame that is counted through the whole exam."""
    if not text.isdecimal() or len(text) > 18 or int(text) >= exam.frame_count:
        raise ValueError(f'"{text}" is no frame of the exam, which has {exam.frame_count} frames.')
    starts = [0]
    for recording in exam.recordings[:-1]:
        starts.append(starts[-1] + recording.info.frame_count)
    which = bisect_right(starts, int(text)) - 1
    return which, int(text) - starts[which]
