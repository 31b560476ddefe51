"""The files of a DICOM study: which of them belong to it, and what kind each of them is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydicom.uid import (
    EnhancedUSVolumeStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from usummary.errors import InputError
from usummary.readers.dicom.clock import acquired, one_clock
from usummary.readers.dicom.header import Header, read_header
from usummary.readers.dicom.marks import Mark, holds_marks, read_marks

_ULTRASOUND = {
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    EnhancedUSVolumeStorage,
    "1.2.840.10008.5.1.4.1.1.3",  # both as they were called before 1993
    "1.2.840.10008.5.1.4.1.1.6",
}
_CAPTURE = {
    SecondaryCaptureImageStorage,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
}
_LISTED = 3
"""File names that one notice lists."""


@dataclass(frozen=True)
class Patient:
    """What a header says about the patient, used only to tell two patients apart; else empty.

    Attributes:
        number: Patient ID.
        born: Date of birth.
        name: Parts of the name in its first script, whatever their order and case.
    """

    number: str
    born: str
    name: frozenset[str]


@dataclass(frozen=True, eq=False)
class Instance:
    """A file of the study and its place in it.

    Attributes:
        header: The file's header.
        acquired: When it was acquired, None if the file does not say.
        number: Series, instance, and part of a concatenation; 0 if the file does not say.
        uid: SOP Instance UID, empty where it was removed.
        study: Study Instance UID, empty where it was removed.
        patient: The patient it shows.
    """

    header: Header
    acquired: datetime | None
    number: tuple[int, int, int]
    uid: str
    study: str
    patient: Patient


@dataclass(frozen=True)
class Contents:
    """The ultrasound instances among some files, and what the other files are.

    Attributes:
        instances: Ultrasound pictures, in the order of the files.
        notices: Which files were left out, and why.
        left_out: Files that the notices name but that are not instances.
        marks: Pictures that other files of the study mark.
    """

    instances: tuple[Instance, ...]
    notices: tuple[str, ...]
    left_out: tuple[Path, ...]
    marks: tuple[Mark, ...] = ()


def look_through(files: Sequence[Path], tick: Callable[[float], None]) -> Contents:
    """The ultrasound instances among some files; `tick` is called with the share that is read."""
    found: list[Instance] = []
    captures: list[Instance] = []
    damaged: list[Path] = []
    marks: list[Mark] = []
    ignored = 0
    for number, path in enumerate(files):
        tick(number / len(files))
        try:
            header = read_header(path)
        except InputError:
            damaged.append(path)
            continue
        if header is not None and holds_marks(header):
            marks += read_marks(header)
        elif header is None or header.pixels is None:
            ignored += header is None or not header.is_directory
        elif _is_ultrasound(header):
            found.append(_instance(header))
        elif header.values.text("SOPClassUID") in _CAPTURE and not header.is_cine:
            captures.append(_instance(header))
        else:
            ignored += 1
    if found:
        found += captures
        found.sort(key=lambda instance: instance.header.path)
    else:
        ignored += len(captures)
    times = one_clock([instance.acquired for instance in found])
    found = [replace(i, acquired=time) for i, time in zip(found, times, strict=True)]
    notices = []
    if damaged:
        notices.append(f"DICOM files that cannot be read were left out: {names(damaged)}.")
    if ignored:
        notices.append(
            "1 file in the folder that is no ultrasound image was ignored."
            if ignored == 1
            else f"{ignored} files in the folder that are no ultrasound images were ignored."
        )
    kept, repeated, copies = _once(found)
    return Contents(tuple(kept), (*repeated, *notices), (*copies, *damaged), tuple(marks))


def names(paths: Iterable[Path]) -> str:
    """Names of files for a notice; of many files only the first few."""
    listed = [f'"{path.name}"' for path in paths]
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return ", ".join(listed[:_LISTED]) + more


def _is_ultrasound(header: Header) -> bool:
    """Whether a file is ultrasound: by its modality, or by its SOP class if that is blank.

    A captured still of another modality is not, although it counts beside ultrasound files.
    """
    modality, kind = header.values.text("Modality").upper(), header.values.text("SOPClassUID")
    if modality in {"US", "IVUS"} or kind in _ULTRASOUND:
        return True
    return not modality and (kind in _CAPTURE or not kind or header.is_video)


def _instance(header: Header) -> Instance:
    values = header.values
    words = ("SeriesNumber", "InstanceNumber", "InConcatenationNumber")
    series, instance, part = (values.integer(word) or 0 for word in words)
    name = values.text("PatientName").split("=")[0].replace("^", " ").replace(",", " ")
    made = Instance(
        header,
        acquired(values),
        (series, instance, part),
        uid=values.text("SOPInstanceUID"),
        study=values.text("StudyInstanceUID"),
        patient=Patient(
            values.text("PatientID").casefold(),
            values.text("PatientBirthDate"),
            frozenset(name.casefold().split()),
        ),
    )
    if not header.is_cine:
        values.forget()  # of a still only time and path are needed from here on
    return made


def _once(instances: Sequence[Instance]) -> tuple[list[Instance], list[str], list[Path]]:
    """Each instance once; notices; and the copies that the notices name.

    Files of one SOP Instance UID that differ are no copies: some devices give all files one UID.
    """
    first: dict[str, Instance] = {}
    kept: list[Instance] = []
    copies: list[Path] = []
    alike: list[Path] = []
    for instance in sorted(instances, key=_plainness):
        original = first.setdefault(instance.uid, instance) if instance.uid else instance
        if original is instance:
            kept.append(instance)
        elif _is_copy(instance, original):
            copies.append(instance.header.path)
        else:
            kept.append(instance)
            alike.append(instance.header.path)
    notices = []
    if copies:
        notices.append(f"Copies of other files of the study were left out: {names(copies)}.")
    if alike:
        notices.append(
            "Files that call themselves the same instance as another one but differ from it are "
            f"used: {names(alike)}."
        )
    kept.sort(key=lambda instance: instance.header.path)
    return kept, notices, copies


def _plainness(instance: Instance) -> tuple[int, int, Path]:
    """Sort key: originals are in higher folders than copies, or have shorter names."""
    path = instance.header.path
    return len(path.parts), len(path.name), path


def _is_copy(instance: Instance, original: Instance) -> bool:
    one, other = instance.header, original.header
    same = (one.frame_count, instance.acquired, instance.number) == (
        other.frame_count,
        original.acquired,
        original.number,
    )
    if not same or one.pixels is None or other.pixels is None:
        return False
    if one.syntax != other.syntax:
        return True
    return _ending(one) == _ending(other)


def _ending(header: Header) -> bytes:
    """The last bytes of the pixel data: enough to tell two recordings apart, and quick to read."""
    at = header.pixels.at if header.pixels is not None else 0
    with header.open() as file:
        size = file.seek(0, 2)
        file.seek(max(at, size - (1 << 16)))
        return file.read(1 << 16)
