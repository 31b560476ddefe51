"""One pass of decoded pictures through a video stream, each with its frame index."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import islice

import av.error
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from usummary.readers.video.container import Media
from usummary.readers.video.frame_times import StampTable
from usummary.types import IntArray

Spare = Callable[[int, "Packet[VideoStream]"], bool]
"""Whether the packet of a frame index need not be decoded at all."""

_FIRST_STEP_S = 0.5
_STEPS = 6
"""Seeks that start behind the wanted picture are repeated this often, twice as far back each time;
then decoding starts at the very beginning."""


_RESTS = 16


class Walk:
    """Iterator of (frame index, picture), ascending, from a sync point at or before `start`.

    Attributes:
        at: Index after the last picture that came.
        spare: Tells packets that need not be decoded; may be exchanged while walking.
    """

    def __init__(
        self, media: Media, table: StampTable, start: int = 0, *, spare: Spare | None = None
    ) -> None:
        self.spare = spare
        self.at = 0
        self._media = media
        self._table = table
        self._open()
        if start > 0:
            self.seek(start)

    def _open(self) -> None:
        self._container, self._stream = self._media.open()
        self._pictures = self._decoded()
        self._ahead: tuple[int, VideoFrame] | None = None
        self._count = 0
        self._first_packet = 0
        self._entered: int | None = None

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
        if self._table.counted:
            if start < self.at:
                self._reopen()
        elif self._table.by_packet is not None:
            self._skip_to(start, self._table.by_packet)
        elif self._table.stamps is not None:
            self._seek_stamp(start, self._table.stamps)

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _skip_to(self, start: int, by_packet: IntArray) -> None:
        """Begin with the packet of the sync point that `start` hangs on.

        Stamps that start again say nothing to a container's seek. Where the container can be
        entered at a byte, the packet is known again by its size; elsewhere all packets from the
        start of the file are passed over, which costs as much as reading it.
        """
        sync = self._table.sync
        nearest = sync[np.searchsorted(sync, start, side="right") - 1]
        first = int(np.flatnonzero(by_packet == nearest)[0])
        if self._enters_at(first) and self._comes_before(start):
            return
        self._reopen()
        self._first_packet = first
        if not self._comes_before(start):
            self._reopen()

    def _enters_at(self, number: int) -> bool:
        """Go to the byte at which a packet begins; whether that can be done."""
        places = self._table.places
        if places is None or places[number, 0] < 0:
            return False
        try:
            self._container.seek(int(places[number, 0]), unsupported_byte_offset=True)
        except av.error.FFmpegError:
            return False
        self._entered, self._first_packet = number, 0
        self._pictures = self._decoded()
        return True

    def _comes_before(self, start: int) -> bool:
        """Decode the next picture; whether it is not behind `start`."""
        self._ahead = next(self._pictures, None)
        return self._ahead is not None and self._ahead[0] <= start

    def _seek_stamp(self, start: int, stamps: IntArray) -> None:
        # A container lands on what it takes for a sync point before the stamp. With open groups of
        # pictures, or a coarse index, the first picture that comes out from there can lie behind
        # the wanted one. So the outcome is checked, and the seek repeated further back.
        back = _FIRST_STEP_S
        target = int(stamps[start])
        for _ in range(_STEPS):
            if self._lands_before(target, start):
                return
            target = int(stamps[start]) - round(back / self._table.unit_s)
            back *= 2
            if target <= stamps[0]:
                break
        self._reopen()

    def _lands_before(self, stamp: int, start: int) -> bool:
        """Seek to a stamp; whether the first picture from there is not behind `start`."""
        try:
            self._container.seek(stamp, stream=self._stream)
        except av.error.FFmpegError:
            return False
        self._pictures = self._decoded()
        return self._comes_before(start)

    def _decoded(self) -> Generator[tuple[int, VideoFrame]]:
        media, stream = self._media, self._stream
        for packet in self._packets():
            if self.spare is not None and self._is_spare(packet):
                continue
            for picture in media.decode(stream, packet):
                yield from self._numbered(picture)
        for picture in media.decode(stream, None):
            yield from self._numbered(picture)

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """The packets to decode; where pictures are known by packet, stamped with its number.

        A decoder hands the stamp of a packet on to its picture, whatever it says.
        """
        packets = self._media.packets(self._container, self._stream)
        if self._table.by_packet is None:
            yield from packets
            return
        entered, self._entered = self._entered, None
        if entered is not None and self._table.places is not None:
            size = int(self._table.places[entered, 1])
            # What comes first after entering at a byte can be the rest of a packet before.
            for packet in islice(packets, _RESTS):
                if packet.size == size and packet.is_keyframe:
                    packet.pts = packet.dts = entered
                    yield packet
                    break
            else:
                return
        for number, packet in enumerate(packets, 0 if entered is None else entered + 1):
            if number >= self._first_packet:
                packet.pts = packet.dts = number
                yield packet

    def _numbered(self, picture: VideoFrame) -> Iterator[tuple[int, VideoFrame]]:
        """The picture with its index; nothing where it has no place in the table."""
        if self._table.counted:
            index, self._count = self._count, self._count + 1
            if index < self._table.count:
                yield index, picture
        else:
            found = self._index_of(picture.pts)
            if found is not None:
                yield found, picture

    def _is_spare(self, packet: Packet[VideoStream]) -> bool:
        index = self._index_of(packet.pts if packet.pts is not None else packet.dts)
        return index is not None and self.spare is not None and self.spare(index, packet)

    def _index_of(self, stamp: int | None) -> int | None:
        """Index of the picture of a stamp, or of a packet's number in its place."""
        by_packet, stamps = self._table.by_packet, self._table.stamps
        if stamp is None:
            return None
        if by_packet is not None:
            found = int(by_packet[stamp]) if 0 <= stamp < len(by_packet) else -1
            return found if found >= 0 else None
        if stamps is None:
            return None
        index = int(np.searchsorted(stamps, stamp))
        return index if index < len(stamps) and stamps[index] == stamp else None
