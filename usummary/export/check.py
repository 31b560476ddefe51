"""Opens the written files again and compares them with the frames they were made from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from usummary.errors import ExportError
from usummary.export.film import TICKS
from usummary.export.meter import Meter
from usummary.export.shots import ShownShot, small_grey
from usummary.types import Box, Picture

CHECK_UNITS = 8.0
"""Checking a shot's first and last picture takes about as long as encoding this many frames."""
_SAME, _TINY, _SAME_TINY = 12.0, 16, 40.0
"""Most mean difference in grey levels between a picture and its compressed version, both shrunk.
With a side below `_TINY` pixels too few pixels are averaged to even out what compression does."""
_BLACK = 40
"""Brightest grey level that compression may leave in a black area."""
_BORDER = 17
"""Width in pixels of the border of a black area into which compression may smear the sector: a
macroblock of 16 and one."""


class _Sector:
    """The place of a recording's picture in the video, and the area that must be black there."""

    def __init__(self, place: Box, outside: Picture | None) -> None:
        self.place = place
        self._inner: Picture | None = None
        if outside is not None:
            shape = (place.width, place.height)
            fitted = cv2.resize(outside, shape, interpolation=cv2.INTER_NEAREST)
            kernel = np.ones((2 * _BORDER + 1, 2 * _BORDER + 1), np.uint8)
            # 255 beyond the picture's edge: nothing can be smeared in from there.
            eroded = cv2.erode(fitted, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=255)
            self._inner = np.asarray(eroded, np.uint8)

    def leaks(self, picture: Picture) -> bool:
        """Whether something can be seen where everything must be black."""
        if self._inner is None:
            return False
        grey = cv2.cvtColor(self.place.crop(picture), cv2.COLOR_RGB2GRAY)
        return bool(cv2.minMaxLoc(grey, mask=self._inner)[1] > _BLACK)


class FilmCheck:
    """Checks reel and clips against the frames they were made from."""

    def __init__(
        self, sectors: dict[int, tuple[Box, Picture | None]], size: tuple[int, int], meter: Meter
    ) -> None:
        self._sectors = {key: _Sector(*value) for key, value in sectors.items()}
        self._size = size
        self._meter = meter
        # Reel and clips hold the same packets. Those that were checked in one need not be decoded
        # again in the other.
        self._seen: set[tuple[int, bytes]] = set()

    def __call__(self, path: Path, shots: Sequence[ShownShot]) -> None:
        """Check a video file that shows `shots` one after another.

        Raises:
            ExportError: It cannot be opened, or frame count, times, first or last pictures differ.
        """
        try:
            with av.open(str(path)) as container:
                self._check(path, container, shots)
        except av.FFmpegError as error:
            raise _wrong(path, "cannot be opened again") from error

    def _check(self, path: Path, container: Any, shots: Sequence[ShownShot]) -> None:
        lengths = [int(shot.ticks[-1]) for shot in shots]
        begins = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        times = np.concatenate(
            [shot.ticks[:-1] + begin for shot, begin in zip(shots, begins, strict=True)]
        )
        if not container.streams.video:
            raise _wrong(path, "holds no pictures")
        stream = container.streams.video[0]
        if (stream.width, stream.height) != self._size:
            raise _wrong(path, "has another picture size")
        if stream.duration is None or abs(stream.duration - sum(lengths)) > 1:
            raise _wrong(path, "has another duration")
        digests = [hashlib.sha256() for _ in shots]
        written = []
        for packet in container.demux(stream):
            if packet.size:
                which = int(np.searchsorted(begins, packet.pts, side="right")) - 1
                digests[which].update(packet)
                written.append(packet.pts)
        if not np.array_equal(written, times) or stream.time_base != Fraction(1, TICKS):
            raise _wrong(path, "has other frame times")
        for shot, begin, digest in zip(shots, begins, digests, strict=True):
            packets = (shot.number, digest.digest())
            if packets not in self._seen:
                self._check_ends(path, container, shot, int(begin))
                self._seen.add(packets)
            self._meter.step(CHECK_UNITS / 2)

    def _check_ends(self, path: Path, container: Any, shot: ShownShot, begin: int) -> None:
        sector = self._sectors[shot.shot.recording]
        tiny = min(sector.place.width, sector.place.height) < _TINY
        for name, ticks, meant in (
            ("first", shot.ticks[0], shot.first),
            ("last", shot.ticks[-2], shot.last),
        ):
            picture = _picture_at(container, begin + int(ticks))
            if picture is None or meant is None:
                raise _wrong(path, f"lacks the {name} frame of key shot {shot.number}")
            seen = small_grey(sector.place.crop(picture))
            if float(cv2.absdiff(seen, meant).mean()) > (_SAME_TINY if tiny else _SAME):
                raise _wrong(path, f"shows another {name} frame of key shot {shot.number}")
            if sector.leaks(picture):
                raise _wrong(path, f"shows something outside the sector in key shot {shot.number}")


def check_still(path: Path, size: tuple[int, int], outside: Picture | None) -> None:
    """Open a still again: its size, and that nothing outside the sector can be seen."""
    with Image.open(path) as image:
        image.load()
        if image.size != size:
            raise _wrong(path, "has another size")
        if outside is not None and cv2.countNonZero(
            cv2.bitwise_and(cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY), outside)
        ):
            raise _wrong(path, "shows something outside the sector")


def check_pages(path: Path, pages: int) -> None:
    """Check that a PDF is whole and has that many pages."""
    data = path.read_bytes()
    whole = data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
    if not whole or len(re.findall(rb"/Type\s*/Page\b", data)) != pages:
        raise _wrong(path, f"is no whole PDF of {pages} page{'s' if pages > 1 else ''}")


def _picture_at(container: Any, pts: int) -> Picture | None:
    stream = container.streams.video[0]
    container.seek(pts, stream=stream)
    for frame in container.decode(stream):
        if frame.pts >= pts:
            picture: Picture = frame.to_ndarray(format="rgb24")
            return picture if frame.pts == pts else None
    return None


def _wrong(path: Path, what: str) -> ExportError:
    return ExportError(
        f"{path.name} {what} after writing, so nothing was exported. "
        "Export again; if it happens again, check the disk."
    )
