"""Finds the ultrasound sector of a recording: what the file declares, else what moves in it.

A scanner's screen is black with still texts, bars and rulers; the sector is the one large patch
that never stops changing. Nothing here raises for a picture that looks otherwise: the whole
picture is then the sector, and `Region.source` says so.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from usummary.types import Box, IntArray, Picture, Recording, Region

_SAMPLES = 24
_STRIDE = 6
"""Frames between samples where there are too few sync frames to jump between."""
_WORK_SIDE = 640
"""Pictures are shrunk to this many pixels on the longer side."""
_LIT = 26
"""Grey value that the black of a screen stays below, coding noise included."""
_BLACK = 10
"""Grey value above which a place shows something, be it dim."""
_TEXT = 70
"""Grey value that burned-in text is above."""
_MOVING = 4.5
"""Standard deviation over time that coding noise around still text stays below."""
_STILL = 4.0
"""Standard deviation over time that still text stays below."""
_SMALLEST = 0.05
"""Share of the picture below which what moves is no sector."""
_BLACK_AROUND = 0.4
"""Share of the surroundings that may be lit on a scanner's screen; more is another picture."""
_VERTICES = 60


def find_region(recording: Recording) -> Region:
    """The sector of a recording, from some two dozen of its frames."""
    info = recording.info
    declared = info.region
    if declared is not None and _fits(declared, info.width, info.height):
        outline = None
        if info.frame_count > 1:
            outline = _outline(_look([declared.crop(p) for p in _pictures(recording)]))
        if outline is None or _area(outline) < 0.4 * declared.width * declared.height:
            return Region(declared, _corners(declared), "dicom")
        return _region(outline + np.array([declared.x0, declared.y0]), "dicom")
    whole = Box(0, 0, info.width, info.height)
    if info.frame_count < 2:
        return Region(whole, _corners(whole), "whole")
    outline = _outline(_look(_pictures(recording)))
    if outline is None:
        return Region(whole, _corners(whole), "whole")
    return _region(outline, "pictures")


def _fits(box: Box, width: int, height: int) -> bool:
    """Whether a declared box lies within the picture; some files carry one of another size."""
    inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
    return inside and box.width * box.height >= _SMALLEST * width * height


def _corners(box: Box) -> tuple[tuple[int, int], ...]:
    return ((box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1))


def _region(outline: IntArray, source: str) -> Region:
    x0, y0 = outline.min(axis=0).tolist()
    x1, y1 = outline.max(axis=0).tolist()
    polygon = tuple((int(x), int(y)) for x, y in outline)
    return Region(Box(x0, y0, x1, y1), polygon, "dicom" if source == "dicom" else "pictures")


def _pictures(recording: Recording) -> list[Picture]:
    """Pictures from all over the recording that cost little to decode."""
    sync = recording.sync_frames
    if len(sync) >= _SAMPLES // 2:
        chosen = sync[_evenly(len(sync), _SAMPLES)]
    else:
        starts = sync[_evenly(len(sync), 8)]
        runs = np.arange(-(-_SAMPLES // len(starts))) * _STRIDE
        chosen = np.unique(np.add.outer(starts, runs))
        chosen = chosen[chosen < recording.info.frame_count]
        if len(chosen) < _SAMPLES // 3:
            chosen = _evenly(recording.info.frame_count, _SAMPLES // 3)
    return [recording.frame(int(index)).pixels for index in chosen]


def _evenly(count: int, wanted: int) -> IntArray:
    """At most `wanted` positions spread over ``[0, count)``."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(np.int64))


def _look(pictures: list[Picture]) -> tuple[NDArray[np.uint8], float]:
    """The pictures in grey, shrunk, (n, h, w), and the factor they were shrunk by."""
    height, width = pictures[0].shape[:2]
    factor = min(1.0, _WORK_SIDE / max(width, height))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = (cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures)
    grey = [p if p.ndim == 2 else cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in small]
    return np.stack(grey).astype(np.uint8, copy=False), factor


def _outline(look: tuple[NDArray[np.uint8], float]) -> IntArray | None:
    """Vertices (n, 2) around the sector in pixels of the recording; None if none is seen."""
    stack, factor = look
    change, peak = stack.std(axis=0), stack.max(axis=0)
    hull = _hull(change)
    if hull is None:
        return None
    inside = np.zeros(peak.shape, np.uint8)
    cv2.fillPoly(inside, [hull.astype(np.int32)], 1)
    around = cv2.dilate(inside, np.ones((9, 9), np.uint8)) == 0
    if not around.any() or float(np.mean(peak[around] > _LIT)) > _BLACK_AROUND:
        return None
    if not np.any(around & (peak > _TEXT) & (change < _STILL)):
        hull = _frame(peak, hull)
    return np.round(hull / factor).astype(np.int64)


def _hull(change: NDArray[np.floating]) -> IntArray | None:
    """Convex outline (n, 2) of the largest patch that keeps changing."""
    side = min(change.shape)
    changing = (change > _MOVING).astype(np.uint8)
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
    slack = 0.5
    while len(hull) > _VERTICES:
        hull = cv2.approxPolyDP(hull, slack, True)
        slack *= 1.5
    vertices: IntArray = hull[:, 0].astype(np.int64)
    return vertices


def _frame(peak: NDArray[np.uint8], hull: IntArray) -> IntArray:
    """Corners around all that is not black, for pictures with nothing beside the sector.

    Dim parts of a sector hardly change; with no text to leave out they are better kept.
    """
    shown = cv2.blur(peak, (5, 5)) > _BLACK
    columns, rows = np.flatnonzero(shown.any(axis=0)), np.flatnonzero(shown.any(axis=1))
    x0, x1 = min(columns[0], *hull[:, 0]), 1 + max(columns[-1], *hull[:, 0])
    y0, y1 = min(rows[0], *hull[:, 1]), 1 + max(rows[-1], *hull[:, 1])
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def _area(outline: IntArray) -> float:
    return float(cv2.contourArea(outline.astype(np.float32)))
