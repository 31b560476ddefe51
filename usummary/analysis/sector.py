"""Finds the ultrasound sector of a recording: the region that the file declares, else what moves.

A scanner's screen is black with still texts, bars and rulers; the sector is the one large patch
that never stops changing. A picture that does not look like that raises nothing: the whole picture
is then the sector, and `Region.source` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from usummary.types import Box, IntArray, Picture, Recording, Region

_SAMPLES = 24
_STRIDE = 6
"""Frames between samples where there are too few sync frames to jump between."""
_RUNS = 8
"""Sync frames from which runs of samples start where there are too few to jump between."""
_FEWEST = 8
"""Fewest samples, if the recording has as many frames."""
_WORK_SIDE = 640
"""Pictures are shrunk to this many pixels on the longer side."""
_LIT = 26
"""Grey value that the black of a screen stays below, coding noise included."""
_BLACK = 10
"""Grey value above which a place shows something, even if it is dim."""
_TEXT = 70
"""Grey value that burned-in text is above."""
_MOVING = 4.5
"""Standard deviation over time that coding noise around still text stays below."""
_STILL = 4.0
"""Standard deviation over time that still text stays below."""
_SMALLEST = 0.05
"""A moving patch that is smaller than this share of the picture is no sector."""
_BLACK_AROUND = 0.4
"""Share of the surroundings that may be lit on a scanner's screen; more is another picture."""
_VERTICES = 60


@dataclass(frozen=True, slots=True)
class _ShrunkSamples:
    """Samples of a recording, shrunk.

    Attributes:
        peak: (h, w) brightest grey value of each place.
        change: (h, w) standard deviation over time.
        factor: Shrunk length over length.
    """

    peak: Picture
    change: NDArray[np.float64]
    factor: float


def find_region(recording: Recording) -> Region:
    """The sector of a recording, from some two dozen of its frames."""
    info = recording.info
    whole = Box(0, 0, info.width, info.height)
    declared = info.region
    if declared is not None and not _fits(declared, whole):
        declared = None
    bounds = declared or whole
    outline = None
    if info.frame_count > 1:
        outline = _outline(_look(recording, bounds), keep_dim=declared is None)
    if outline is not None:
        outline += np.array([bounds.x0, bounds.y0])
        return _region(outline, "pictures" if declared is None else "dicom")
    corners = (
        (bounds.x0, bounds.y0),
        (bounds.x1, bounds.y0),
        (bounds.x1, bounds.y1),
        (bounds.x0, bounds.y1),
    )
    return Region(bounds, corners, "whole" if declared is None else "dicom")


def _fits(box: Box, whole: Box) -> bool:
    """Whether a declared box lies within the picture; some files declare one of another size."""
    inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= whole.x1 and box.y1 <= whole.y1
    return inside and box.width * box.height >= _SMALLEST * whole.width * whole.height


def _region(outline: IntArray, source: Literal["dicom", "pictures"]) -> Region:
    x0, y0 = outline.min(axis=0).tolist()
    x1, y1 = outline.max(axis=0).tolist()
    polygon = tuple((int(x), int(y)) for x, y in outline)
    return Region(Box(x0, y0, x1, y1), polygon, source)


def _look(recording: Recording, bounds: Box) -> _ShrunkSamples:
    """Samples of the recording within `bounds`, from frames that cost little to decode."""
    factor = min(1.0, _WORK_SIDE / max(bounds.width, bounds.height))
    size = (max(1, round(bounds.width * factor)), max(1, round(bounds.height * factor)))
    shrunk = []
    for index in _chosen(recording):
        picture = bounds.crop(recording.frame(int(index)).pixels)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        shrunk.append(small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    stack = np.stack(shrunk)
    return _ShrunkSamples(stack.max(axis=0).astype(np.uint8), stack.std(axis=0), factor)


def _chosen(recording: Recording) -> IntArray:
    """Frames from all over the recording: sync frames, or short runs if those are few.

    Any other frame must be decoded from the sync frame before it, which can take 0.3 s a frame.
    """
    sync, count = recording.sync_frames, recording.info.frame_count
    if len(sync) >= _SAMPLES // 2:
        return sync[_evenly(len(sync), _SAMPLES)]
    starts = sync[_evenly(len(sync), _RUNS)]
    within = np.arange(-(-_SAMPLES // len(starts))) * _STRIDE
    chosen = np.unique(np.add.outer(starts, within))
    chosen = chosen[chosen < count]
    return chosen if len(chosen) >= _FEWEST else _evenly(count, _FEWEST)


def _evenly(count: int, wanted: int) -> IntArray:
    """At most `wanted` positions spread over ``[0, count)``."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(np.int64))


def _outline(look: _ShrunkSamples, *, keep_dim: bool) -> IntArray | None:
    """Vertices (n, 2) around the sector, in pixels from the corner of the bounds; None without one.

    The outline exists to leave out text. If no text stands beside the sector, the result is a
    frame around all that is not black (`keep_dim`), or None.
    """
    hull = _hull(look.change)
    if hull is None:
        return None
    inside = np.zeros(look.peak.shape, np.uint8)
    cv2.fillPoly(inside, [hull.astype(np.int32)], 1)
    # With a margin: the sector's blurred edge is neither text nor another lit picture around it.
    around = cv2.dilate(inside, np.ones((9, 9), np.uint8)) == 0
    # The patch fills the bounds, or lit picture goes on around it: not a sector on a black screen.
    if not around.any() or float(np.mean(look.peak[around] > _LIT)) > _BLACK_AROUND:
        return None
    if not _has_text(look, inside, around):
        if not keep_dim:
            return None
        hull = _frame(look.peak, hull)
    vertices: IntArray = np.round(hull / look.factor).astype(np.int64)
    return vertices


def _has_text(look: _ShrunkSamples, inside: Picture, around: NDArray[np.bool_]) -> bool:
    """Whether something bright and still stands apart from the moving patch.

    Bright places connected to the patch, such as a resting layer of tissue, are part of the sector.
    """
    lit = np.maximum(look.peak > _LIT, inside > 0).astype(np.uint8)
    # Closed, so that a gap of a few dark pixels does not separate tissue from the patch.
    joined = cv2.morphologyEx(lit, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, labels = cv2.connectedComponents(joined)
    apart = around & (labels != labels[inside > 0][0])
    return bool(np.any(apart & (look.peak > _TEXT) & (look.change < _STILL)))


def _hull(change: NDArray[np.float64]) -> IntArray | None:
    """Convex outline (n, 2) of the largest patch that keeps changing.

    Convex, because shadows and fluid at the sector's edge hardly change and still belong to it.
    """
    side = min(change.shape)
    changing = (change > _MOVING).astype(np.uint8)
    # Closing joins the speckle to one patch; opening then removes small patches: a clock's digits.
    for operation, share in ((cv2.MORPH_CLOSE, 0.02), (cv2.MORPH_OPEN, 0.05)):
        reach = 2 * round(side * share / 2) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        changing = cv2.morphologyEx(changing, operation, kernel).astype(np.uint8, copy=False)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(changing)
    if len(stats) < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    if stats[largest, cv2.CC_STAT_AREA] < _SMALLEST * changing.size:
        return None
    hull = cv2.convexHull(cv2.findNonZero((labels == largest).astype(np.uint8)))
    # A hull of pixels has a corner at nearly every row; a person edits this outline by its corners.
    slack = 0.5
    while len(hull) > _VERTICES:
        hull = cv2.approxPolyDP(hull, slack, True)
        slack *= 1.5
    vertices: IntArray = hull[:, 0].astype(np.int64)
    return vertices


def _frame(peak: NDArray[np.uint8], hull: IntArray) -> IntArray:
    """Corners of a frame around all that is not black, for pictures without text beside the sector.

    Dim parts of a sector hardly change, so the hull misses them. Without text they can be kept.
    """
    shown = cv2.blur(peak, (5, 5)) > _BLACK
    columns, rows = np.flatnonzero(shown.any(axis=0)), np.flatnonzero(shown.any(axis=1))
    x0, x1 = min(columns[0], *hull[:, 0]), 1 + max(columns[-1], *hull[:, 0])
    y0, y1 = min(rows[0], *hull[:, 1]), 1 + max(rows[-1], *hull[:, 1])
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
