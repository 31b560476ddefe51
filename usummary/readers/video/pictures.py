"""Decoded video pictures as upright arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame

from usummary.types import Picture

_LUMA_FIRST = frozenset(
    f"yuv{kind}{layout}p" for kind in ("", "j", "a") for layout in (410, 411, 420, 422, 440, 444)
) | {"gray", "nv12", "nv21"}
"""Pixel formats whose first plane is 8-bit luma."""
_SAME = 1.002
"""Pixels less oblong than this count as square."""
_MOST = 4.0
_HDR = frozenset({16, 18})
"""Transfer characteristics PQ and HLG (ITU-T H.273)."""


_COMB = 10
"""Grey levels by which a line stands out from both its neighbours where two moments meet."""


@dataclass(frozen=True)
class Geometry:
    """How stored pictures become upright ones with square pixels.

    Attributes:
        stored: Width and height of the picture that the recording begins with.
        square: The same with square pixels.
        mirrored: Left and right are swapped before turning.
        turns: Anticlockwise quarter turns, 0 to 3.
        notices: What a person should know of it.
    """

    stored: tuple[int, int]
    square: tuple[int, int]
    mirrored: bool = False
    turns: int = 0
    notices: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        width, height = self.square
        return (height, width) if self.turns % 2 else (width, height)


def read_geometry(frame: VideoFrame, pixel_aspect: Fraction | None) -> Geometry:
    """The geometry of a recording, from its first picture.

    Args:
        frame: A decoded picture.
        pixel_aspect: Width of a pixel by its height, as the stream declares it.
    """
    size = square = frame.width, frame.height
    notices = []
    aspect = float(pixel_aspect) if pixel_aspect else 1.0
    if not 1 / _MOST <= aspect <= _MOST:
        aspect = 1.0
    if not 1 / _SAME < aspect < _SAME:
        square = round(size[0] * max(aspect, 1.0)), round(size[1] * max(1 / aspect, 1.0))
        notices.append(
            "The pixels of the recording are not square; its pictures are shown stretched to fit."
        )
    mirrored, degrees = _orientation(frame)
    if round(degrees) % 90:
        notices.append(
            f"The recording says that it is turned by {degrees:.0f} degrees; only quarter turns "
            "are followed."
        )
    if mirrored:
        notices.append("The recording says that it is mirrored; it is shown the other way round.")
    if frame.color_trc in _HDR:
        notices.append("The recording has a high dynamic range; its greys may look too flat.")
    return Geometry(size, square, mirrored, round(degrees / 90) % 4, tuple(notices))


def _orientation(frame: VideoFrame) -> tuple[bool, float]:
    """Whether a picture is to be mirrored, and by how many degrees to be turned anticlockwise.

    The display matrix (ISO 14496-12, 8.3.2) maps x to ``a x + c y`` and y to ``b x + d y``. That of
    a mirror image has a negative determinant: a swap of left and right, and then a rotation.
    """
    found = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(found, SideData):
        return False, 0.0
    matrix = np.frombuffer(memoryview(found), "<i4")[:9].reshape(3, 3)[:2, :2].astype(float)
    (a, b), (c, d) = matrix
    mirrored = bool(a * d - b * c < 0)
    if mirrored:
        a, b = -a, -b
    return mirrored, -math.degrees(math.atan2(b, a))


def rgb(frame: VideoFrame, geometry: Geometry) -> Picture:
    """Upright RGB (H, W, 3).

    Matrix and range are those the stream declares; where it declares none, BT.601 limited, which
    is how FFmpeg reads it.
    """
    return _upright(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), frame, geometry)


def luma(frame: VideoFrame, geometry: Geometry) -> Picture:
    """Upright luma (H, W) as stored, mostly of limited range (16 black, 235 white).

    A view of the decoded picture wherever its format holds 8-bit luma.
    """
    if frame.format.name not in _LUMA_FIRST:
        frame = frame.reformat(format="gray")
    plane = frame.planes[0]
    rows: Picture = np.frombuffer(memoryview(plane), np.uint8).reshape(
        plane.height, plane.line_size
    )
    return _upright(rows[:, : plane.width], frame, geometry)


def _upright(pixels: Picture, frame: VideoFrame, geometry: Geometry) -> Picture:
    if frame.interlaced_frame:
        pixels = _without_combs(pixels)
    if pixels.shape[1::-1] != geometry.square:
        pixels = _fitted(pixels, geometry)
    if geometry.mirrored:
        pixels = pixels[:, ::-1]
    turned = np.rot90(pixels, geometry.turns) if geometry.turns else pixels
    return np.ascontiguousarray(turned) if pixels.ndim == 3 else turned


def _fitted(pixels: Picture, geometry: Geometry) -> Picture:
    """A picture in the recording's size; one of another shape keeps it, between black bars."""
    height, width = pixels.shape[:2]
    across = geometry.square[0] / geometry.stored[0]
    down = geometry.square[1] / geometry.stored[1]
    scale = min(geometry.square[0] / (width * across), geometry.square[1] / (height * down))
    size = round(width * across * scale), round(height * down * scale)
    pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    if size == geometry.square:
        return pixels
    framed = np.zeros((*geometry.square[::-1], *pixels.shape[2:]), np.uint8)
    left, top = (geometry.square[0] - size[0]) // 2, (geometry.square[1] - size[1]) // 2
    framed[top : top + size[1], left : left + size[0]] = pixels
    return framed


def _without_combs(pixels: Picture) -> Picture:
    """An interlaced picture at the moment of its upper field.

    Lines of the lower field are made anew from their neighbours where the two moments differ;
    where nothing moved, all lines are kept. It needs no other picture, so it is the same in
    whatever order pictures are read.
    """
    grey = pixels if pixels.ndim == 2 else pixels[..., 1]
    if len(grey) < 5:
        return pixels
    lines = grey.astype(np.int16)
    middle = lines[2:-2]
    above, below = middle - lines[1:-3], middle - lines[3:-1]
    same_field = np.maximum(abs(middle - lines[:-4]), abs(middle - lines[4:]))
    stands_out = np.minimum(above, below) > _COMB
    stands_out |= np.maximum(above, below) < -_COMB
    stands_out &= same_field < np.minimum(abs(above), abs(below))
    seeds = np.zeros(grey.shape, np.uint8)
    seeds[2:-2] = stands_out
    combed = cv2.dilate(seeds, np.ones((5, 7), np.uint8))
    result = pixels.copy()
    between = (pixels[:-2:2].astype(np.uint16) + pixels[2::2]) // 2
    lower = result[1 : 1 + 2 * len(between) : 2]
    marked = combed[1 : 1 + 2 * len(between) : 2].astype(bool)
    lower[marked] = between[marked].astype(np.uint8)
    return result
