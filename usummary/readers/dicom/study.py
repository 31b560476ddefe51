"""Opens a DICOM study folder: its cines on one timeline, its single pictures as freeze-frames."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, pairwise
from pathlib import Path

from usummary.errors import InputError, UnreadableFile, UnsupportedEncoding
from usummary.readers.dicom.cine import open_cine
from usummary.readers.dicom.instances import Instance, look_through, names
from usummary.readers.dicom.marks import freeze_frames
from usummary.readers.dicom.values import odd_notice
from usummary.readers.look import Ticker, files_below
from usummary.types import Exam, FreezeFrame, Recording

_BEFORE_ALL = -1
_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
_HEADERS = 0.6
"""Share of the work that goes into reading headers; the rest goes into opening the cines."""


def open_study(folder: Path, tick: Ticker | None = None) -> Exam:
    """All cines of a study, joined in acquisition order, its stills, and its marked pictures.

    Args:
        folder: Every file in it and below is read.
        tick: Called at least every 100 ms; may raise `Cancelled`.

    Raises:
        UnreadableFile: No folder, not readable, no cine in it, or several studies or patients.
        UnsupportedEncoding: No cine has an encoding that can be decoded.
    """
    tick = tick or Ticker(None)
    files = files_below(folder, tick)
    contents = look_through(files, lambda share: tick(share * _HEADERS))
    instances = contents.instances
    joined = one_study(folder, instances)
    cines, unordered = _ordered([i for i in instances if i.header.is_cine])
    if not cines:
        raise UnreadableFile(f"{folder} holds no recording. {_advice(files)}")
    opened = _opened(cines, lambda share: tick(_HEADERS + share * (1 - _HEADERS)))
    lengths = accumulate(recording.info.duration_s for recording in opened.recordings)
    exam = Exam(folder, opened.recordings, (0.0, *list(lengths)[:-1]))
    stills = [i for i in instances if not i.header.is_cine]
    odd = _odd_elements([*opened.cines, *stills])
    cine_uids, still_uids = [cine.uid for cine in opened.cines], [still.uid for still in stills]
    marked, unmarked = freeze_frames(contents.marks, exam, cine_uids, still_uids)
    notices = (*joined, *unordered, *opened.notices, *odd, *contents.notices, *unmarked)
    placed = (*_Places(opened.cines, exam).of(stills), *marked)
    return replace(
        exam,
        freeze_frames=tuple(sorted(placed, key=lambda freeze: freeze.time_s)),
        notices=tuple(dict.fromkeys(notices)),
        left_out=(*opened.left_out, *contents.left_out),
    )


def one_study(folder: Path, instances: Sequence[Instance]) -> tuple[str, ...]:
    """Checks that instances belong to one study of one patient; returns notices.

    Joining the pictures of two patients would be worse than an error, whatever the UIDs say.

    Raises:
        UnreadableFile: They belong to several studies or several patients.
    """
    studies = {instance.study for instance in instances} - {""}
    if len(studies) > 1:
        raise UnreadableFile(
            f"{folder} holds {len(studies)} studies. Open the folder of one study at a time."
        )
    if of_several_patients(instances):
        raise UnreadableFile(
            f"{folder} holds pictures of several patients under one study. Move those of one "
            "patient to a folder of their own and open that."
        )
    without = [i.header.path for i in instances if not i.study] if studies else []
    if without:
        return (f"Files that name no study were taken for parts of this one: {names(without)}.",)
    return ()


def of_several_patients(instances: Sequence[Instance]) -> bool:
    """Whether the headers name more than one patient, by ID, date of birth or name.

    An empty value contradicts nothing. A name that only lacks parts of another name is the same.
    """
    patients = {instance.patient for instance in instances}
    numbers = {patient.number for patient in patients} - {""}
    births = {patient.born for patient in patients} - {""}
    names_by_size = sorted({patient.name for patient in patients}, key=len)
    unlike = any(not less <= more for less, more in pairwise(names_by_size))
    return len(numbers) > 1 or len(births) > 1 or unlike


def _advice(files: Sequence[Path]) -> str:
    """What a person can do about a folder without cines."""
    pictures = sum(file.suffix.lower() in _PICTURES for file in files)
    if pictures > 1:
        return (
            f"It holds {pictures} pictures. If they are the frames of one recording, make a video "
            "of them at its frame rate, and open that."
        )
    return (
        "A study folder holds the DICOM cines of one study, and its single pictures beside them; "
        "open a video file by itself."
    )


def _ordered(cines: list[Instance]) -> tuple[list[Instance], tuple[str, ...]]:
    """By acquisition time if every cine has one, else by number; a notice if both fail."""
    if all(cine.acquired is not None for cine in cines):
        return sorted(cines, key=lambda c: (c.acquired, c.number, c.header.path)), ()
    ordered = sorted(cines, key=lambda cine: (cine.number, cine.header.path))
    if len({cine.number for cine in cines}) == len(cines):
        return ordered, ()
    return ordered, (
        "Not all recordings say when they were acquired, nor do their numbers tell their order; "
        "they follow one another by file name.",
    )


@dataclass(frozen=True)
class _Opened:
    """The cines that could be opened, and notices about these and the others."""

    cines: tuple[Instance, ...]
    recordings: tuple[Recording, ...]
    notices: tuple[str, ...]
    left_out: tuple[Path, ...]


def _opened(cines: Sequence[Instance], tick: Callable[[float], None]) -> _Opened:
    """Open the cines; cines that cannot be read are left out.

    Raises:
        UnreadableFile, UnsupportedEncoding: No cine can be read; the error is the first cine's.
    """
    usable: dict[Instance, Recording] = {}
    notices: list[str] = []
    faults: list[InputError] = []
    left_out: dict[str, list[Path]] = {}
    for number, cine in enumerate(cines):
        tick(number / len(cines))
        header = cine.header
        try:
            recording = usable[cine] = open_cine(header)
        except UnsupportedEncoding as fault:
            faults.append(fault)
            why = f"Cines stored as {header.syntax.name} could not be read"
            left_out.setdefault(why, []).append(header.path)
        except UnreadableFile as fault:
            faults.append(fault)
            left_out.setdefault("Cines that are damaged were left out", []).append(header.path)
        else:
            # Unreadable elements are told once for all files, by `_odd_elements`.
            own = header.values.notices(header.path.name)
            notices.extend(text for text in recording.info.notices if text not in own)
    if not usable:
        raise faults[0]
    notices += [f"{why}: {names(paths)}." for why, paths in left_out.items()]
    gone = tuple(path for paths in left_out.values() for path in paths)
    return _Opened(tuple(usable), tuple(usable.values()), tuple(notices), gone)


def _odd_elements(instances: Sequence[Instance]) -> Iterator[str]:
    """A notice for each element that cannot be read, with the files that have it."""
    files: dict[str, list[Path]] = {}
    for instance in instances:
        for element in instance.header.values.odd:
            files.setdefault(element, []).append(instance.header.path)
    for element, paths in files.items():
        yield odd_notice(element, names(paths))


class _Places:
    """Places stills on the timeline: in a cine by their time, else at the end of a cine before."""

    def __init__(self, cines: Sequence[Instance], exam: Exam) -> None:
        self._exam = exam
        self._numbers = [cine.number for cine in cines]
        starts = [cine.acquired for cine in cines if cine.acquired is not None]
        self._starts: list[datetime] = starts if len(starts) == len(cines) else []

    def of(self, stills: Sequence[Instance]) -> list[FreezeFrame]:
        """The stills as freeze-frames."""
        return list(map(self._placed, stills))

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
        """The cine that a still follows, and the seconds from that cine's start if known."""
        if still.acquired is not None and self._starts:
            which = bisect_right(self._starts, still.acquired) - 1
            if which == _BEFORE_ALL:
                return which, None
            return which, (still.acquired - self._starts[which]).total_seconds()
        earlier = [i for i, number in enumerate(self._numbers) if number < still.number]
        return max(earlier, default=_BEFORE_ALL), None
