"""Stores a simulated exam as a DICOM study: cines, and a still for every freeze, in order."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import (
    JPEGBaseline8Bit,
    RLELossless,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

from usummary.phantom.exam import Shown, SimulatedExam
from usummary.phantom.planes import PLANES
from usummary.phantom.script import FrameRange
from usummary.phantom.truth import NOTE, truth_of
from usummary.types import Picture

_QUALITY = 80


@dataclass(frozen=True, slots=True)
class _Stored:
    """One instance: its file, its first frame in the script and its number of frames."""

    file: str
    start: int
    frames: int
    plane: int | None = None


def write_study(exam: SimulatedExam, folder: Path, done: Callable[[int], None]) -> dict[str, Any]:
    """Write the instances into `folder`; what is frozen becomes a still, the rest cines.

    Returns:
        The truth, on the timeline that the cines joined make.
    """
    stored: list[_Stored] = []
    cine: list[bytes] = []
    first = 0
    for shown in exam.frames():
        if shown.interval.kind != "frozen":
            first = first if cine else shown.index
            cine.append(_jpeg(shown.picture))
        elif shown.index == shown.interval.end - 1:
            stored += _write_cine(exam, folder, cine, first, len(stored) + 1)
            cine = []
            stored.append(_write_still(exam, folder, shown, len(stored) + 1))
        done(shown.index)
    stored += _write_cine(exam, folder, cine, first, len(stored) + 1)
    return _study_truth(exam, stored)


def is_instance(path: Path) -> bool:
    """Whether a file is named as `write_study` names them."""
    return re.fullmatch(r"IM\d{4,}\.dcm", path.name) is not None


def _rgb(picture: Picture) -> Picture:
    return cv2.cvtColor(picture, cv2.COLOR_YUV2RGB_I420).astype("uint8", copy=False)


def _jpeg(picture: Picture) -> bytes:
    bgr = cv2.cvtColor(picture, cv2.COLOR_YUV2BGR_I420)
    options = (
        cv2.IMWRITE_JPEG_QUALITY,
        _QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    )
    return cv2.imencode(".jpg", bgr, options)[1].tobytes()


def _write_cine(
    exam: SimulatedExam, folder: Path, frames: list[bytes], first: int, number: int
) -> list[_Stored]:
    if len(frames) < 2:  # one picture alone would pass for a still
        return []
    data = _instance(exam, number, first, UltrasoundMultiFrameImageStorage)
    data.PhotometricInterpretation = "YBR_FULL_422"
    data.NumberOfFrames = len(frames)
    data.FrameTime = f"{1000 / exam.script.fps:.6f}"
    data.FrameIncrementPointer = Tag("FrameTime")
    data.LossyImageCompression = "01"
    data.LossyImageCompressionMethod = "ISO_10918_1"
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    data.PixelData = encapsulate(frames)
    data["PixelData"].VR = "OB"
    return [_Stored(_save(data, folder, number), first, len(frames))]


def _write_still(exam: SimulatedExam, folder: Path, shown: Shown, number: int) -> _Stored:
    data = _instance(exam, number, shown.interval.start, UltrasoundImageStorage)
    data.PhotometricInterpretation = "RGB"
    data.compress(RLELossless, _rgb(shown.picture), generate_instance_uid=False)
    return _Stored(_save(data, folder, number), shown.interval.start, 1, shown.interval.plane)


def _save(data: Dataset, folder: Path, number: int) -> str:
    name = f"IM{number:04d}.dcm"
    data.save_as(folder / name, enforce_file_format=True)
    return name


def _instance(exam: SimulatedExam, number: int, frame: int, sop_class: str) -> Dataset:
    """Everything but the pixels."""
    patient, seed = exam.patient, str(exam.script.seed)
    now = patient.begun + dt.timedelta(seconds=frame / exam.script.fps)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.SOPClassUID = sop_class
    sources = ["usummary phantom", seed, str(exam.script.frame_count), str(exam.width)]
    data.SOPInstanceUID = generate_uid(entropy_srcs=[*sources, str(number)])
    data.StudyInstanceUID = generate_uid(entropy_srcs=[*sources, "study"])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=[*sources, "series"])
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.SpecificCharacterSet = "ISO_IR 192"
    data.ImageType = ["ORIGINAL", "PRIMARY", "SIMULATED"]
    data.Modality, data.SeriesNumber, data.InstanceNumber = "US", 1, number
    data.StudyID, data.AccessionNumber, data.ReferringPhysicianName = "SIMULATED", "", ""
    data.PatientName = patient.name.replace(", ", "^")
    data.PatientID = patient.identifier
    data.PatientBirthDate, data.PatientSex = "", "F"
    data.InstitutionName = f"{patient.hospital} (simulated)"
    data.Manufacturer = "usummary phantom (simulated)"
    data.StudyDescription = "Simulated fetal screening exam"
    data.ImageComments = NOTE
    data.StudyDate, data.StudyTime = f"{patient.begun:%Y%m%d}", f"{patient.begun:%H%M%S}"
    data.SeriesDate, data.SeriesTime = data.StudyDate, data.StudyTime
    data.ContentDate = data.AcquisitionDate = f"{now:%Y%m%d}"
    data.ContentTime = data.AcquisitionTime = f"{now:%H%M%S.%f}"
    data.AcquisitionDateTime = f"{now:%Y%m%d%H%M%S.%f}"
    data.Rows, data.Columns = exam.height, exam.width
    data.SamplesPerPixel, data.PlanarConfiguration, data.PixelRepresentation = 3, 0, 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.SequenceOfUltrasoundRegions = Sequence([_region(exam, frame)])
    return data


def _region(exam: SimulatedExam, frame: int) -> Dataset:
    box, item = exam.fan.box, Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = box.x0, box.y0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = box.x1 - 1, box.y1 - 1
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3  # centimetres
    item.PhysicalDeltaX = item.PhysicalDeltaY = exam.depth_cm(frame) / exam.fan.depth
    return item


def _study_truth(exam: SimulatedExam, stored: list[_Stored]) -> dict[str, Any]:
    """The truth with frames counted along the joined cines; a still marks the one before it."""
    cines = [item for item in stored if item.plane is None]
    fps = exam.script.fps
    joined = [(item, sum(i.frames for i in cines if i.start < item.start)) for item in cines]
    parts = []
    for part in exam.script.intervals:
        for item, start in joined:
            if part.kind != "frozen" and item.start <= part.start < item.start + item.frames:
                shift = start - item.start
                parts.append(
                    FrameRange(part.kind, part.start + shift, part.end + shift, part.plane)
                )
    truth = truth_of(exam, tuple(parts), sum(item.frames for item in cines))
    truth["cines"] = [
        {"file": item.file, "start_s": round(start / fps, 6), "frames": item.frames}
        for item, start in joined
    ]
    truth["freezes"] = [
        {
            "file": still.file,
            "plane": PLANES[still.plane].name,
            "time_s": round((sum(i.frames for i in cines if i.start < still.start) - 1) / fps, 6),
        }
        for still in stored
        if still.plane is not None
    ]
    return truth
