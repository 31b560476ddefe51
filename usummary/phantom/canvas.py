"""Drawing surface for anatomy: what each point of a cut through the body reflects and absorbs."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from usummary.types import Picture

SIDE = 480
"""Pixels along each edge of a drawn cut."""
REACH = 0.62
"""Half the edge of a drawn cut, as a share of the depth on screen."""
TISSUE_LOSS = 8
"""Absorption of soft tissue, which the scanner's gain makes up for; fluid has 0, bone far more."""

FLUID, BRAIN, MUSCLE, LIVER, TISSUE, BRIGHT, BONE = 6, 46, 66, 84, 92, 175, 238

Points = NDArray[np.float64]


def arc(
    centre: tuple[float, float],
    radii: tuple[float, float],
    turn: float = 0.0,
    span: tuple[float, float] = (0.0, 360.0),
) -> Points:
    """Points (n, 2) along an ellipse, angles in degrees, clockwise from the right as on screen."""
    angles = np.radians(np.linspace(*span, 64))
    across, along = radii[0] * np.cos(angles), radii[1] * np.sin(angles)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.stack(
        [centre[0] + across * cos - along * sin, centre[1] + across * sin + along * cos], axis=1
    )


def smooth(points: list[tuple[float, float]], *, closed: bool = False) -> Points:
    """A rounded line (n, 2) along `points`, by cutting corners three times."""
    line = np.array(points, dtype=np.float64)
    for _ in range(3):
        ahead = np.roll(line, -1, axis=0) if closed else line[1:]
        here = line if closed else line[:-1]
        cut = np.stack([0.75 * here + 0.25 * ahead, 0.25 * here + 0.75 * ahead], axis=1)
        inner = cut.reshape(-1, 2)
        line = inner if closed else np.concatenate([line[:1], inner, line[-1:]])
    return line


class Sketch:
    """A square cut, drawn in centimetres from its centre, x to the right and y away from the probe.

    Its layers (SIDE, SIDE, 3) are echo brightness, absorption, and how much of the place the fetus
    takes up (0 where the surroundings show).
    """

    def __init__(self, depth_cm: float) -> None:
        self._layers: Picture = np.zeros((SIDE, SIDE, 3), np.uint8)
        self._scale = SIDE / 2 / (REACH * depth_cm)

    def fill(self, outline: Points, echo: float, loss: float = TISSUE_LOSS) -> None:
        """Fill a closed outline."""
        cv2.fillPoly(self._layers, [self._fixed(outline)], (echo, loss, 255), cv2.LINE_AA, 4)

    def stroke(self, line: Points, width_cm: float, echo: float, loss: float = TISSUE_LOSS) -> None:
        """Draw along a line."""
        width = max(1, round(width_cm * self._scale))
        colour = (echo, loss, 255)
        cv2.polylines(self._layers, [self._fixed(line)], False, colour, width, cv2.LINE_AA, 4)

    def dot(self, x: float, y: float, radius: float, echo: float, loss: float = 60) -> None:
        """A round spot."""
        self.fill(arc((x, y), (radius, radius)), echo, loss)

    def finish(self, rng: np.random.Generator, mottle: float = 9.0) -> Picture:
        """The layers with soft edges and tissue that is nowhere quite even."""
        soft = np.asarray(cv2.GaussianBlur(self._layers, (0, 0), 1.3), np.uint8)
        grain = rng.standard_normal((SIDE // 8, SIDE // 8)).astype(np.float32)
        fine = rng.standard_normal((SIDE // 3, SIDE // 3)).astype(np.float32)
        coarse = cv2.resize(grain, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        uneven = coarse + 0.8 * cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        echo = soft[..., 0].astype(np.float32)
        echo += mottle * uneven * np.clip((echo - FLUID) / 60, 0, 1)
        soft[..., 0] = np.clip(echo, 0, 255).astype(np.uint8)
        return soft

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        """Pixels with four fractional bits, as OpenCV takes them."""
        return np.round((points * self._scale + SIDE / 2) * 16).astype(np.int32)
