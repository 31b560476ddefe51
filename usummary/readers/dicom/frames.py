"""Where the encoded frames of a DICOM file lie in it, read one at a time."""

from __future__ import annotations

import io
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

from pydicom import Dataset
from pydicom.encaps import parse_basic_offsets, parse_fragments

from usummary.errors import UnreadableFile

_ITEM_HEAD = 8
"""Bytes of the tag and length before each fragment."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``[start, start + length)`` of a file."""

    start: int
    length: int


def native_spans(dataset: Dataset, start: int, count: int) -> list[tuple[Span, ...]]:
    """One span per frame of uncompressed pixel data that begins at `start`."""
    samples = int(dataset.SamplesPerPixel)
    length = int(dataset.Rows) * int(dataset.Columns) * samples * int(dataset.BitsAllocated) // 8
    if dataset.PhotometricInterpretation == "YBR_FULL_422":
        length = length // 3 * 2
    return [(Span(start + i * length, length),) for i in range(count)]


def fragment_spans(file: BinaryIO) -> tuple[list[int], list[Span]]:
    """Basic offsets and fragments of encapsulated pixel data from the file's place on.

    Raises:
        ValueError: This is no encapsulated pixel data.
    """
    offsets = parse_basic_offsets(file)
    _, heads = parse_fragments(file)
    spans = []
    for head in heads:
        file.seek(head + 4)
        spans.append(Span(head + _ITEM_HEAD, int.from_bytes(file.read(4), "little")))
    return offsets, spans


def frame_spans(
    file: BinaryIO, offsets: list[int], fragments: list[Span], count: int
) -> list[tuple[Span, ...]]:
    """The fragments of each frame.

    Frames begin where the offset table says; without one there is one fragment a frame, or a frame
    ends with the fragment that ends with the JPEG family's end marker.
    """
    if len(offsets) == count > 0:
        places = [span.start - fragments[0].start for span in fragments]
        starts = [bisect_left(places, offset) for offset in offsets]
    elif len(fragments) == count or not fragments:
        starts = list(range(len(fragments)))
    else:
        ends = [i + 1 for i, span in enumerate(fragments) if _ends_picture(file, span)]
        starts = [0, *(end for end in ends if end < len(fragments))]
    stops = [*starts[1:], len(fragments)]
    return [tuple(fragments[a:b]) for a, b in zip(starts, stops, strict=True) if a < b]


def _ends_picture(file: BinaryIO, span: Span) -> bool:
    file.seek(span.start + max(span.length - 10, 0))
    return b"\xff\xd9" in file.read(min(10, span.length))


class JoinedSpans(io.RawIOBase):
    """The spans of a file as one readable stream: a video stream cut into fragments."""

    def __init__(self, path: Path, spans: list[Span]) -> None:
        super().__init__()
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise UnreadableFile(f"{path} cannot be read: {error.strerror}.") from error
        self._spans = spans
        self._ends = list(accumulate(span.length for span in spans))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        which = bisect_right(self._ends, self._at)
        if which == len(self._spans):
            return 0
        span = self._spans[which]
        inside = self._at - (self._ends[which] - span.length)
        self._file.seek(span.start + inside)
        part = self._file.read(min(len(buffer), span.length - inside))
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
