"""DICOM cines: multi-frame instances read frame by frame, and video streams in DICOM."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from usummary.errors import UnreadableFile
from usummary.readers.dicom.frames import (
    JoinedSpans,
    Span,
    fragment_spans,
    frame_spans,
    native_spans,
)
from usummary.readers.dicom.header import Header, declared_region, frame_times, unsupported
from usummary.readers.dicom.pixels import FrameDecoder
from usummary.readers.video.container import SIMULATED_NOTICE, Media
from usummary.readers.video.recording import VideoRecording
from usummary.types import Frame, IntArray, Picture, Recording, RecordingInfo


def open_cine(header: Header) -> Recording:
    """The recording of a DICOM file.

    Raises:
        UnreadableFile: It holds no pixels, a single picture, or damaged pixels.
        UnsupportedEncoding: No decoder for its transfer syntax is installed; it is named.
    """
    if header.pixels_at is None:
        raise UnreadableFile(
            f"{header.path} is a DICOM file without pictures. Choose a cine (multi-frame) instance."
        )
    if header.is_video:
        return DicomVideo(header)
    if not header.is_cine:
        raise UnreadableFile(
            f"{header.path} holds a single picture, not a recording. Choose a cine, or open the "
            "whole study folder: single pictures in it count as freeze-frames."
        )
    return DicomCine(header)


class DicomCine:
    """A `usummary.types.Recording` of a multi-frame instance; one frame is in memory at a time."""

    def __init__(self, header: Header) -> None:
        """See `open_cine`; the first frame is decoded to know that it can be."""
        self._header = header
        self._decoder = _decoder(header)
        self._file = header.path.open("rb")
        try:
            self._spans = self._find_frames()
            first = self._picture(0)
        except BaseException:
            self._file.close()
            raise
        notices = self._notices()
        times, duration, timing = frame_times(header.dataset, len(self._spans))
        self._times_s = times
        height, width = first.shape[:2]
        region, outside = declared_region(header.dataset, width, height)
        self._info = RecordingInfo(
            path=header.path,
            width=width,
            height=height,
            frame_count=len(self._spans),
            duration_s=duration,
            encoding=header.syntax.name,
            kind="dicom",
            region=region,
            notices=(*notices, *timing, *outside),
        )

    @property
    def info(self) -> RecordingInfo:
        return self._info

    @property
    def times_s(self) -> NDArray[np.float64]:
        return self._times_s

    @property
    def sync_frames(self) -> IntArray:
        return np.arange(len(self._spans))

    def frame(self, index: int) -> Frame:
        if not 0 <= index < len(self._spans):
            raise IndexError(f"frame {index} of {len(self._spans)}")
        return self._frame(index, _coloured(self._picture(index)))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        for index in range(*slice(start, stop).indices(len(self._spans))):
            yield self.frame(index)

    def luma(self, rate: float | None = None, start: int = 0) -> Iterator[Frame]:
        for index in _needed(self._times_s, rate):
            if index >= start:
                yield self._frame(index, _grey(self._picture(index)))

    def close(self) -> None:
        self._file.close()

    def _frame(self, index: int, pixels: Picture) -> Frame:
        return Frame(index, float(self._times_s[index]), pixels)

    def _picture(self, index: int) -> Picture:
        parts = []
        for span in self._spans[index]:
            self._file.seek(span.start)
            parts.append(self._file.read(span.length))
        try:
            return self._decoder.decode(b"".join(parts))
        except NotImplementedError as error:
            raise unsupported(self._header.path, self._header.syntax) from error
        except (ValueError, RuntimeError, OSError, AttributeError, KeyError) as error:
            raise UnreadableFile(
                f"Frame {index + 1} of {self._header.path} is damaged and cannot be decoded."
            ) from error

    def _find_frames(self) -> list[tuple[Span, ...]]:
        header, count = self._header, self._header.frame_count
        size = header.path.stat().st_size
        try:
            if header.syntax.is_encapsulated:
                self._file.seek(header.pixels_at or 0)
                offsets, fragments = fragment_spans(self._file)
                spans = frame_spans(self._file, offsets, fragments, count)
            else:
                spans = native_spans(header.dataset, header.pixels_at or 0, count)
        except (ValueError, AttributeError) as error:
            raise UnreadableFile(
                f"{header.path} is damaged: its frames cannot be found."
            ) from error
        spans = [frame for frame in spans[:count] if frame[-1].start + frame[-1].length <= size]
        if not spans:
            raise UnreadableFile(f"{header.path} is cut off before its first picture ends.")
        return spans

    def _notices(self) -> list[str]:
        notices = []
        if "SIMULATED" in self._header.dataset.get("ImageType", ()):
            notices.append(SIMULATED_NOTICE)
        if len(self._spans) < self._header.frame_count:
            notices.append("The DICOM file holds fewer pictures than it says; those are used.")
        if self._decoder.corrected:
            notices.append("The DICOM file declares its colours wrongly; they are corrected.")
        return notices


class DicomVideo(VideoRecording):
    """A video stream (MPEG-2, MPEG-4 AVC, HEVC) in the fragments of a DICOM file."""

    def __init__(self, header: Header) -> None:
        """See `open_cine`."""
        with header.path.open("rb") as file:
            file.seek(header.pixels_at or 0)
            try:
                _, spans = fragment_spans(file)
            except ValueError as error:
                raise UnreadableFile(f"{header.path} is damaged: it holds no video.") from error
        super().__init__(Media(header.path, lambda: _joined(header.path, spans)))
        count = self._info.frame_count
        times, duration, timing = frame_times(header.dataset, count)
        if timing and not self._timeline.counted:
            times, duration, timing = self._times_s, self._info.duration_s, ()
        self._times_s = times
        region, outside = declared_region(header.dataset, self._info.width, self._info.height)
        self._info = replace(
            self._info,
            duration_s=duration,
            encoding=header.syntax.name,
            kind="dicom",
            region=region,
            notices=(*self._info.notices, *timing, *outside),
        )


def _joined(path: Path, spans: list[Span]) -> BinaryIO:
    return io.BufferedReader(JoinedSpans(path, spans), 1 << 16)


def _decoder(header: Header) -> FrameDecoder:
    try:
        return FrameDecoder(header.dataset, header.pixel_vr)
    except NotImplementedError as error:
        raise unsupported(header.path, header.syntax) from error
    except AttributeError as error:
        raise UnreadableFile(f"{header.path} does not say how its pictures are stored.") from error


def _needed(times_s: NDArray[np.float64], rate: float | None) -> Iterator[int]:
    """Frame indices at most ``1 / rate`` apart where the recording allows it."""
    kept = 0.0
    for index, time in enumerate(times_s):
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
