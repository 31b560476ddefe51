"""A DICOM study folder: its cines on one timeline, its single pictures as freeze-frames."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from pathlib import Path

from usummary.errors import InputError, UnreadableFile, UnsupportedEncoding
from usummary.readers.dicom.cine import open_cine
from usummary.readers.dicom.instances import Instance, look_through, names, one_study
from usummary.readers.dicom.values import odd_notice
from usummary.readers.look import Ticker, files_below
from usummary.types import Exam, FreezeFrame, Recording

_BEFORE_ALL = -1
_HEADERS = 0.6
"""Share of the work that reading the headers is; the rest is opening the cines."""


def open_study(folder: Path, tick: Ticker | None = None) -> Exam:
    """All cines of a study, joined in acquisition order, and its stills.

    Args:
        folder: Everything in it and below is looked at.
        tick: Hears of the work at least every 100 ms, and may end it.

    Raises:
        UnreadableFile: No folder, not readable, no cine in it, or several studies or patients.
        UnsupportedEncoding: No cine has an encoding that can be decoded.
    """
    tick = tick or Ticker(None)
    contents = look_through(files_below(folder, tick), lambda share: tick(share * _HEADERS))
    instances = contents.instances
    joined = one_study(folder, instances)
    cines, unordered = _ordered([i for i in instances if i.header.is_cine])
    if not cines:
        raise UnreadableFile(
            f"{folder} holds no recording. A study folder holds the DICOM cines of one study, and "
            "its single pictures beside them; open a video file by itself."
        )
    cines, recordings, notices = _opened(
        cines, lambda share: tick(_HEADERS + share * (1 - _HEADERS))
    )
    ends = list(accumulate(recording.info.duration_s for recording in recordings))
    exam = Exam(folder, recordings, (0.0, *ends[:-1]))
    stills = [i for i in instances if not i.header.is_cine]
    placed = _Places(cines, exam).of(stills)
    odd = _odd_elements([*cines, *stills])
    told = dict.fromkeys((*joined, *unordered, *notices, *odd, *contents.notices))
    return Exam(folder, recordings, exam.offsets_s, placed, tuple(told))


def _ordered(cines: list[Instance]) -> tuple[list[Instance], tuple[str, ...]]:
    """By acquisition time where every one has it, else by number; a notice if neither tells."""
    if all(cine.acquired is not None for cine in cines):
        return sorted(cines, key=lambda c: (c.acquired, c.number, c.header.path)), ()
    ordered = sorted(cines, key=lambda cine: (cine.number, cine.header.path))
    if len({cine.number for cine in cines}) == len(cines):
        return ordered, ()
    return ordered, (
        "Not all recordings say when they were acquired, nor do their numbers tell their order; "
        "they follow one another by file name.",
    )


def _opened(
    cines: Sequence[Instance], tick: Callable[[float], None]
) -> tuple[list[Instance], tuple[Recording, ...], list[str]]:
    """The cines that can be read, opened, with notices about these and the others."""
    usable: list[Instance] = []
    recordings: list[Recording] = []
    faults: list[InputError] = []
    notices: list[str] = []
    damaged: list[Path] = []
    undecoded: dict[str, list[Path]] = {}
    for number, cine in enumerate(cines):
        tick(number / len(cines))
        try:
            recordings.append(open_cine(cine.header))
        except UnsupportedEncoding as fault:
            faults.append(fault)
            undecoded.setdefault(cine.header.syntax.name, []).append(cine.header.path)
        except UnreadableFile as fault:
            faults.append(fault)
            damaged.append(cine.header.path)
        else:
            usable.append(cine)
            own = cine.header.values.notices(cine.header.path.name)
            notices.extend(text for text in recordings[-1].info.notices if text not in own)
    if not recordings:
        raise faults[0]
    for encoding, paths in undecoded.items():
        notices.append(f"Cines stored as {encoding} could not be read: {names(paths)}.")
    if damaged:
        notices.append(f"Cines that are damaged were left out: {names(damaged)}.")
    return usable, tuple(recordings), notices


def _odd_elements(instances: Sequence[Instance]) -> Iterator[str]:
    """A notice for each element that cannot be read, with the files it stands in."""
    files: dict[str, list[Path]] = {}
    for instance in instances:
        for element in instance.header.values.odd:
            files.setdefault(element, []).append(instance.header.path)
    for element, paths in files.items():
        yield odd_notice(element, names(paths))


class _Places:
    """Where stills lie: within a cine by their time, else at the end of the cine before."""

    def __init__(self, cines: Sequence[Instance], exam: Exam) -> None:
        self._exam = exam
        self._numbers = [cine.number for cine in cines]
        starts = [cine.acquired for cine in cines if cine.acquired is not None]
        self._starts: list[datetime] = starts if len(starts) == len(cines) else []

    def of(self, stills: Sequence[Instance]) -> tuple[FreezeFrame, ...]:
        """The stills as freeze-frames, by time."""
        return tuple(sorted(map(self._placed, stills), key=lambda freeze: freeze.time_s))

    def _placed(self, still: Instance) -> FreezeFrame:
        exam = self._exam
        which, inside = self._position(still)
        if which == _BEFORE_ALL:
            recording, frame = 0, 0
        else:
            info = exam.recordings[which].info
            recording, frame = which, info.frame_count - 1
            if inside is not None and inside < info.duration_s:
                recording, frame = exam.locate(exam.offsets_s[which] + inside)
        time_s = exam.time_of(recording, frame)
        return FreezeFrame(time_s, recording, frame, "still", end_s=time_s, path=still.header.path)

    def _position(self, still: Instance) -> tuple[int, float | None]:
        """The cine that a still follows, and the seconds since that cine began where known."""
        if still.acquired is not None and self._starts:
            which = bisect_right(self._starts, still.acquired) - 1
            if which == _BEFORE_ALL:
                return which, None
            return which, (still.acquired - self._starts[which]).total_seconds()
        earlier = [i for i, number in enumerate(self._numbers) if number < still.number]
        return max(earlier, default=_BEFORE_ALL), None
