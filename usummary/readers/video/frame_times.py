"""When each picture of a video stream is presented, from its packets, without decoding."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from usummary.errors import UnreadableFile
from usummary.readers.video.container import Media
from usummary.readers.video.mp4_tables import read_sample_table
from usummary.readers.video.pictures import quarter_turns
from usummary.readers.video.skipping import Referenced, referenced_test
from usummary.types import IntArray

UNTIMED_RATE = Fraction(25)
"""Frames per second where a stream gives neither times nor a rate."""


@dataclass(frozen=True)
class Timeline:
    """Presentation stamps of a stream's pictures.

    Attributes:
        stamps: (n,) ascending stamps in units of `unit_s`, or the numbers 0 to n - 1 where
            `counted`.
        sync: Frame indices that decoding can start from, ascending, the first one 0.
        end: Stamp at which the last picture ends.
        unit_s: Seconds per unit.
        counted: The stream has no usable presentation stamps: pictures are numbered as they come
            out of the decoder, and can only be reached from the start.
        truncated: The index names pictures that the file does not hold.
    """

    stamps: IntArray
    sync: IntArray
    end: int
    unit_s: Fraction
    counted: bool = False
    truncated: bool = False

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Recording times, first one 0."""
        since_first = (self.stamps - self.stamps[0]).astype(np.float64)
        seconds: NDArray[np.float64] = since_first * self.unit_s.numerator
        seconds /= self.unit_s.denominator
        return seconds

    @property
    def duration_s(self) -> float:
        return float((self.end - int(self.stamps[0])) * self.unit_s)


@dataclass(frozen=True)
class Opening:
    """What decoding the first picture told.

    Attributes:
        stamps: Stamps of the packets read for it, in decoding order.
        first_stamp: Its own stamp; what the stream holds before it cannot be decoded.
        counted: As in `Timeline`.
        size: Stored width and height.
        turns: Anticlockwise quarter turns that bring it upright.
        codec: Name of the encoding, for people.
        simulated: The file's own description says that its pictures are simulated.
        referenced: Tells packets of reference pictures, None where the codec is not understood.
    """

    stamps: tuple[int, ...]
    first_stamp: int
    counted: bool
    size: tuple[int, int]
    turns: int
    codec: str
    simulated: bool
    referenced: Referenced | None


def read_opening(media: Media) -> Opening:
    """Decode the first picture.

    Raises:
        UnreadableFile, UnsupportedEncoding: See `Media.open`; or no picture can be decoded.
    """
    container, stream = media.open()
    stamps: list[int] = []
    counted = False
    with container:
        for packet in chain(media.packets(container, stream), [None]):
            if packet is not None:
                counted = counted or is_counted(stream, packet)
                stamps.append(_stamp(packet) or 0)
            for picture in media.decode(stream, packet):
                return Opening(
                    stamps=tuple(stamps),
                    first_stamp=picture.pts or 0,
                    counted=counted,
                    size=(picture.width, picture.height),
                    turns=quarter_turns(picture),
                    codec=stream.codec_context.name,
                    simulated="simulated" in " ".join(container.metadata.values()).casefold(),
                    referenced=None if counted else referenced_test(stream),
                )
    raise UnreadableFile(
        f"No picture in {media.path} can be decoded; the file is damaged or empty."
    )


def _stamp(packet: Packet[VideoStream]) -> int | None:
    return packet.pts if packet.pts is not None else packet.dts


def is_counted(stream: VideoStream, packet: Packet[VideoStream]) -> bool:
    """Whether the stream's presentation stamps are missing or made up.

    AVI stores none: with reordered H.264 or HEVC pictures the demuxer's guesses are wrong.
    """
    if packet.pts is None and packet.dts is None:
        return True
    context = stream.codec_context
    reordered = context.has_b_frames and context.name in {"h264", "hevc"}
    return bool(reordered and "avi" in stream.container.format.name.split(","))


def is_hidden(packet: Packet[VideoStream], codec: str) -> bool:
    """Whether a packet only feeds the decoder and shows no picture of its own."""
    if packet.is_discard:
        return True
    if codec == "vp8":
        return not memoryview(packet)[0] & 0x10  # show_frame of the frame tag
    return False


def read_timeline(media: Media, opening: Opening) -> Timeline:
    """The timeline from the container's index where it has a complete one, else by `scan`."""
    return _from_mp4_index(media, opening) or scan(media, opening)


def _from_mp4_index(media: Media, opening: Opening) -> Timeline | None:
    """The timeline of an MP4 or QuickTime file; None where its tables do not tell everything."""
    container, stream = media.open()
    with container:
        if not container.format.name.startswith("mov"):
            return None
        index = stream.index_entries
        entries = np.array(
            [(e.timestamp, e.pos + e.size, e.is_keyframe, e.is_discard) for e in index], np.int64
        ).reshape(-1, 4)  # copied here: they do not outlive the container
        with media.file() as file:
            table = read_sample_table(file, stream.id)
            size = file.seek(0, 2)
        unit = stream.time_base
    if table is None or unit is None or len(entries) != len(table.shifts):
        return None
    dts, file_ends, is_key, is_discarded = entries.T
    stamps = dts + table.shifts
    seen = np.array(opening.stamps, np.int64)
    stamps += seen[0] - stamps[0]
    if not np.array_equal(stamps[: len(seen)], seen):
        return None
    there = (file_ends <= size) & (is_discarded == 0) & (stamps >= opening.first_stamp)
    ends = (stamps + table.durations)[there]
    known = np.unique(stamps[there])
    keys = stamps[there & (is_key == 1)]
    cut = bool((file_ends > size).any())
    end = max(int(ends.max()), int(known[-1]) + 1)
    return Timeline(known, _sync(known, keys), end, unit, truncated=cut)


def _sync(stamps: IntArray, keys: IntArray) -> IntArray:
    return np.union1d([0], np.flatnonzero(np.isin(stamps, keys)))


def scan(media: Media, opening: Opening) -> Timeline:
    """The timeline from a pass through all packets (seconds for an hour of recording)."""
    container, stream = media.open()
    stamps: list[int] = []
    ends: list[int] = []
    keys: list[int] = []
    codec = stream.codec_context.name
    with container:
        for packet in media.packets(container, stream):
            if is_hidden(packet, codec):
                continue
            stamp = _stamp(packet)
            stamps.append(stamp if stamp is not None else len(stamps))
            ends.append(stamps[-1] + (packet.duration or 0))
            if packet.is_keyframe:
                keys.append(stamps[-1])
        rate = stream.average_rate or stream.guessed_rate or UNTIMED_RATE
        unit = stream.time_base or Fraction(1)
    if opening.counted:
        start = np.zeros(1, np.int64)
        return Timeline(np.arange(len(stamps)), start, len(stamps), 1 / rate, counted=True)
    known = np.unique(np.array(stamps, np.int64))
    known = known[known >= opening.first_stamp]
    return Timeline(known, _sync(known, np.array(keys)), _end(known, max(ends), unit, rate), unit)


def _end(stamps: IntArray, latest: int, unit_s: Fraction, rate: Fraction) -> int:
    """End of the last picture: as stored, else one usual distance after it."""
    last = int(stamps[-1])
    if latest > last:
        return latest
    if len(stamps) > 1:
        return last + max(1, int(np.median(np.diff(stamps))))
    return last + max(1, round(1 / (rate * unit_s)))
