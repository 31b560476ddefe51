"""The mask over what lies outside the sector."""

import numpy as np

from usummary.export.canvas import sector_mask
from usummary.types import Box, Region


def test_a_mask_is_as_wide_as_its_polygon_is_in_x():
    """A lying rectangle at the right: x and y, or width and height, changed over do not fit."""
    corners = ((30, 5), (70, 5), (70, 15), (30, 15))
    expected = np.zeros((20, 80), np.uint8)
    expected[5:15, 30:70] = 255
    for polygon in (corners, ()):  # without one the box is the sector
        mask = sector_mask(Region(Box(30, 5, 70, 15), polygon, "pictures"), 80, 20)
        assert np.array_equal(mask, expected)


def test_a_slanting_edge_is_followed():
    """The triangle below the diagonal of a picture twice as wide as it is high."""
    mask = sector_mask(Region(Box(0, 0, 80, 40), ((0, 0), (80, 40), (0, 40)), "pictures"), 80, 40)
    assert mask[30, 10] == 255  # x 10, y 30: below it
    assert mask[10, 60] == 0  # x 60, y 10: above it
    assert mask[35, 60] == 255
    assert mask[20, 60] == 0
