"""One pass of decoded pictures through a video stream, each with its frame index."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import av.error
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from usummary.readers.video.container import Media
from usummary.readers.video.frame_times import Timeline

Spare = Callable[[int, "Packet[VideoStream]"], bool]
"""Whether the packet of a frame index need not be decoded at all."""

_FIRST_STEP_S = 0.5
_STEPS = 6
"""Seeks that start behind the wanted picture are repeated this often, twice as far back each time;
then decoding starts at the very beginning."""


class Walk:
    """Iterator of (frame index, picture), ascending, from a sync point at or before `start`.

    Attributes:
        at: Index after the last picture that came.
        spare: Tells packets that need not be decoded; may be exchanged while walking.
    """

    def __init__(
        self, media: Media, timeline: Timeline, start: int = 0, *, spare: Spare | None = None
    ) -> None:
        self.spare = spare
        self.at = 0
        self._media = media
        self._timeline = timeline
        self._stamps = timeline.stamps
        self._open()
        if start > 0:
            self.seek(start)

    def _open(self) -> None:
        self._container, self._stream = self._media.open()
        self._pictures = self._decoded()
        self._ahead: tuple[int, VideoFrame] | None = None
        self._count = 0

    def __iter__(self) -> Iterator[tuple[int, VideoFrame]]:
        return self

    def __next__(self) -> tuple[int, VideoFrame]:
        ahead, self._ahead = self._ahead, None
        index, picture = ahead or next(self._pictures)
        self.at = index + 1
        return index, picture

    def close(self) -> None:
        self._pictures.close()
        self._container.close()

    def seek(self, start: int) -> None:
        """Go on with a picture at or before `start`, the nearest that can be decoded from."""
        if self._timeline.counted:
            if start < self.at:
                self.close()
                self._open()
            return
        back = _FIRST_STEP_S
        target = int(self._stamps[start])
        for _ in range(_STEPS):
            if self._lands_before(target, start):
                return
            target = int(self._stamps[start]) - round(back / self._timeline.unit_s)
            back *= 2
            if target <= self._stamps[0]:
                break
        self.close()
        self._open()

    def _lands_before(self, stamp: int, start: int) -> bool:
        """Seek to a stamp; whether the first picture from there is not behind `start`."""
        try:
            self._container.seek(stamp, stream=self._stream)
        except av.error.FFmpegError:
            return False
        self._pictures = self._decoded()
        self._ahead = next(self._pictures, None)
        return self._ahead is not None and self._ahead[0] <= start

    def _decoded(self) -> Generator[tuple[int, VideoFrame]]:
        media, stream = self._media, self._stream
        for packet in media.packets(self._container, stream):
            if self.spare is not None and self._is_spare(packet):
                continue
            for picture in media.decode(stream, packet):
                yield from self._numbered(picture)
        for picture in media.decode(stream, None):
            yield from self._numbered(picture)

    def _numbered(self, picture: VideoFrame) -> Iterator[tuple[int, VideoFrame]]:
        """The picture with its index; nothing where it has no place on the timeline."""
        if self._timeline.counted:
            index, self._count = self._count, self._count + 1
            if index < len(self._stamps):
                yield index, picture
        else:
            found = self._index_of(picture.pts)
            if found is not None:
                yield found, picture

    def _is_spare(self, packet: Packet[VideoStream]) -> bool:
        index = self._index_of(packet.pts if packet.pts is not None else packet.dts)
        return index is not None and self.spare is not None and self.spare(index, packet)

    def _index_of(self, stamp: int | None) -> int | None:
        if stamp is None:
            return None
        index = int(np.searchsorted(self._stamps, stamp))
        return index if index < len(self._stamps) and self._stamps[index] == stamp else None
