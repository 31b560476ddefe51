"""Encodes the key shots once and writes the packets both to the reel and to each shot's clip."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import cv2
import numpy as np
from av.codec.context import Flags
from av.video.frame import PictureType

from usummary.export.options import RESEARCH_USE
from usummary.types import Picture

TICKS = 90_000
"""Time stamps per second in the files."""

GROUP = 60
"""Most frames from one key picture to the next: what an exact seek has to decode."""

_ENCODER = {
    "crf": "22",
    "preset": "superfast",
    "coder": "vlc",
    "bf": "0",
    "forced-idr": "1",
    "g": str(GROUP),
}
# Without B-frames decoding order is presentation order: no edit list is needed that some players
# ignore, and packets can be cut at every shot. Preset and coder: see docs/decisions/export.md.

_SMPTE170M_PRIMARIES, _SMPTE170M_TRANSFER, _SMPTE170M_MATRIX, _LIMITED_RANGE = 6, 6, 6, 1


@dataclass(frozen=True, slots=True)
class _Due:
    """A frame that the encoder has been given but whose packet it has not returned yet."""

    pts: int
    duration: int
    shot_start: int
    clip: Path | None


class Film:
    """The encoder of one export, and the files it fills. Use as a context manager."""

    def __init__(self, width: int, height: int, reel: Path | None, title: str) -> None:
        # The encoder needs a container of its own: reel and clips all copy its stream, and either
        # may not be wanted. This one writes nowhere.
        self._host = av.open(os.devnull, "w", format="null")
        self._stream = self._host.add_stream("libx264", options=dict(_ENCODER))
        context = self._stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base, context.framerate = Fraction(1, TICKS), Fraction(30)
        context.thread_count = 0
        # MP4 keeps the stream's parameters in its header, not in each key picture.
        context.flags |= Flags.global_header
        context.colorspace, context.color_range = _SMPTE170M_MATRIX, _LIMITED_RANGE
        context.color_primaries, context.color_trc = _SMPTE170M_PRIMARIES, _SMPTE170M_TRANSFER
        self._host.start_encoding()
        self._title = title
        self._planar = np.empty((height * 3 // 2, width), np.uint8)  # I420: Y, below it U and V
        self._due: deque[_Due] = deque()
        self._pts = 0
        self._shot_start = 0
        self._clip: Path | None = None
        self._first = False
        self._open_clip: tuple[Path, Any, Any] | None = None
        self._reel = self._muxer(reel) if reel else None

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is None:
            self._finish()
            return
        # The files are about to be deleted; a full disk must not hide what really happened.
        for muxer in (self._reel, self._open_clip and self._open_clip[1:], (self._host, None)):
            if muxer:
                with contextlib.suppress(OSError, av.FFmpegError):
                    muxer[0].close()

    def begin_shot(self, clip: Path | None) -> None:
        """The frames that follow belong to a new shot, also written to `clip`."""
        self._shot_start = self._pts
        self._clip = clip
        self._first = True

    def add(self, pixels: Picture, duration: int) -> None:
        """Encode an RGB picture (height, width, 3) that is shown for `duration` ticks."""
        cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420, dst=self._planar)
        frame = av.VideoFrame.from_ndarray(self._planar, format="yuv420p")
        frame.pts, frame.time_base = self._pts, Fraction(1, TICKS)
        if self._first:  # a key picture, so that the shot's clip can begin with this packet
            frame.pict_type = PictureType.I
            self._first = False
        self._due.append(_Due(self._pts, duration, self._shot_start, self._clip))
        self._pts += duration
        self._write(self._stream.encode(frame))

    def _finish(self) -> None:
        self._write(self._stream.encode(None))
        self._close_clip()
        if self._reel:
            self._reel[0].close()
        self._host.close()

    def _write(self, packets: Iterable[Any]) -> None:
        # Without B-frames packets come in the order of the frames, though some frames later.
        for packet in packets:
            due = self._due.popleft()
            if self._reel:
                _mux(self._reel, packet, due.pts, due.duration)
            if due.clip:
                _mux(self._muxer_of(due.clip), packet, due.pts - due.shot_start, due.duration)

    def _muxer_of(self, clip: Path) -> tuple[Any, Any]:
        if self._open_clip is None or self._open_clip[0] != clip:
            self._close_clip()
            self._open_clip = (clip, *self._muxer(clip))
        return self._open_clip[1:]

    def _close_clip(self) -> None:
        if self._open_clip:
            self._open_clip[1].close()
            self._open_clip = None

    def _muxer(self, path: Path) -> tuple[Any, Any]:
        container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        container.metadata["title"] = self._title
        container.metadata["comment"] = RESEARCH_USE
        stream = container.add_stream_from_template(self._stream, opaque=True)
        stream.time_base = Fraction(1, TICKS)
        return container, stream


def _mux(muxer: tuple[Any, Any], packet: Any, pts: int, duration: int) -> None:
    container, stream = muxer
    # A copy: muxing takes a packet over, and the same one goes to the reel and to a clip.
    copy = av.Packet(bytes(packet))
    copy.pts = copy.dts = pts
    copy.duration, copy.time_base = duration, Fraction(1, TICKS)
    copy.is_keyframe, copy.stream = packet.is_keyframe, stream
    container.mux(copy)
