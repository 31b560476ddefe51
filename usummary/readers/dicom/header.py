"""What the header of a DICOM file says: kind, encoding, frame times, region."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, MPEGTransferSyntaxes

from usummary.errors import UnreadableFile, UnsupportedEncoding
from usummary.types import Box

ASSUMED_RATE = 30.0
"""Frames per second of a cine that does not give any."""

_VECTOR, _TIME = 0x00181065, 0x00181063
_TISSUE, _COLOUR_FLOW = 1, 2


def is_dicom(path: Path) -> bool:
    """Whether a file says that it is DICOM: by its preamble, or by its name where it has none."""
    try:
        with path.open("rb") as file:
            head = file.read(132)
    except OSError:
        return False
    return head[128:] == b"DICM" or (path.suffix.lower() in {".dcm", ".dicom"} and len(head) > 8)


@dataclass(frozen=True)
class Header:
    """All of a DICOM file but its pixels.

    Attributes:
        path: The file.
        dataset: Elements before the pixel data.
        pixels_at: Place of the pixel data's value in the file, None without pixel data.
        pixel_vr: How the pixel data are declared, ``OB`` or ``OW``.
    """

    path: Path
    dataset: Dataset
    pixels_at: int | None
    pixel_vr: str = "OB"

    @property
    def frame_count(self) -> int:
        return max(1, int(self.dataset.get("NumberOfFrames") or 1))

    @property
    def is_video(self) -> bool:
        return self.syntax in MPEGTransferSyntaxes

    @property
    def is_cine(self) -> bool:
        return self.pixels_at is not None and (self.frame_count > 1 or self.is_video)

    @property
    def syntax(self) -> UID:
        return UID(str(self.dataset.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2")))


def read_header(path: Path) -> Header:
    """Read a DICOM file up to its pixels.

    Raises:
        UnreadableFile: It is no DICOM file, or damaged, or may not be read.
        UnsupportedEncoding: It is deflated as a whole.
    """
    try:
        with path.open("rb") as file:
            dataset = pydicom.dcmread(file, stop_before_pixels=True, force=_lacks_preamble(path))
            at = file.tell()
            tag = file.read(12)
    except PermissionError as error:
        raise UnreadableFile(
            f"{path} may not be read by this user. Ask for read permission, or copy the file."
        ) from error
    except (InvalidDicomError, OSError, ValueError, KeyError, EOFError, AttributeError) as error:
        raise UnreadableFile(f"{path} is no DICOM file that can be read; copy it again.") from error
    if "SOPClassUID" not in dataset and "Rows" not in dataset:
        raise UnreadableFile(f"{path} is no DICOM file that can be read; copy it again.")
    syntax = Header(path, dataset, None).syntax
    if syntax == DeflatedExplicitVRLittleEndian:
        raise unsupported(path, syntax)  # what is compressed as a whole has no places to read from
    known = syntax.is_transfer_syntax  # pydicom reads others as explicit little endian
    little = not known or syntax.is_little_endian
    implicit = known and syntax.is_implicit_VR
    has_pixels = tag[:4] == (b"\xe0\x7f\x10\x00" if little else b"\x7f\xe0\x00\x10")
    if not has_pixels:
        return Header(path, dataset, None)
    vr = "OW" if implicit else tag[4:6].decode("ascii", "replace")
    return Header(path, dataset, at + (8 if implicit else 12), vr)


def unsupported(path: Path, syntax: UID) -> UnsupportedEncoding:
    """The error for a transfer syntax without decoder, which it names."""
    return UnsupportedEncoding(
        f"The pictures of {path} are stored as {syntax.name} ({syntax}), for which no decoder is "
        "installed. Export the study again in another transfer syntax."
    )


def _lacks_preamble(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] != b"DICM"


def frame_times(dataset: Dataset, count: int) -> tuple[NDArray[np.float64], float, tuple[str, ...]]:
    """Recording times of the frames, duration, and a notice where the rate is assumed.

    In this order: what the Frame Increment Pointer names, Frame Time Vector (0018,1065), Frame Time
    (0018,1063), Recommended Display Frame Rate (0008,2144), Cine Rate (0018,0040).
    """
    pointed = dataset.get("FrameIncrementPointer")
    names = [int(tag) for tag in ([pointed] if isinstance(pointed, int) else pointed or [])]
    tags = [tag for tag in names if tag in (_VECTOR, _TIME)] + [_VECTOR, _TIME]
    for tag in tags:
        steps = _vector(dataset, count) if tag == _VECTOR else _constant(dataset, count)
        if steps is not None:
            return _summed(steps, ())
    for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
        rate = _positive(dataset.get(keyword))
        if rate is not None:
            return _summed(np.full(count, 1 / rate), ())
    notice = f"The DICOM file gives no frame time; {ASSUMED_RATE:g} frames per second are assumed."
    return _summed(np.full(count, 1 / ASSUMED_RATE), (notice,))


def _summed(
    steps_s: NDArray[np.float64], notices: tuple[str, ...]
) -> tuple[NDArray[np.float64], float, tuple[str, ...]]:
    """Times from the distance of each frame to the one before (the first one does not count)."""
    times = np.concatenate([[0.0], np.cumsum(steps_s[1:])])
    last = float(np.median(steps_s[1:])) if len(steps_s) > 1 else float(steps_s[0])
    return times, float(times[-1]) + last, notices


def _vector(dataset: Dataset, count: int) -> NDArray[np.float64] | None:
    """Frame Time Vector in seconds, None where it does not fit the frames."""
    values = dataset.get("FrameTimeVector")
    if values is None or isinstance(values, str | float) or len(values) < count:
        return None
    steps = np.array([float(value) for value in values[:count]]) / 1000
    return steps if count > 1 and (steps[1:] > 0).all() else None


def _constant(dataset: Dataset, count: int) -> NDArray[np.float64] | None:
    milliseconds = _positive(dataset.get("FrameTime"))
    return None if milliseconds is None else np.full(count, milliseconds / 1000)


def _positive(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if np.isfinite(number) and number > 0 else None


def declared_region(
    dataset: Dataset, width: int, height: int
) -> tuple[Box | None, tuple[str, ...]]:
    """Smallest box around the two-dimensional tissue and colour-flow regions; a notice if unusable.

    Regions that reach out of the picture were made for another size and are not used.
    """
    boxes = [
        tuple(int(item[name].value) for name in _CORNERS)
        for item in dataset.get("SequenceOfUltrasoundRegions") or []
        if item.get("RegionSpatialFormat") == 1
        and item.get("RegionDataType") in (_TISSUE, _COLOUR_FLOW)
        and all(name in item for name in _CORNERS)
    ]
    if not boxes:
        return None, ()
    lows, highs = np.min(boxes, axis=0), np.max(boxes, axis=0)
    x0, y0, x1, y1 = int(lows[0]), int(lows[1]), int(highs[2]) + 1, int(highs[3]) + 1
    if x1 > width + 1 or y1 > height + 1 or x1 - x0 < 2 or y1 - y0 < 2 or min(x0, y0) < 0:
        return None, ("The ultrasound region in the DICOM file does not fit its pictures.",)
    return Box(x0, y0, min(x1, width), min(y1, height)), ()


_CORNERS = (
    "RegionLocationMinX0",
    "RegionLocationMinY0",
    "RegionLocationMaxX1",
    "RegionLocationMaxY1",
)
