"""Names of exported files, and exam times as text."""

from __future__ import annotations

import re

from usummary.types import Exam, Shot


def exam_clock(time_s: float) -> str:
    """Exam time for people, whole seconds rounded down: ``0:12:34``."""
    whole = int(time_s + 1e-6)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def shot_stem(number: int, shot: Shot, time_s: float) -> str:
    """File name, without its ending, of the clip or still of key shot `number` (from 1).

    Only ASCII letters, digits, ``_`` and ``-``, so that it is valid on every file system. Sorted by
    name, up to 999 key shots are in exam order.
    """
    clock = "{}h{}m{}s".format(*exam_clock(time_s).split(":"))
    plane = re.sub(r"[^A-Za-z0-9]+", "-", shot.plane or "").strip("-")
    return "_".join(part for part in (f"shot{number:03d}", clock, plane) if part)


def is_simulated(exam: Exam) -> bool:
    """Whether a notice of the exam says that its pictures are simulated."""
    return any("simulated" in notice.casefold() for notice in exam.notices)
