"""Which frames are analysed, and in which form: sampling by time, input pictures.

Only index arithmetic and picture geometry; nothing is decoded here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from usummary.types import Box, Frame, IntArray, Picture

EARLY = 0.1
"""Share of a sample period by which a frame may come early: times can be rounded to milliseconds.

Without it, a recording of exactly the sampling rate would now and then lose a frame.
"""


def next_sample(time_s: float, rate: float) -> int:
    """Number of the first sample that is still due after a frame at `time_s` is taken."""
    return math.floor(time_s * rate + EARLY) + 1


def sampled(
    frames: Iterable[Frame], rate: float | None, *, after_s: float | None = None
) -> Iterator[Frame]:
    """The frames to analyse: for every multiple of ``1 / rate``, the first frame at or after it.

    No frame is taken twice, so a recording slower than `rate` gives each of its frames once. A
    frame may come early by the share `EARLY` of a period.

    Args:
        frames: In presentation order, with recording times.
        rate: Samples per second; None takes every frame.
        after_s: Time of the sample taken last before `frames`, when a run continues.
    """
    if rate is None:
        yield from frames
        return
    due = 0 if after_s is None else next_sample(after_s, rate)
    for frame in frames:
        if frame.time_s * rate >= due - EARLY:
            yield frame
            due = next_sample(frame.time_s, rate)


def sample_indices(times_s: NDArray[np.float64], rate: float | None) -> IntArray:
    """Indices of the frames that `sampled` takes from a whole recording; (L,) ascending."""
    nothing = np.empty((0, 0), np.uint8)
    frames = (Frame(index, float(time), nothing) for index, time in enumerate(times_s))
    return np.array([frame.index for frame in sampled(frames, rate)], np.int64)


def to_input(pixels: Picture, box: Box, size: tuple[int, int]) -> Picture:
    """The sector of a grey picture (H, W), fitted into a backbone's input.

    The aspect ratio is kept; black borders of equal size fill the rest.

    Args:
        pixels: Grey picture.
        box: The sector.
        size: Height and width of the input.

    Returns:
        uint8 (height, width), a new array.
    """
    placed = _placement(box.width, box.height, size)
    canvas = np.zeros(size, np.uint8)
    sector = _halved(box.crop(pixels), placed)
    cv2.resize(
        sector,
        (placed.width, placed.height),
        dst=placed.crop(canvas),
        interpolation=cv2.INTER_AREA if placed.width < sector.shape[1] else cv2.INTER_LINEAR,
    )
    return canvas


def _halved(picture: Picture, placed: Box) -> Picture:
    """Halves the picture by averaging 2 x 2 blocks, while it stays at least as large as its place.

    Three times faster than one area resize to any size. An odd last row or column is dropped.
    """
    while picture.shape[0] >= 2 * placed.height and picture.shape[1] >= 2 * placed.width:
        height, width = picture.shape[0] // 2, picture.shape[1] // 2
        even = picture[: 2 * height, : 2 * width]
        picture = np.empty((height, width), np.uint8)
        cv2.resize(even, (width, height), dst=picture, interpolation=cv2.INTER_AREA)
    return picture


@lru_cache(maxsize=64)
def _placement(width: int, height: int, size: tuple[int, int]) -> Box:
    """Where a picture of this width and height is placed within the input."""
    scale = min(size[0] / height, size[1] / width)
    new_width = max(1, min(size[1], round(width * scale)))
    new_height = max(1, min(size[0], round(height * scale)))
    x0, y0 = (size[1] - new_width) // 2, (size[0] - new_height) // 2
    return Box(x0, y0, x0 + new_width, y0 + new_height)
