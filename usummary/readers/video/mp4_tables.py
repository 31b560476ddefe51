"""Sample times from the tables of an MP4 or QuickTime file (ISO 14496-12, boxes moov to stts/ctts).

FFmpeg's index gives decoding times only. With reordered pictures the presentation times would cost
a pass through all packets, seconds for an hour; these two run-length tables hold them already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from usummary.types import IntArray

_MAX_TABLE = 256 << 20
"""Largest header read, bytes; more is taken for damage."""
_MAX_SAMPLES = 1 << 26
_LARGEST_FILE = 1 << 60
"""Bytes; a box that claims more is damage, and no place to seek to."""


@dataclass(frozen=True)
class SampleTable:
    """Per sample in decoding order, (n,), in units of the track.

    Attributes:
        durations: Distance to the next sample's decoding time.
        shifts: Presentation time minus decoding time.
    """

    durations: IntArray
    shifts: IntArray


def read_sample_table(file: BinaryIO, track_id: int) -> SampleTable | None:
    """The table of one track; None where the file has no such table or it cannot be understood."""
    header = _movie_header(file)
    if header is None:
        return None
    for track in _children(header, b"trak"):
        head = next(_children(track, b"tkhd"), b"")
        at = 20 if head[:1] == b"\x01" else 12
        if int.from_bytes(head[at : at + 4]) == track_id:
            return _sample_table(track)
    return None


def _movie_header(file: BinaryIO) -> bytes | None:
    """Content of the top-level ``moov`` box."""
    while True:
        head = file.read(8)
        if len(head) < 8:
            return None
        size, read = int.from_bytes(head[:4]), 8
        if size == 1:
            size, read = int.from_bytes(file.read(8)), 16
        if head[4:] == b"moov" and read < size <= _MAX_TABLE:
            return file.read(size - read)
        if size < read or size > _LARGEST_FILE:  # 0: reaches to the end of the file
            return None
        file.seek(size - read, 1)


def _children(box: bytes, name: bytes) -> Iterator[bytes]:
    """Contents of the boxes called `name` directly inside a box."""
    at = 0
    while at + 8 <= len(box):
        size = int.from_bytes(box[at : at + 4])
        if size < 8:
            return
        if box[at + 4 : at + 8] == name:
            yield box[at + 8 : at + size]
        at += size


def _sample_table(track: bytes) -> SampleTable | None:
    box = track
    for name in (b"mdia", b"minf", b"stbl"):
        box = next(_children(box, name), b"")
    durations = _runs(next(_children(box, b"stts"), b""))
    shifts = _runs(next(_children(box, b"ctts"), b""))
    if not len(shifts):
        shifts = np.zeros_like(durations)
    return SampleTable(durations, shifts) if len(durations) == len(shifts) > 0 else None


def _runs(box: bytes) -> IntArray:
    """Values of a table of (count, value) pairs, spread out; values count as signed."""
    if len(box) < 8 or len(box) % 8:
        return np.zeros(0, np.int64)
    pairs = np.frombuffer(box, ">i4", offset=8).reshape(-1, 2).astype(np.int64)
    counts, values = pairs[:, 0], pairs[:, 1]
    if counts.min(initial=0) < 0 or counts.sum() > _MAX_SAMPLES:
        return np.zeros(0, np.int64)
    return np.repeat(values, counts)
