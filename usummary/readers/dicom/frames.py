"""Finds where the encoded frames of a DICOM file are in it, and reads them one at a time."""

from __future__ import annotations

import io
import struct
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, BinaryIO

from usummary.errors import UnreadableFile

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_PICTURE_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0c")
"""First bytes of a JPEG or JPEG-LS picture, of a JPEG 2000 codestream, and of a JP2 file."""
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``[start, start + length)`` of a file; `head` holds the first few of them."""

    start: int
    length: int
    head: bytes = b""


def native_spans(start: int, frame_length: int, count: int) -> list[tuple[Span, ...]]:
    """One span per frame of uncompressed pixel data that begins at `start`."""
    return [(Span(start + i * frame_length, frame_length),) for i in range(count)]


def fragment_spans(file: BinaryIO) -> tuple[list[int], list[Span]]:
    """The Basic Offset Table and the fragments of encapsulated pixel data (PS3.5 A.4).

    They are read from the file's current position on.

    Raises:
        ValueError: There is no encapsulated pixel data at this position.
    """
    items = _items(file)
    table = next(items, None)
    if table is None:
        raise ValueError("no items")
    after = file.tell()
    file.seek(table.start)
    count = table.length // 4
    data = file.read(count * 4)
    offsets = list(struct.unpack(f"<{len(data) // 4}L", data[: len(data) // 4 * 4]))
    file.seek(after)
    return offsets, [span for span in items if span.length > 0]


def _items(file: BinaryIO) -> Iterator[Span]:
    """Items up to the end of the sequence or of the file.

    While an item is in use, the file's position may be changed: it is set anew for the next one.
    """
    odd = False
    while len(head := file.read(8)) == 8 and head[:4] != _END:
        if head[:4] != _ITEM and odd:
            # A fragment of odd length, which is not allowed, may be padded with a byte that its
            # length does not count. Then the next item begins one byte later.
            file.seek(-7, io.SEEK_CUR)
            head = file.read(8)
            if head[:4] == _END:
                return
        if head[:4] != _ITEM:
            raise ValueError("no item where one must begin")
        start, length = file.tell(), int.from_bytes(head[4:], "little")
        yield Span(start, length, file.read(min(length, 4)))
        odd = length % 2 == 1
        file.seek(start + length)


def frame_spans(offsets: list[int], fragments: list[Span], count: int) -> list[tuple[Span, ...]]:
    """The fragments of each frame, as many frames as there are.

    Offset tables and numbers of frames are often wrong; the first bytes of a picture of the JPEG
    family are not, and they do not occur inside one. So a fragment with these bytes begins a frame.
    But if a table that fits, or one fragment for each frame, explains the fragments as well, a
    frame without these bytes counts too: its beginning is damaged.

    Args:
        offsets: The Basic Offset Table, empty if there is none.
        fragments: In the order of the file.
        count: Number of frames that the header states, 0 if it states none.
    """
    begins = [i for i, span in enumerate(fragments) if span.head.startswith(_PICTURE_STARTS)]
    stated = _stated_starts(offsets, fragments)
    if len(stated) == count > 0 and set(begins) <= set(stated):
        starts = stated  # the table has the right count, and no picture begins inside a frame
    elif len(fragments) == count and (not begins or 2 * len(begins) > count):
        starts = list(range(count))  # a fragment for each frame, and most begin with a picture
    elif begins:
        starts = [0, *(start for start in begins if start > 0)]
    else:  # streams without known first bytes, such as RLE
        starts = stated if len(stated) > 1 else list(range(len(fragments)))
    stops = [*starts[1:], len(fragments)]
    return [tuple(fragments[a:b]) for a, b in zip(starts, stops, strict=True) if a < b]


def _stated_starts(offsets: list[int], fragments: list[Span]) -> list[int]:
    """First fragment of each frame by the table of offsets; empty if the table does not fit."""
    if not fragments or not offsets or offsets[0] != 0:
        return []
    places = [span.start - fragments[0].start for span in fragments]
    starts = [bisect_left(places, offset) for offset in offsets]
    fits = all(
        start < len(places) and places[start] == offset
        for start, offset in zip(starts, offsets, strict=True)
    )
    ascends = all(a < b for a, b in pairwise(starts))
    return starts if fits and ascends else []


class _Stream(io.RawIOBase):
    """A seekable stream; `_at` is its position."""

    _at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at


class JoinedSpans(_Stream):
    """The spans of a file as one readable stream: a video stream that is cut into fragments.

    The file is open only during a read, so that the videos of a long study do not use up the number
    of files that a program may have open.
    """

    def __init__(self, opener: Callable[[], BinaryIO], spans: list[Span]) -> None:
        super().__init__()
        self._opener = opener
        self._spans = spans
        self._ends = list(accumulate(span.length for span in spans))

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
        with self._opener() as file:
            file.seek(span.start + inside)
            part = file.read(min(len(buffer), span.length - inside))
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


class Inflated(_Stream):
    """A file whose bytes from `start` on are deflated, read as if they were inflated.

    Reading forward goes on from the position; going back inflates again from `start`. Nothing is
    kept in memory.
    """

    def __init__(self, path: Path, start: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._start = start
        self._restart()

    def _restart(self) -> None:
        self._file.seek(self._start)
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._at = self._start

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            while self._inflate(_BLOCK):
                pass
            return self._at
        target = offset + (self._at if whence == io.SEEK_CUR else 0)
        if target < self._at:
            self._restart()
        while self._at < target and self._inflate(min(_BLOCK, target - self._at)):
            pass
        return self._at

    def readinto(self, buffer: Any) -> int:
        part = self._inflate(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def _inflate(self, most: int) -> bytes:
        """The next bytes, at most `most`; none at the end."""
        part = b""
        try:
            while not part and most > 0 and not self._inflater.eof:
                more = self._inflater.unconsumed_tail or self._file.read(_BLOCK)
                part = self._inflater.decompress(more, most)
                if not more and not part:
                    break
        except zlib.error as error:
            raise OSError("The deflated data are damaged.") from error
        self._at += len(part)
        return part

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def open_bytes(path: Path, deflated_at: int | None = None) -> BinaryIO:
    """The bytes of a DICOM file, inflated from `deflated_at` on, to be closed by the caller.

    Raises:
        UnreadableFile: The file cannot be opened (any more).
    """
    try:
        if deflated_at is None:
            return path.open("rb")
        return io.BufferedReader(Inflated(path, deflated_at), _BLOCK)
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror}.") from error
