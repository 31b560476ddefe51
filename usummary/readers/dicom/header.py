"""The header of a DICOM file: all elements in use, except the pixels."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MPEGTransferSyntaxes,
)

from usummary.errors import UnreadableFile, UnsupportedEncoding
from usummary.readers.dicom.frames import fragment_spans, frame_spans, open_bytes
from usummary.readers.dicom.values import UNREADABLE, Values, quiet

DIRECTORY = "1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR, which only lists other files."""

KEYWORDS = (
    "ImageType",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "ContentDate",
    "AcquisitionDateTime",
    "StudyTime",
    "AcquisitionTime",
    "ContentTime",
    "Modality",
    "RecommendedDisplayFrameRate",
    "TimezoneOffsetFromUTC",
    "SequenceOfUltrasoundRegions",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "CineRate",
    "EffectiveDuration",
    "FrameTime",
    "FrameTimeVector",
    "ActualFrameDuration",
    "StudyInstanceUID",
    "SeriesNumber",
    "InstanceNumber",
    "InConcatenationNumber",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "FrameIncrementPointer",
    "Rows",
    "Columns",
    "PixelAspectRatio",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "RescaleIntercept",
    "RescaleSlope",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "ConceptNameCodeSequence",
    "ContentSequence",
    "ReferencedSeriesSequence",
)
_TAGS: list[BaseTag | int] = [Tag(tag_for_keyword(word) or 0) for word in KEYWORDS]
"""The only elements that are kept: a study has thousands of headers, and they hold names."""

_PIXELS_LITTLE, _PIXELS_BIG = b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"
_APPLE_DOUBLE = b"\x00\x05\x16\x07"
"""First bytes of the ``._NAME`` files that macOS writes beside others on foreign disks."""
_UNDEFINED = 0xFFFFFFFF
_HEAD = 1024
_FAULTS = (InvalidDicomError, zlib.error, *UNREADABLE)


@dataclass(frozen=True)
class PixelData:
    """Where the pixel data are.

    Attributes:
        at: Position of their value in the (inflated) file.
        length: Length of the value in bytes; None if it is encapsulated.
        vr: Declared value representation, ``OB`` or ``OW``.
    """

    at: int
    length: int | None
    vr: str


@dataclass(frozen=True)
class Header:
    """A DICOM file without its pixels.

    Attributes:
        path: The file.
        values: Elements before the pixel data, as far as the program uses them.
        syntax: Transfer syntax.
        pixels: Where the pixel data are, None if there are none.
        frame_count: Number of Frames; if the header says one or nothing, the frames are counted.
        deflated_at: Position from which the rest of the file is deflated, None if it is not.
    """

    path: Path
    values: Values
    syntax: UID
    pixels: PixelData | None
    frame_count: int = 1
    deflated_at: int | None = None

    @property
    def is_video(self) -> bool:
        return self.syntax in MPEGTransferSyntaxes

    @property
    def is_cine(self) -> bool:
        return self.pixels is not None and (self.frame_count > 1 or self.is_video)

    @property
    def is_directory(self) -> bool:
        return self.values.text("SOPClassUID") == DIRECTORY

    def open(self) -> BinaryIO:
        """The bytes of the file, to be closed by the caller."""
        return open_bytes(self.path, self.deflated_at)


def read_header(path: Path) -> Header | None:
    """Read a file up to its pixels; None if it is no DICOM file.

    A DICOM file is recognised by its preamble, by its name, or by its first element.

    Raises:
        UnreadableFile: There is no permission to read it, or its preamble or name says DICOM but it
            cannot be read as DICOM.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if head.startswith(_APPLE_DOUBLE):
                return None
            says_so = head[128:132] == b"DICM"
            named_so = path.suffix.lower() in {".dcm", ".dicom"} and len(head) > 8
            if not (says_so or named_so or _looks_bare(head)):
                return None
            file.seek(0)
            with quiet():
                header = _read(path, file, head)
    except PermissionError as error:
        raise UnreadableFile(
            f"{path} may not be read by this user. Ask for read permission, or copy the file."
        ) from error
    except _FAULTS as error:
        if says_so or named_so:
            raise _no_dicom(path) from error
        return None
    if header is None and (says_so or named_so):
        raise _no_dicom(path)
    return header


def unsupported(path: Path, syntax: UID) -> UnsupportedEncoding:
    """The error that names a transfer syntax without decoder."""
    return UnsupportedEncoding(
        f"The pictures of {path} are stored as {syntax.name} ({syntax}), for which no decoder is "
        "installed. Export the study again in another transfer syntax."
    )


def _no_dicom(path: Path) -> UnreadableFile:
    return UnreadableFile(f"{path} is no DICOM file that can be read; copy it again.")


def _looks_bare(head: bytes) -> bool:
    """Whether a file begins like a data set without preamble, which old archives hold.

    The first element is then in group 0002 or 0008. With explicit VR two capital letters follow,
    else a length, which is short in these groups.
    """
    if len(head) < 16 or head[:2] not in {b"\x02\x00", b"\x08\x00", b"\x00\x08"}:
        return False
    little = head[0] != 0
    element = int.from_bytes(head[2:4], "little" if little else "big")
    if head[4:6].isalpha() and head[4:6].isupper():
        return element <= 0x60
    return little and element <= 0x60 and int.from_bytes(head[4:8], "little") <= 64


def _read(path: Path, file: BinaryIO, head: bytes) -> Header | None:
    """The header of an open file; None if it is no instance. Raises the errors of pydicom."""
    deflated_at = None
    if DeflatedExplicitVRLittleEndian.encode() in head[132:]:
        # pydicom would inflate the whole file into memory. The deflated part begins after preamble
        # (128 bytes), "DICM" (4), the element of the group length (12) and the rest of the group.
        meta = read_file_meta_info(path)
        deflated_at = 144 + int(meta.FileMetaInformationGroupLength)
        with open_bytes(path, deflated_at) as inflated:
            dataset = read_dataset(inflated, False, True, stop_when=_is_pixels, specific_tags=_TAGS)
            return _described(path, dataset, meta, inflated, deflated_at)
    dataset = pydicom.dcmread(
        file, stop_before_pixels=True, force=head[128:132] != b"DICM", specific_tags=_TAGS
    )
    return _described(path, dataset, dataset.file_meta, file, deflated_at)


def _is_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag in (0x7FE00008, 0x7FE00009, 0x7FE00010)


def _described(
    path: Path, dataset: Dataset, meta: Dataset, file: BinaryIO, deflated_at: int | None
) -> Header | None:
    """The header from its elements and from `file`, whose position is where the pixels begin."""
    if meta.get("MediaStorageSOPClassUID") == DIRECTORY:
        dataset.SOPClassUID = DIRECTORY
    if "SOPClassUID" not in dataset and "Rows" not in dataset:
        return None
    values = Values(dataset)
    little, pixels = _find_pixels(file)
    declared = meta.get("TransferSyntaxUID")
    syntax = UID(str(declared)) if declared else _bare_syntax(dataset, little)
    header = Header(path, values, syntax, pixels, deflated_at=deflated_at)
    count = values.integer("NumberOfFrames") or 1
    if pixels is not None and count <= 1:
        count = _count_frames(header, file)
    return Header(path, values, syntax, pixels, max(count, 1), deflated_at)


def _bare_syntax(dataset: Dataset, little: bool) -> UID:
    if not little:
        return ExplicitVRBigEndian
    implicit = dataset.original_encoding[0]
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _find_pixels(file: BinaryIO) -> tuple[bool, PixelData | None]:
    """Whether the byte order is little-endian, and the pixel data if they begin at the position.

    The element itself shows how it is written, whatever the file declares. With explicit VR the
    letters OB, OW or UN follow the tag. They cannot be a length, because a length is even.
    """
    at = file.tell()
    element = file.read(12)
    little = element[:4] == _PIXELS_LITTLE
    if len(element) < 8 or not (little or element[:4] == _PIXELS_BIG):
        return True, None
    if element[4:6] in {b"OB", b"OW", b"UN"}:
        length, vr, at = element[8:12], element[4:6].decode(), at + 12
    else:
        length, vr, at = element[4:8], "OW", at + 8
    size = int.from_bytes(length, "little" if little else "big")
    return little, PixelData(at, None if size == _UNDEFINED else size, vr)


def _count_frames(header: Header, file: BinaryIO) -> int:
    """The number of frames that are there, for a header that says one or nothing."""
    values, pixels = header.values, header.pixels
    if pixels is None or header.is_video:
        return 1
    if pixels.length is None:
        file.seek(pixels.at)
        try:
            return len(frame_spans(*fragment_spans(file), 0))
        except ValueError:
            return 1
    size = values.integer("SamplesPerPixel") or 1
    for keyword in ("Rows", "Columns", "BitsAllocated"):
        size *= values.integer(keyword) or 0
    size //= 8
    # 4:2:2 has two samples per pixel instead of three, unless the length is one of three.
    if "422" in values.text("PhotometricInterpretation") and size:
        size = size * 2 // 3 if pixels.length % size else size
    whole = size > 0 and pixels.length - pixels.length // size * size <= 1
    return pixels.length // size if whole else 1
