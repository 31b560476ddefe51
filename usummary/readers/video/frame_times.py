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
from usummary.readers.video.container import Media, streams_of, usual_stream
from usummary.readers.video.fields import FieldPairs, field_pairs
from usummary.readers.video.mp4_tables import read_sample_table
from usummary.readers.video.pace import JUMP_S, Paced, paced
from usummary.readers.video.pictures import Geometry, read_geometry
from usummary.readers.video.skipping import Referenced, referenced_test
from usummary.types import IntArray

UNTIMED_RATE = Fraction(25)
"""Frames per second where a stream gives neither times nor a rate."""
_BARE = frozenset({"mjpeg", "h264", "hevc", "m4v", "mpegvideo", "vc1", "obu", "ivf"})
"""Files that are a stream of encoded pictures and nothing else."""


@dataclass(frozen=True)
class StampTable:
    """Which picture of a stream is shown when, and how it is found again.

    A decoded picture is known by its stamp. Where stamps repeat or start again it is known by the
    number of its packet in the file; where there are none at all, by counting from the start.

    Attributes:
        paced: Times of the pictures, and what to tell of them.
        sync: Frame indices that decoding can start from, ascending, the first one 0.
        unit_s: Seconds per unit of `stamps`.
        stamps: (n,) ascending stamps of the pictures; None where they do not tell them apart.
        by_packet: (m,) frame index for each packet of the file, -1 for one that shows no picture of
            its own; None where `stamps` are there, or where pictures are counted.
        places: (m, 2) byte at which each packet begins and its size, -1 where unknown; None where
            the container cannot be entered at a byte.
        truncated: The index names pictures that the file does not hold.
    """

    paced: Paced
    sync: IntArray
    unit_s: Fraction
    stamps: IntArray | None = None
    by_packet: IntArray | None = None
    places: IntArray | None = None
    truncated: bool = False

    @property
    def count(self) -> int:
        return len(self.paced.times_s)

    @property
    def counted(self) -> bool:
        """Pictures are numbered as they come out, and can only be reached from the start."""
        return self.stamps is None and self.by_packet is None


@dataclass(frozen=True)
class Opening:
    """What decoding the first picture told.

    Attributes:
        stamps: Stamps of the packets read for it, in decoding order.
        first_stamp: Its own stamp; what the stream holds before it cannot be decoded.
        counted: As in `StampTable`.
        has_fields: Some pictures may come as two packets, see `usummary.readers.video.fields`.
        has_pairs: One of the packets read so far was the second of a picture.
        geometry: How its pictures become upright ones.
        interlaced: It holds two moments.
        stream: Which of the file's video streams it is, from 1.
        usual: Which of them is read unless a person chooses.
        sizes: Width and height of all of them.
        rate_assumed: The stream states no times and no rate, so that a usual rate is taken.
        codec: Name of the encoding, for people.
        simulated: The file's own description says that its pictures are simulated.
        referenced: Tells packets of reference pictures, None where the codec is not understood.
    """

    stamps: tuple[int, ...]
    first_stamp: int
    counted: bool
    has_fields: bool
    has_pairs: bool
    geometry: Geometry
    interlaced: bool
    stream: int
    usual: int
    sizes: tuple[tuple[int, int], ...]
    rate_assumed: bool
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
    counted = has_pairs = False
    pairs: FieldPairs | None = None
    streams = streams_of(container)
    numbers = {found.index: number for number, found in enumerate(streams, start=1)}
    with container:
        for packet in chain(media.packets(container, stream), [None]):
            if packet is not None:
                counted = counted or is_counted(stream, packet)
                pairs = pairs or field_pairs(stream, bytes(packet))
                has_pairs = has_pairs or (pairs is not None and pairs.is_second(packet))
                stamps.append(_stamp(packet) or 0)
            for picture in media.decode(stream, packet):
                return Opening(
                    stamps=tuple(stamps),
                    first_stamp=picture.pts or 0,
                    counted=counted,
                    has_fields=pairs is not None,
                    has_pairs=has_pairs,
                    geometry=read_geometry(picture, _pixel_aspect(stream)),
                    interlaced=picture.interlaced_frame,
                    stream=numbers[stream.index],
                    usual=numbers[usual_stream(streams).index],
                    sizes=tuple(_size(s) for s in streams),
                    rate_assumed=_is_rate_assumed(stream),
                    codec=stream.codec_context.name,
                    simulated="simulated" in " ".join(container.metadata.values()).casefold(),
                    referenced=None if counted else referenced_test(stream),
                )
    raise UnreadableFile(
        f"No picture in {media.path} can be decoded; the file is damaged or empty."
    )


def _size(stream: VideoStream) -> tuple[int, int]:
    context = stream.codec_context
    return (context.width, context.height) if context is not None else (0, 0)


def _pixel_aspect(stream: VideoStream) -> Fraction | None:
    return stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio


def _is_rate_assumed(stream: VideoStream) -> bool:
    """Bare streams of pictures hold times only where the codec itself states a rate."""
    return stream.container.format.name in _BARE and not stream.codec_context.framerate


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


def read_stamps(media: Media, opening: Opening) -> StampTable:
    """The table from the container's index where it has a complete one, else by `scan`."""
    return _from_mp4_index(media, opening) or scan(media, opening)


def _from_mp4_index(media: Media, opening: Opening) -> StampTable | None:
    """The table of an MP4 or QuickTime file; None where its own tables do not tell everything."""
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
        rate = _rate(stream)
    if table is None or unit is None or len(entries) != len(table.shifts):
        return None
    dts, file_ends, is_key, is_discarded = entries.T
    stamps = dts + table.shifts
    seen = np.array(opening.stamps, np.int64)
    stamps += seen[0] - stamps[0]
    if not np.array_equal(stamps[: len(seen)], seen):
        return None
    there = (file_ends <= size) & (is_discarded == 0) & (stamps >= opening.first_stamp)
    known, first = np.unique(stamps[there], return_index=True)
    if len(known) < there.sum() or _may_hold_pairs(opening, table.durations):
        return None
    keys = stamps[there & (is_key == 1)]
    last = int(table.durations[there][first[-1]])
    cut = bool((file_ends > size).any())
    return StampTable(
        paced(known, last, unit, rate), _sync(known, keys), unit, stamps=known, truncated=cut
    )


def _may_hold_pairs(opening: Opening, durations: IntArray) -> bool:
    """Whether some samples may be second fields, so that every packet must be looked at.

    Fields last half as long as frames: where all samples last alike, they are all of one kind, and
    the first ones tell of which.
    """
    alike = len(np.unique(durations[:-1])) <= 1
    return opening.has_pairs or (opening.has_fields and not alike)


def _sync(stamps: IntArray, keys: IntArray) -> IntArray:
    return np.union1d([0], np.flatnonzero(np.isin(stamps, keys)))


def _rate(stream: VideoStream) -> Fraction:
    """Pictures per second that the stream states, or that are usual where it states none."""
    return stream.average_rate or stream.guessed_rate or UNTIMED_RATE


@dataclass(frozen=True)
class _Packets:
    """The packets of a stream that show a picture, in file order.

    Attributes:
        numbers: (n,) place of each among all packets of the file.
        stamps: (n,) presentation stamps; `_NONE` where there is none.
        clock: (n,) decoding stamps, `_NONE` where missing; the same as `stamps` if all are.
        durations: (n,) as stored, 0 where unknown.
        is_key: (n,) decoding can start here.
        places: (m, 2) byte and size of all packets of the file, those that show none included; -1
            for the byte of a packet that a parser cut out of a larger one.
        by_byte: The container can be entered at any byte.
    """

    numbers: IntArray
    stamps: IntArray
    clock: IntArray
    durations: IntArray
    is_key: NDArray[np.bool_]
    places: IntArray
    by_byte: bool


_NONE = np.iinfo(np.int64).min
_BY_BYTE = frozenset({"mpeg", "mpegts"})
"""Containers without an index, whose packets a parser cuts out of a stream of bytes."""


def scan(media: Media, opening: Opening) -> StampTable:
    """The table from a pass through all packets (seconds for an hour of recording)."""
    container, stream = media.open()
    codec = stream.codec_context.name
    rows: list[tuple[int, int, int, int, bool]] = []
    places: list[tuple[int, int]] = []
    with container:
        pairs = None
        for packet in media.packets(container, stream):
            if not places and opening.has_fields:
                pairs = field_pairs(stream, bytes(packet))
            number = len(places)
            places.append((-1 if packet.pos is None else packet.pos, packet.size))
            is_second = pairs is not None and pairs.is_second(packet)
            if is_second or is_hidden(packet, codec):
                continue
            stamp = _stamp(packet)
            rows.append(
                (
                    number,
                    _NONE if stamp is None else stamp,
                    _NONE if packet.dts is None else packet.dts,
                    packet.duration or 0,
                    packet.is_keyframe,
                )
            )
        rate, unit = _rate(stream), stream.time_base or Fraction(1)
        by_byte = container.format.name in _BY_BYTE
    numbers, stamps, clock, durations, keys = np.array(rows, np.int64).reshape(-1, 5).T
    clock = stamps if (clock == _NONE).all() else clock
    packets = _Packets(
        numbers, stamps, clock, durations, keys == 1, np.array(places, np.int64), by_byte
    )
    if opening.counted:
        start = np.zeros(1, np.int64)
        evenly = paced(np.arange(len(rows)), 1, 1 / rate, rate)
        return StampTable(evenly, start, 1 / rate)
    return _by_stamp(packets, opening, unit, rate) or _by_number(
        packets, media, opening, unit, rate
    )


def _by_stamp(
    packets: _Packets, opening: Opening, unit: Fraction, rate: Fraction
) -> StampTable | None:
    """The table of a stream whose stamps tell its pictures apart, None of any other."""
    known, first = np.unique(packets.stamps, return_index=True)
    if len(known) < len(packets.stamps) or known[0] == _NONE or len(_runs(packets, unit)) > 1:
        return None
    if packets.by_byte and (packets.places[:, 0] < 0).any():
        return None  # stamps between those of the file are guesses, and others after a seek
    decodable = known >= opening.first_stamp
    known, first = known[decodable], first[decodable]
    last = int(packets.durations[first[-1]])
    sync = _sync(known, packets.stamps[packets.is_key])
    return StampTable(paced(known, last, unit, rate), sync, unit, stamps=known)


def _by_number(
    packets: _Packets, media: Media, opening: Opening, unit: Fraction, rate: Fraction
) -> StampTable:
    """The table of a stream whose stamps repeat, are missing, or start again.

    Within a run of rising stamps they still tell the order in which pictures are shown. Where two
    reordered pictures have one stamp, only decoding tells which of them comes first.
    """
    runs = _runs(packets, unit)
    orders = [_shown_order(packets.stamps, run) for run in runs]
    reordered = any((np.diff(order) < 0).any() for order in orders)
    repeated = any((np.diff(packets.stamps[order]) == 0).any() for order in orders)
    if reordered and repeated:
        rows = {int(number): row for row, number in enumerate(packets.numbers)}
        decoded = decoded_order(media)
        order = np.array([rows[number] for number in decoded if number in rows], np.int64)
        stamps = _sorted_in_runs(packets.stamps, order, runs)
    else:
        order = np.concatenate(orders)
        first = np.flatnonzero(packets.stamps[order] == opening.first_stamp)
        order = order[first[0] if first.size else 0 :]
        stamps = _filled(packets.stamps[order])
    by_packet = np.full(len(packets.places), -1, np.int64)
    by_packet[packets.numbers[order]] = np.arange(len(order))
    keys = by_packet[packets.numbers[packets.is_key]]
    sync = np.union1d([0], keys[keys >= 0])
    last = int(packets.durations[order[-1]])
    places = packets.places if packets.by_byte else None
    return StampTable(
        paced(stamps, last, unit, rate), sync, unit, by_packet=by_packet, places=places
    )


def _sorted_in_runs(stamps: IntArray, order: IntArray, runs: list[IntArray]) -> IntArray:
    """Stamps in the order of decoded pictures, rising within each run whatever the file says."""
    run_of = np.repeat(np.arange(len(runs)), [len(run) for run in runs])
    shown = _filled(stamps[order])
    return shown[np.lexsort((shown, run_of[order]))]


def _runs(packets: _Packets, unit: Fraction) -> list[IntArray]:
    """Places of packets between which the clock does not go back, run by run.

    A jump ahead ends a run only where the clock also goes back somewhere: alone it leaves the order
    as it is, and decoding stamps jump at another picture than presentation stamps do.
    """
    clock = _filled(packets.clock)
    gaps = np.diff(clock)
    rising = gaps[gaps > 0]
    usual = int(np.median(rising)) if rising.size else 1
    breaks = gaps < -2 * usual
    if breaks.any():
        breaks |= gaps > max(JUMP_S / float(unit), 10 * usual)
    return np.split(np.arange(len(clock)), np.flatnonzero(breaks) + 1)


def _shown_order(stamps: IntArray, run: IntArray) -> IntArray:
    return run[np.argsort(_filled(stamps[run]), kind="stable")]


def _filled(stamps: IntArray) -> IntArray:
    """`stamps` with those that are missing set to the one before (or the first one there is)."""
    there = np.flatnonzero(stamps != _NONE)
    if len(there) == len(stamps) or not there.size:
        return stamps
    before = np.searchsorted(there, np.arange(len(stamps)), side="right") - 1
    return stamps[there[np.maximum(before, 0)]]


def decoded_order(media: Media) -> list[int]:
    """Numbers of the packets whose pictures come out of the decoder, in that order."""
    container, stream = media.open()
    numbers: list[int] = []
    with container:
        for number, packet in enumerate(chain(media.packets(container, stream), [None])):
            if packet is not None:
                packet.pts = packet.dts = number
            numbers += [p.pts for p in media.decode(stream, packet) if p.pts is not None]
    return numbers
