"""Enlarges pictures whose pixels are not square, so that they are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from usummary.readers.dicom.values import Values
from usummary.types import Box, Picture

_SAME = 1.002
_MOST = 4.0


@dataclass(frozen=True)
class Enlargement:
    """Factors by which a picture is enlarged so that its pixels are square; one of them is 1."""

    across: float = 1.0
    down: float = 1.0

    def box(self, box: Box | None, width: int, height: int) -> Box | None:
        """A box in the stored picture as a box in the enlarged one, of size `width`, `height`."""
        if box is None or (self.across == 1 and self.down == 1):
            return box
        return Box(
            int(box.x0 * self.across),
            int(box.y0 * self.down),
            min(round(box.x1 * self.across), width),
            min(round(box.y1 * self.down), height),
        )


def pixel_stretch(values: Values) -> tuple[Enlargement, tuple[str, ...]]:
    """How a file's pictures are enlarged, and a notice if they are.

    Pixel Aspect Ratio (0028,0034) is height and width of a pixel as whole numbers. Pixel Spacing is
    not used: it says how large the anatomy is, not how the picture is shown.
    """
    ratio = values.numbers("PixelAspectRatio")
    if not ratio:
        return Enlargement(), ()
    if len(ratio) != 2 or min(ratio) <= 0 or not 1 / _MOST <= ratio[1] / ratio[0] <= _MOST:
        values.mark_odd("PixelAspectRatio")
        return Enlargement(), ()
    wide = ratio[1] / ratio[0]
    if 1 / _SAME < wide < _SAME:
        return Enlargement(), ()
    notice = "The pixels of the DICOM file are not square; its pictures are shown stretched to fit."
    return Enlargement(max(wide, 1.0), max(1 / wide, 1.0)), (notice,)


def squared(picture: Picture, stretch: Enlargement) -> Picture:
    """A picture (H, W[, 3]) with square pixels; `picture` itself if they are square already."""
    if stretch.across == 1 and stretch.down == 1:
        return picture
    height, width = picture.shape[:2]
    size = round(width * stretch.across), round(height * stretch.down)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)
