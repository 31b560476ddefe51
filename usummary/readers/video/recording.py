"""Video files: any container and codec that FFmpeg decodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from usummary.errors import UnreadableFile
from usummary.readers.video import pictures
from usummary.readers.video.container import SIMULATED_NOTICE, Media, is_cut_avi
from usummary.readers.video.decoding import Spare, Walk
from usummary.readers.video.frame_times import UNTIMED_RATE, read_opening, read_stamps
from usummary.readers.video.skipping import Thinning
from usummary.types import Frame, IntArray, RecordingInfo, Streams

_KEEP_BYTES = 48 << 20
_KEEP_FRAMES = 16
"""Decoded pictures kept behind the last position, so that stepping back a little is quick."""
_NEAR_FRAMES = 64
"""A picture at most this far ahead is reached by decoding on instead of seeking."""

ASSUMED_RATE = (
    "The recording does not say how many pictures it shows in a second; "
    f"{int(UNTIMED_RATE)} are assumed."
)
_DAMAGED = "Damaged places in the recording could not be decoded; the picture before is shown."
_RESIZED = (
    "The size of the pictures changes within the recording; all are shown in the size of the first."
)
_INTERLACED = (
    "The recording is interlaced: each picture holds two moments. The first of them is shown."
)


class VideoRecording:
    """A `usummary.types.Recording` of a video stream.

    Where a picture is damaged beyond decoding, `frame` and `frames` give the one before it, as a
    player does, and `info.notices` says so from then on.
    """

    def __init__(self, media: Media) -> None:
        """Open the stream, decode its first picture, read its index.

        Raises:
            UnreadableFile, UnsupportedEncoding: See `read_opening`.
        """
        self._media = media
        self._opening = read_opening(media)
        self._table = read_stamps(media, self._opening)
        self._times_s = self._table.paced.times_s
        self._info = self._describe()
        self._resized = self._interlaced = False
        self._walk: Walk | None = None
        self._kept: deque[tuple[int, VideoFrame]] = deque(maxlen=self._keep_count())

    @property
    def info(self) -> RecordingInfo:
        seen = {
            _DAMAGED: self._media.damaged > 0,
            _RESIZED: self._resized,
            _INTERLACED: self._interlaced and not self._opening.interlaced,
        }
        notices = [notice for notice, is_so in seen.items() if is_so]
        return replace(self._info, notices=(*self._info.notices, *notices))

    @property
    def times_s(self) -> NDArray[np.float64]:
        return self._times_s

    @property
    def sync_frames(self) -> IntArray:
        return self._table.sync

    def frame(self, index: int) -> Frame:
        if not 0 <= index < self._info.frame_count:
            raise IndexError(f"frame {index} of {self._info.frame_count}")
        return self._coloured(index, self._picture(index))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        count = self._info.frame_count
        start, stop, _ = slice(start, stop).indices(count)
        if start >= stop:
            return
        walk = Walk(self._media, self._table, start, spare=self._run_in(start))
        try:
            for index, picture in _held(walk, start, stop):
                yield self._coloured(index, picture)
        finally:
            walk.close()

    def luma(self, rate: float | None = None, start: int = 0) -> Iterator[Frame]:
        walk = Walk(self._media, self._table, start, spare=self._thinned(rate))
        try:
            for index, picture in walk:
                if index >= start:
                    grey = pictures.luma(self._looked_at(picture), self._opening.geometry)
                    yield Frame(index, float(self._times_s[index]), grey)
        finally:
            walk.close()

    def close(self) -> None:
        self._kept.clear()
        if self._walk is not None:
            self._walk.close()
            self._walk = None

    def _picture(self, index: int) -> VideoFrame:
        """The decoded picture on screen at a frame index."""
        if self._walk is None or not self._reached_by_going_on(index):
            self._start_walk(index)
        else:
            self._walk.spare = self._run_in(index)
        while self._walk is not None and (not self._kept or self._kept[-1][0] < index):
            step = next(self._walk, None)
            if step is None:
                break
            self._kept.append(step)
        for at, picture in reversed(self._kept):
            if at <= index:
                return picture
        raise UnreadableFile(f"Frame {index} of {self._media.path} can no longer be decoded.")

    def _reached_by_going_on(self, index: int) -> bool:
        if not self._kept or index < self._kept[0][0]:
            return False
        last = self._kept[-1][0]
        sync = self._table.sync
        nearest = int(sync[np.searchsorted(sync, index, side="right") - 1])
        return nearest <= last or index - last < _NEAR_FRAMES

    def _start_walk(self, index: int) -> None:
        self._kept.clear()
        if self._walk is None:
            self._walk = Walk(self._media, self._table)
        self._walk.spare = self._run_in(index)
        self._walk.seek(index)

    def _run_in(self, target: int) -> Spare | None:
        """Leaves out what is decoded on the way to a picture and neither needed nor kept."""
        referenced = self._opening.referenced
        if referenced is None:
            return None
        return lambda index, packet: index <= target - _KEEP_FRAMES and not referenced(packet)

    def _thinned(self, rate: float | None) -> Spare | None:
        if rate is None or self._opening.referenced is None:
            return None
        return Thinning(self._times_s, 1 / rate, self._opening.referenced).is_spare

    def _keep_count(self) -> int:
        width, height = self._opening.geometry.stored
        return min(max(_KEEP_BYTES // (width * height * 2), 2), _KEEP_FRAMES)

    def _looked_at(self, picture: VideoFrame) -> VideoFrame:
        """The picture; what is odd about it is told by `info` from then on."""
        self._resized |= (picture.width, picture.height) != self._opening.geometry.stored
        self._interlaced |= picture.interlaced_frame
        return picture

    def _coloured(self, index: int, picture: VideoFrame) -> Frame:
        rgb = pictures.rgb(self._looked_at(picture), self._opening.geometry)
        return Frame(index, float(self._times_s[index]), rgb)

    def _describe(self) -> RecordingInfo:
        width, height = self._opening.geometry.shown
        return RecordingInfo(
            path=self._media.path,
            width=width,
            height=height,
            frame_count=self._table.count,
            duration_s=self._table.paced.duration_s,
            encoding=self._opening.codec,
            kind="video",
            streams=self._streams(),
            notices=self._notices(),
        )

    def _streams(self) -> Streams | None:
        opening = self._opening
        if len(opening.sizes) < 2:
            return None
        return Streams(opening.stream, opening.usual, opening.sizes)

    def _notices(self) -> tuple[str, ...]:
        notices = [SIMULATED_NOTICE] if self._opening.simulated else []
        if self._table.truncated or is_cut_avi(self._media.path):
            notices.append("The recording was cut off; it is used up to its last complete picture.")
        streams = self._streams()
        if streams is not None:
            listed = ", ".join(
                f"{number}: {width} x {height}"
                for number, (width, height) in enumerate(streams.sizes, start=1)
            )
            notices.append(
                f"The file holds {len(streams.sizes)} video streams ({listed}); stream "
                f"{streams.shown} is used."
            )
        if self._opening.rate_assumed:
            notices.append(ASSUMED_RATE)
        if self._opening.interlaced:
            notices.append(_INTERLACED)
        notices += self._opening.geometry.notices
        notices += self._table.paced.notices
        return tuple(notices)


def _held(walk: Walk, start: int, stop: int) -> Iterator[tuple[int, VideoFrame]]:
    """Every index of ``[start, stop)`` with its picture, or the last one before it."""
    shown: VideoFrame | None = None
    wanted = start
    for at, picture in walk:
        while shown is not None and wanted < min(at, stop):
            yield wanted, shown
            wanted += 1
        shown = picture
        if at == wanted < stop:
            yield wanted, shown
            wanted += 1
        if wanted >= stop:
            return
    if shown is not None:
        for index in range(wanted, stop):
            yield index, shown
