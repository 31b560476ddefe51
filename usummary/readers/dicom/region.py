"""Where in its pictures a DICOM file says that the ultrasound is."""

from __future__ import annotations

import numpy as np

from usummary.readers.dicom.values import Values
from usummary.types import Box

_TISSUE, _COLOUR_FLOW = 1, 2
_CORNERS = (
    "RegionLocationMinX0",
    "RegionLocationMinY0",
    "RegionLocationMaxX1",
    "RegionLocationMaxY1",
)


def declared_region(values: Values, width: int, height: int) -> tuple[Box | None, tuple[str, ...]]:
    """Smallest box around the two-dimensional tissue and colour-flow regions; a notice if unusable.

    Regions that reach out of the picture were made for another size and are not used.
    """
    boxes = []
    for item in values.items("SequenceOfUltrasoundRegions"):
        kinds = item.integer("RegionSpatialFormat"), item.integer("RegionDataType")
        if kinds not in {(1, _TISSUE), (1, _COLOUR_FLOW)}:
            continue
        corners = [c for name in _CORNERS if (c := item.integer(name)) is not None]
        if len(corners) < len(_CORNERS):
            return None, ("An ultrasound region in the DICOM file lacks a corner; it is not used.",)
        boxes.append(corners)
    if not boxes:
        return None, ()
    lows, highs = np.min(boxes, axis=0), np.max(boxes, axis=0)
    x0, y0, x1, y1 = int(lows[0]), int(lows[1]), int(highs[2]) + 1, int(highs[3]) + 1
    if x1 > width + 1 or y1 > height + 1 or x1 - x0 < 2 or y1 - y0 < 2 or min(x0, y0) < 0:
        return None, ("The ultrasound region in the DICOM file does not fit its pictures.",)
    return Box(x0, y0, min(x1, width), min(y1, height)), ()
