"""A DICOM study folder: its cines on one timeline, its single pictures as freeze-frames."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path

from usummary.errors import InputError, UnreadableFile, UnsupportedEncoding
from usummary.readers.dicom.cine import open_cine
from usummary.readers.dicom.header import Header, is_dicom, read_header
from usummary.types import Exam, FreezeFrame, Recording

_DIRECTORY = "1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR, which only lists other files."""
_STAMP = re.compile(r"(\d{8})(\d{2})(\d{2})?(\d{2})?(\.\d{1,6})?")
_BEFORE_ALL = -1


@dataclass(frozen=True)
class Instance:
    """A file of the study and its place in it.

    Attributes:
        header: The file's header.
        acquired: When it was acquired, None where the file does not say.
        number: Series and instance number.
    """

    header: Header
    acquired: datetime | None
    number: tuple[int, int]


def open_study(folder: Path) -> Exam:
    """All cines of a study, joined in acquisition order, and its stills.

    Raises:
        UnreadableFile: No folder, not readable, no cine in it, or several studies.
        UnsupportedEncoding: No cine has an encoding that can be decoded.
    """
    instances, ignored = _instances(folder)
    studies = {str(i.header.dataset.get("StudyInstanceUID", "")) for i in instances}
    if len(studies) > 1:
        raise UnreadableFile(
            f"{folder} holds {len(studies)} studies. Open the folder of one study at a time."
        )
    cines = _ordered([i for i in instances if i.header.is_cine])
    if not cines:
        raise UnreadableFile(
            f"{folder} holds no recording. A study folder holds the DICOM cines of one study, and "
            "its single pictures beside them; open a video file by itself."
        )
    cines, recordings, notices = _opened(cines)
    if ignored:
        notices.append(f"{ignored} files in the folder that are no ultrasound images were ignored.")
    ends = list(accumulate(recording.info.duration_s for recording in recordings))
    exam = Exam(folder, recordings, (0.0, *ends[:-1]), notices=tuple(dict.fromkeys(notices)))
    stills = [i for i in instances if not i.header.is_cine]
    placed = sorted((_placed(still, cines, exam) for still in stills), key=lambda f: f.time_s)
    return Exam(folder, recordings, exam.offsets_s, tuple(placed), exam.notices)


def _instances(folder: Path) -> tuple[list[Instance], int]:
    """Ultrasound instances with pictures in a folder and below, and the number of other files."""
    try:
        next(folder.iterdir(), None)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
    except OSError as error:
        raise UnreadableFile(
            f"The folder {folder} may not be read by this user. Ask for read permission."
        ) from error
    found, ignored = [], 0
    for path in files:
        header = _header(path)
        if header is None:
            ignored += 1
        elif header.dataset.get("SOPClassUID") != _DIRECTORY and not _is_directory(header):
            if header.pixels_at is None or header.dataset.get("Modality", "US") != "US":
                ignored += 1
            else:
                found.append(_instance(header))
    return found, ignored


def _header(path: Path) -> Header | None:
    if not is_dicom(path):
        return None
    try:
        return read_header(path)
    except InputError:
        return None


def _is_directory(header: Header) -> bool:
    return bool(header.dataset.file_meta.get("MediaStorageSOPClassUID") == _DIRECTORY)


def _instance(header: Header) -> Instance:
    data = header.dataset
    stamps = [str(data.get("AcquisitionDateTime") or "")]
    for kind in ("Acquisition", "Content"):
        date, time = data.get(f"{kind}Date"), data.get(f"{kind}Time")
        stamps.append(f"{date}{time}" if date and time else "")
    times = [time for time in map(_parsed, stamps) if time is not None]
    number = (int(data.get("SeriesNumber") or 0), int(data.get("InstanceNumber") or 0))
    return Instance(header, times[0] if times else None, number)


def _parsed(stamp: str) -> datetime | None:
    """A DICOM date-time; what follows the seconds' fraction (a time zone) is the same for all."""
    match = _STAMP.match(stamp)
    if match is None:
        return None
    date, hour, minute, second, fraction = match.groups()
    try:
        start = datetime.strptime(date, "%Y%m%d")
        return start + timedelta(
            hours=int(hour),
            minutes=int(minute or 0),
            seconds=int(second or 0) + float(fraction or 0),
        )
    except (ValueError, OverflowError):
        return None


def _ordered(cines: list[Instance]) -> list[Instance]:
    """By acquisition time where every one has it, else by number."""
    if any(cine.acquired is None for cine in cines):
        return sorted(cines, key=lambda cine: (cine.number, cine.header.path))
    return sorted(cines, key=lambda cine: (cine.acquired, cine.number, cine.header.path))


def _opened(
    cines: list[Instance],
) -> tuple[list[Instance], tuple[Recording, ...], list[str]]:
    """The cines that can be read, opened, with notices about these and the others."""
    usable: list[Instance] = []
    recordings: list[Recording] = []
    faults: list[InputError] = []
    notices: list[str] = []
    for cine in cines:
        try:
            recordings.append(open_cine(cine.header))
        except UnsupportedEncoding as fault:
            faults.append(fault)
            notices.append(f"Cines stored as {cine.header.syntax.name} could not be read.")
        except UnreadableFile as fault:
            faults.append(fault)
            notices.append("A damaged cine was left out.")
        else:
            usable.append(cine)
            notices.extend(recordings[-1].info.notices)
    if not recordings:
        raise faults[0]
    return usable, tuple(recordings), notices


def _placed(still: Instance, cines: list[Instance], exam: Exam) -> FreezeFrame:
    """A still as freeze-frame: within a cine by its time, else at the end of the cine before."""
    which, inside = _position(still, cines)
    if which == _BEFORE_ALL:
        recording, frame = 0, 0
    else:
        info = exam.recordings[which].info
        recording, frame = which, info.frame_count - 1
        if inside is not None and inside < info.duration_s:
            recording, frame = exam.locate(exam.offsets_s[which] + inside)
    time_s = exam.time_of(recording, frame)
    return FreezeFrame(time_s, recording, frame, "still", end_s=time_s, path=still.header.path)


def _position(still: Instance, cines: list[Instance]) -> tuple[int, float | None]:
    """The cine that a still follows, and the seconds since that cine began where known."""
    starts = [cine.acquired for cine in cines if cine.acquired is not None]
    if still.acquired is not None and len(starts) == len(cines):
        which = bisect_right(starts, still.acquired) - 1
        if which == _BEFORE_ALL:
            return which, None
        return which, (still.acquired - starts[which]).total_seconds()
    earlier = [i for i, cine in enumerate(cines) if cine.number < still.number]
    return max(earlier, default=_BEFORE_ALL), None
