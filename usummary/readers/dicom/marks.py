"""Pictures of a study that a person marked: Key Object Selections and presentation states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydicom.uid import KeyObjectSelectionDocumentStorage

from usummary.readers.dicom.header import Header
from usummary.readers.dicom.values import Values
from usummary.types import Exam, FreezeFrame

Kind = Literal["selected", "rejected", "presented"]

_STATES = "1.2.840.10008.5.1.4.1.1.11."
"""How the SOP classes of all presentation states begin."""
_REJECTED = frozenset({"113001", "113037", "113038", "113039"})
"""Titles of selections that say which pictures are not to be used (PS3.16 CID 7011)."""


@dataclass(frozen=True)
class Mark:
    """A reference to pictures of one instance.

    Attributes:
        uid: SOP Instance UID of the instance.
        frames: Frame numbers as DICOM counts them, from 1; empty: all of the instance.
        kind: ``selected`` or ``rejected`` by a Key Object Selection, ``presented`` by a
            presentation state.
    """

    uid: str
    frames: tuple[int, ...]
    kind: Kind


def holds_marks(header: Header) -> bool:
    """Whether a file only refers to pictures of others."""
    kind = header.values.text("SOPClassUID")
    return kind == KeyObjectSelectionDocumentStorage or kind.startswith(_STATES)


def read_marks(header: Header) -> tuple[Mark, ...]:
    """The pictures that a file marks."""
    values = header.values
    if values.text("SOPClassUID") != KeyObjectSelectionDocumentStorage:
        return tuple(_mark(reference, "presented") for reference in _presented(values))
    titles = {title.text("CodeValue") for title in values.items("ConceptNameCodeSequence")}
    kind: Kind = "rejected" if titles & _REJECTED else "selected"
    return tuple(_mark(reference, kind) for reference in _selected(values))


def freeze_frames(
    marks: Sequence[Mark], exam: Exam, cines: Sequence[str], stills: Sequence[str]
) -> tuple[tuple[FreezeFrame, ...], tuple[str, ...]]:
    """The marked pictures of an exam's recordings, each once, by time; and notices.

    Args:
        marks: Of all files of the study.
        exam: The opened exam.
        cines: SOP Instance UID of each recording, in exam order.
        stills: Those of single pictures, which are freeze-frames already.
    """
    places = {uid: which for which, uid in enumerate(cines) if uid}
    found: set[tuple[int, int]] = set()
    missing = whole = rejected = 0
    for mark in dict.fromkeys(marks):
        which = places.get(mark.uid)
        if mark.kind == "rejected":
            rejected += which is not None or mark.uid in stills
        elif which is None:
            missing += mark.kind == "selected" and mark.uid not in stills
        elif not mark.frames:  # a presentation state of all frames only says how to show them
            whole += mark.kind == "selected"
        else:
            count = exam.recordings[which].info.frame_count
            found |= {(which, number - 1) for number in mark.frames if 1 <= number <= count}
            missing += sum(not 1 <= number <= count for number in mark.frames)
    notices = []
    if missing:
        notices.append(f"Marked key pictures that are not in the folder: {missing}.")
    if whole:
        notices.append(
            f"Recordings that are marked as key objects as a whole: {whole}; that makes none of "
            "their pictures a freeze-frame."
        )
    if rejected:
        notices.append(
            f"Recordings and pictures that the study marks as rejected: {rejected}; they are used "
            "like the others."
        )
    return tuple(_freeze_frame(exam, *place) for place in sorted(found)), tuple(notices)


def _freeze_frame(exam: Exam, recording: int, frame: int) -> FreezeFrame:
    time_s = exam.time_of(recording, frame)
    return FreezeFrame(time_s, recording, frame, "marked", end_s=time_s)


def _selected(values: Values) -> Iterator[Values]:
    """References in the content tree of a Key Object Selection (PS3.3 A.35.4)."""
    for item in values.items("ContentSequence"):
        yield from item.items("ReferencedSOPSequence")
        yield from _selected(item)


def _presented(values: Values) -> Iterator[Values]:
    """References of a presentation state (PS3.3 C.11.11)."""
    for series in values.items("ReferencedSeriesSequence"):
        yield from series.items("ReferencedImageSequence")


def _mark(reference: Values, kind: Kind) -> Mark:
    numbers = reference.numbers("ReferencedFrameNumber")
    whole = tuple(int(number) for number in numbers if number == int(number))
    return Mark(reference.text("ReferencedSOPInstanceUID"), whole, kind)
