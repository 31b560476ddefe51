"""The ultrasound region that a DICOM file declares (PS3.3 C.8.5.5)."""

from __future__ import annotations

import numpy as np

from usummary.readers.dicom.values import Values
from usummary.types import Box

_TISSUE, _COLOUR_FLOW = 1, 2
_TRACES = {2: "an M-mode trace", 3: "a Doppler spectrum"}
"""Regions without an image, by their spatial format (PS3.3 C.8.5.5)."""
_CORNERS = (
    "RegionLocationMinX0",
    "RegionLocationMinY0",
    "RegionLocationMaxX1",
    "RegionLocationMaxY1",
)


def declared_region(values: Values, width: int, height: int) -> tuple[Box | None, tuple[str, ...]]:
    """Smallest box around the two-dimensional tissue and colour-flow regions; and notices.

    Regions that extend beyond the picture were declared for another picture size; they are not
    used.
    """
    boxes = []
    traces: dict[str, list[int]] = {}
    for item in values.items("SequenceOfUltrasoundRegions"):
        kinds = item.integer("RegionSpatialFormat"), item.integer("RegionDataType")
        if kinds not in {(1, _TISSUE), (1, _COLOUR_FLOW)}:
            if kinds[0] in _TRACES:
                traces[_TRACES[kinds[0]]] = _corners(item)
            continue
        corners = _corners(item)
        if len(corners) < len(_CORNERS):
            return None, ("An ultrasound region in the DICOM file lacks a corner; it is not used.",)
        boxes.append(corners)
    if not boxes:
        return None, ()
    lows, highs = np.min(boxes, axis=0), np.max(boxes, axis=0)
    # DICOM's Max corners are the last pixels of a region; our boxes are half-open, hence + 1. A
    # corner one pixel beyond the picture is accepted: it can be meant as half-open already.
    x0, y0, x1, y1 = int(lows[0]), int(lows[1]), int(highs[2]) + 1, int(highs[3]) + 1
    if x1 > width + 1 or y1 > height + 1 or x1 - x0 < 2 or y1 - y0 < 2 or min(x0, y0) < 0:
        return None, ("The ultrasound region in the DICOM file does not fit its pictures.",)
    box = Box(x0, y0, min(x1, width), min(y1, height))
    return box, tuple(
        f"Beside the image the pictures show {trace}. It is not looked at, and masked in exports."
        for trace, (*_, right, bottom) in sorted(traces.items())
        if right >= box.x1 or bottom >= box.y1
    )


def _corners(item: Values) -> list[int]:
    """Left, top, right, bottom of a region; fewer values if the file lacks some."""
    return [corner for name in _CORNERS if (corner := item.integer(name)) is not None]
