"""DICOM cines: multi-frame instances, read frame by frame, and video streams in DICOM files."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.uid import UID, ExplicitVRLittleEndian

from usummary.errors import UnreadableFile
from usummary.readers.dicom.aspect import Enlargement, pixel_stretch, squared
from usummary.readers.dicom.codestream import actual_syntax
from usummary.readers.dicom.frames import (
    JoinedSpans,
    Span,
    fragment_spans,
    frame_spans,
    native_spans,
)
from usummary.readers.dicom.header import Header, PixelData, unsupported
from usummary.readers.dicom.pixels import FrameDecoder, Layout, read_layout
from usummary.readers.dicom.region import declared_region
from usummary.readers.dicom.timing import agree, frame_timing
from usummary.readers.dicom.values import UNREADABLE, Values
from usummary.readers.video.container import SIMULATED_NOTICE, Media
from usummary.readers.video.recording import ASSUMED_RATE, VideoRecording
from usummary.types import Frame, IntArray, Picture, Recording, RecordingInfo

_DAMAGE = (*UNREADABLE, RuntimeError, zlib.error)
"""What decoders raise for damaged pictures."""
_DAMAGED_NOTICE = (
    "Damaged pictures of the DICOM file could not be decoded; the one before is shown."
)


def open_cine(header: Header) -> Recording:
    """The recording of a DICOM file.

    Raises:
        UnreadableFile: It holds no pixels, a single picture, or damaged pixels.
        UnsupportedEncoding: No decoder for its transfer syntax is installed; it is named.
    """
    if header.is_directory:
        raise UnreadableFile(
            f"{header.path} only lists the files of a study. Open the folder that it lies in."
        )
    if header.pixels is None:
        raise UnreadableFile(
            f"{header.path} is a DICOM file without pictures. Choose a cine (multi-frame) instance."
        )
    if header.is_video:
        return DicomVideo(header, header.pixels)
    if not header.is_cine:
        raise UnreadableFile(
            f"{header.path} holds a single picture, not a recording. Choose a cine, or open the "
            "whole study folder: single pictures in it count as freeze-frames."
        )
    return DicomCine(header, header.pixels)


class DicomCine:
    """A `usummary.types.Recording` of a multi-frame instance; one frame is in memory at a time.

    The file is opened for each picture or pass and closed after it, so that a study may have more
    cines than the program may have files open. In place of a picture that cannot be decoded,
    `frame` and `frames` give the picture before it, and `info.notices` says so from then on.
    """

    def __init__(self, header: Header, pixels: PixelData) -> None:
        """See `open_cine`. The first good frame is decoded, to be sure that there is one."""
        self._header = header
        layout = read_layout(header)
        self._damaged = False
        with header.open() as file:
            self._spans, syntax, halved = _find_frames(header, pixels, layout, file)
            self._decoder = _decoder(header, layout, syntax, halved)
            self._stretch, aspect = pixel_stretch(header.values)
            self._shape: tuple[int, ...] | None = None
            first = squared(self._first_good(file), self._stretch)
        timing = frame_timing(header.values, len(self._spans))
        self._times_s = timing.times_s
        height, width = first.shape[:2]
        region, outside = declared_region(header.values, *layout.size)
        notices = (*self._notices(syntax), *timing.notices, *outside, *aspect)
        self._info = RecordingInfo(
            path=header.path,
            width=width,
            height=height,
            frame_count=len(self._spans),
            duration_s=timing.duration_s,
            encoding=syntax.name,
            kind="dicom",
            region=self._stretch.box(region, width, height),
            notices=(*notices, *header.values.notices(header.path.name)),
        )

    @property
    def info(self) -> RecordingInfo:
        if not self._damaged:
            return self._info
        return replace(self._info, notices=(*self._info.notices, _DAMAGED_NOTICE))

    @property
    def times_s(self) -> NDArray[np.float64]:
        return self._times_s

    @property
    def sync_frames(self) -> IntArray:
        return np.arange(len(self._spans))

    def frame(self, index: int) -> Frame:
        if not 0 <= index < len(self._spans):
            raise IndexError(f"frame {index} of {len(self._spans)}")
        with self._header.open() as file:
            return self._coloured(index, self._shown(file, index))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        wanted = range(*slice(start, stop).indices(len(self._spans)))
        before: Picture | None = None
        with self._header.open() as file:
            for index in wanted:
                picture = self._picture(file, index)
                if picture is None:
                    picture = before if before is not None else self._shown(file, index)
                before = picture
                yield self._coloured(index, picture)

    def luma(self, rate: float | None = None, start: int = 0) -> Iterator[Frame]:
        with self._header.open() as file:
            for index in _needed(self._times_s, rate):
                if index < start:
                    continue
                picture = self._picture(file, index)
                # Damaged frames are left out, but for the first: scores must begin at frame 0.
                if picture is None and index == 0:
                    picture = self._shown(file, index)
                if picture is not None:
                    grey = squared(_grey(picture), self._stretch)
                    yield Frame(index, float(self._times_s[index]), grey)

    def close(self) -> None:
        """Nothing is kept open."""

    def _coloured(self, index: int, picture: Picture) -> Frame:
        pixels = squared(_coloured(picture), self._stretch)
        return Frame(index, float(self._times_s[index]), pixels)

    def _shown(self, file: BinaryIO, index: int) -> Picture:
        """The picture of a frame, or else the nearest good one before it, or else after it.

        Raises:
            UnreadableFile: No frame can be decoded; while open, the file was changed.
        """
        for at in (*range(index, -1, -1), *range(index + 1, len(self._spans))):
            picture = self._picture(file, at)
            if picture is not None:
                return picture
        raise UnreadableFile(
            f"No picture of {self._header.path} can be decoded; the file is damaged."
        )

    def _first_good(self, file: BinaryIO) -> Picture:
        """The first picture that can be decoded.

        Raises:
            UnreadableFile: There is none.
            UnsupportedEncoding: The decoder does not know this kind of its encoding.
        """
        try:
            return self._shown(file, 0)
        except NotImplementedError as error:
            raise unsupported(self._header.path, self._header.syntax) from error

    def _picture(self, file: BinaryIO, index: int) -> Picture | None:
        """One picture as stored, None if it is damaged."""
        try:
            picture = self._decoder.decode(_bytes_of(file, self._spans[index]))
        except NotImplementedError:
            if self._shape is None:  # no frame was decoded yet: the encoding is not supported
                raise
            picture = None
        except _DAMAGE:
            picture = None
        if picture is not None and self._shape is None:
            self._shape = picture.shape
        if picture is None or picture.shape != self._shape:
            self._damaged = True
            return None
        return picture

    def _notices(self, syntax: UID) -> list[str]:
        notices = []
        values, count, stated = self._header.values, len(self._spans), self._header.frame_count
        if "SIMULATED" in values.texts("ImageType"):
            notices.append(SIMULATED_NOTICE)
        declared = values.integer("NumberOfFrames")
        if count < stated:
            notices.append("The DICOM file holds fewer pictures than it says; those are used.")
        elif declared != count and "Number of Frames" not in values.odd:
            says = "does not say how many" if declared is None else f"says {declared}"
            notices.append(f"The DICOM file holds {count} pictures and {says}; all are used.")
        if self._decoder.corrected:
            notices.append("The DICOM file declares its colours wrongly; they are corrected.")
        if syntax != self._header.syntax:
            notices.append(
                f"The DICOM file says that its pictures are stored as {self._header.syntax.name}; "
                f"they are stored and read as {syntax.name}."
            )
        return notices


class DicomVideo(VideoRecording):
    """A video stream (MPEG-2, MPEG-4 AVC, HEVC) in the fragments of a DICOM file."""

    def __init__(self, header: Header, pixels: PixelData) -> None:
        """See `open_cine`."""
        with header.open() as file:
            file.seek(pixels.at)
            try:
                _, spans = fragment_spans(file)
            except ValueError as error:
                raise UnreadableFile(f"{header.path} is damaged: it holds no video.") from error
        if not spans:
            raise UnreadableFile(f"{header.path} is damaged: it holds no video.")
        super().__init__(Media(header.path, lambda: _joined(header, spans)))
        counted = _count_notices(header.values, self._info.frame_count)
        notices = (*counted, *self._choose_times(header))
        values, shown = header.values, (self._info.width, self._info.height)
        stored = (values.integer("Columns") or shown[0], values.integer("Rows") or shown[1])
        region, outside = declared_region(values, *stored)
        if pixel_stretch(values)[0] != Enlargement() and shown == stored:
            outside = (
                *outside,
                "The pixels of the DICOM file are not square; its video is shown as stored.",
            )
        self._info = replace(
            self._info,
            encoding=header.syntax.name,
            kind="dicom",
            region=Enlargement(shown[0] / stored[0], shown[1] / stored[1]).box(region, *shown),
            notices=(
                *self._info.notices,
                *notices,
                *outside,
                *header.values.notices(header.path.name),
            ),
        )

    def _choose_times(self, header: Header) -> tuple[str, ...]:
        """Keep the stream's times if it has any, else take the header's; returns notices."""
        count = self._info.frame_count
        timing = frame_timing(header.values, count)
        if timing.stated:
            kept = [notice for notice in self._info.notices if notice != ASSUMED_RATE]
            self._info = replace(self._info, notices=tuple(kept))
        rate = self._stated_rate() if self._table.counted else None
        if rate is not None:
            self._times_s = np.arange(count) / rate
            self._info = replace(self._info, duration_s=count / rate)
        elif self._table.counted and timing.stated:
            self._times_s = timing.times_s
            self._info = replace(self._info, duration_s=timing.duration_s)
            return timing.notices
        own_rate, header_rate = count / self._info.duration_s, count / timing.duration_s
        if not timing.stated or agree(own_rate, header_rate):
            return ()
        return (
            f"The DICOM header means {header_rate:.4g} frames per second, the video in it "
            f"{own_rate:.4g}; the video counts.",
        )

    def _stated_rate(self) -> float | None:
        """Frames per second that the encoded video itself states, None if it does not."""
        container, stream = self._media.open()
        with container:
            rate = stream.codec_context.framerate
        return float(rate) if rate else None


def _count_notices(values: Values, count: int) -> tuple[str, ...]:
    declared = values.integer("NumberOfFrames")
    if declared is None or declared == count:
        return ()
    return (
        f"The DICOM header tells of {declared} pictures, the video in it holds {count}; the video "
        "counts.",
    )


def _joined(header: Header, spans: list[Span]) -> BinaryIO:
    return io.BufferedReader(JoinedSpans(header.open, spans), 1 << 16)


def _bytes_of(file: BinaryIO, spans: tuple[Span, ...]) -> bytes:
    parts = []
    for span in spans:
        file.seek(span.start)
        parts.append(file.read(span.length))
    return b"".join(parts)


def _find_frames(
    header: Header, pixels: PixelData, layout: Layout, file: BinaryIO
) -> tuple[list[tuple[Span, ...]], UID, bool | None]:
    """Where the frames are, how they are encoded, and `halved` for `FrameDecoder`.

    Raises:
        UnreadableFile: No frame is complete.
    """
    size = file.seek(0, io.SEEK_END)
    halved = None
    if pixels.length is None:
        file.seek(pixels.at)
        declared = header.values.integer("NumberOfFrames") or 0
        try:
            spans = frame_spans(*fragment_spans(file), declared)
        except ValueError as error:
            raise UnreadableFile(
                f"{header.path} is damaged: its frames cannot be found."
            ) from error
    else:
        length, count, halved = _native(layout, pixels.length, header.values)
        spans = native_spans(pixels.at, length, count)
    spans = [frame for frame in spans if frame[-1].start + frame[-1].length <= size]
    if not spans:
        raise UnreadableFile(f"{header.path} is cut off before its first picture ends.")
    if pixels.length is None:
        return spans, actual_syntax(header.syntax, _bytes_of(file, spans[0][:1])), None
    # Data of known length are not encapsulated, so they are not compressed, whatever is declared.
    known = header.syntax.is_transfer_syntax
    native = ExplicitVRLittleEndian if known and header.syntax.is_compressed else header.syntax
    return spans, native, halved


def _native(layout: Layout, length: int, values: Values) -> tuple[int, int, bool | None]:
    """Length and number of uncompressed frames, and whether their colours contradict the header.

    Headers often declare halved colours (4:2:2) for pictures that are stored in full, and the other
    way round. The length of the data shows which it is, if it fits only one of the two.
    """
    whole, half = layout.frame_length, layout.halved_length
    says_half = "422" in layout.photometric
    if layout.samples != 3 or layout.allocated != 8 or layout.columns % 2:
        return whole, length // whole, None
    count = values.integer("NumberOfFrames") or 0
    first, second = (half, whole) if says_half else (whole, half)
    if _fits(length, first, count) or not _fits(length, second, count):
        return first, length // first, None
    return second, length // second, not says_half


def _fits(length: int, frame_length: int, count: int) -> bool:
    """Whether data of this length are `count` frames (0: any number), padded to an even length."""
    frames = length // frame_length
    return length - frames * frame_length <= 1 and frames == (count or frames) > 0


def _decoder(header: Header, layout: Layout, syntax: UID, halved: bool | None) -> FrameDecoder:
    vr = header.pixels.vr if header.pixels is not None else "OB"
    try:
        return FrameDecoder(header.values, layout, syntax, vr, halved=halved)
    except NotImplementedError as error:
        raise unsupported(header.path, syntax) from error


def _needed(times_s: NDArray[np.float64], rate: float | None) -> Iterator[int]:
    """Frame indices at most ``1 / rate`` apart where the recording allows it."""
    kept = 0.0
    for index, time in enumerate(times_s):
        # Left out only if the next one is near enough; 0.1 % is for times that were rounded.
        last = index + 1 == len(times_s)
        if rate is None or index == 0 or last or times_s[index + 1] - kept > 1.001 / rate:
            kept = float(time)
            yield index


def _coloured(picture: Picture) -> Picture:
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture


def _grey(picture: Picture) -> Picture:
    if picture.ndim == 2:
        return picture
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
