"""Decoded video pictures as upright arrays."""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame

from usummary.types import Picture

_LUMA_FIRST = frozenset(
    f"yuv{kind}{layout}p" for kind in ("", "j", "a") for layout in (410, 411, 420, 422, 440, 444)
) | {"gray", "nv12", "nv21"}
"""Pixel formats whose first plane is 8-bit luma."""


def quarter_turns(frame: VideoFrame) -> int:
    """Anticlockwise quarter turns that bring the stored picture upright, 0 to 3."""
    return round(frame.rotation / 90) % 4


def rgb(frame: VideoFrame, size: tuple[int, int], turns: int) -> Picture:
    """Upright RGB (H, W, 3).

    Matrix and range are those the stream declares; where it declares none, BT.601 limited, which
    is how FFmpeg reads it.

    Args:
        frame: A decoded picture.
        size: Stored width and height that the recording began with; others are scaled to it.
        turns: Anticlockwise quarter turns.
    """
    pixels = np.asarray(frame.to_ndarray(format="rgb24", width=size[0], height=size[1]), np.uint8)
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def luma(frame: VideoFrame, size: tuple[int, int], turns: int) -> Picture:
    """Upright luma (H, W) as stored, mostly of limited range (16 black, 235 white).

    A view of the decoded picture wherever its format holds 8-bit luma.
    """
    if frame.format.name not in _LUMA_FIRST or (frame.width, frame.height) != size:
        frame = frame.reformat(width=size[0], height=size[1], format="gray")
    plane = frame.planes[0]
    rows: Picture = np.frombuffer(memoryview(plane), np.uint8).reshape(
        plane.height, plane.line_size
    )
    return np.rot90(rows[:, : plane.width], turns)
