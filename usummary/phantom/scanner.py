"""From anatomy to an ultrasound picture: beams, absorption, speckle, scan conversion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from usummary.phantom.canvas import FLUID, REACH, SIDE, TISSUE_LOSS
from usummary.types import Box, Picture

Field = NDArray[np.float32]
BLACK, WHITE = 16, 235
"""Luma of black and white in video."""
_HALF_ANGLE = np.radians(35)
_LOSS = 13.0
"""Brightness lost per unit of absorption over the whole depth."""
_MARGIN = 96


@dataclass(frozen=True, slots=True)
class Fan:
    """Where the sector of a curved-array probe lies on the screen; pixels.

    Attributes:
        apex: Centre of the probe's curvature.
        inner: Radius of the probe's face.
        depth: Pixels from the probe's face to the deepest echo.
    """

    apex: tuple[float, float]
    inner: float
    depth: float

    @classmethod
    def on_screen(cls, width: int, height: int) -> Fan:
        """The sector of a screen, below its top bar."""
        depth = min(0.805 * height, 0.56 * width)
        inner = 0.3 * depth
        top = 0.105 * height
        return cls((width / 2, top - inner * float(np.cos(_HALF_ANGLE))), inner, depth)

    @property
    def polygon(self) -> list[tuple[float, float]]:
        """Its outline."""
        angles = np.linspace(-_HALF_ANGLE, _HALF_ANGLE, 25)
        line = [self._at(angle, self.inner + self.depth) for angle in angles]
        return line + [self._at(angle, self.inner) for angle in angles[::-2]]

    @property
    def box(self) -> Box:
        """Smallest box around it, with even corners."""
        xs, ys = zip(*self.polygon, strict=True)
        x0, y0 = int(min(xs)) // 2 * 2, int(min(ys)) // 2 * 2
        return Box(x0, y0, int(max(xs)) // 2 * 2 + 2, int(max(ys)) // 2 * 2 + 2)

    def polar(self) -> tuple[Field, Field]:
        """Angle (-1 to 1 inside) and depth (0 to 1 inside) of the box's pixels."""
        box = self.box
        x = np.arange(box.x0, box.x1, dtype=np.float32)[None] - np.float32(self.apex[0])
        y = np.arange(box.y0, box.y1, dtype=np.float32)[:, None] - np.float32(self.apex[1])
        angle = np.arctan2(x, y) / np.float32(_HALF_ANGLE)
        return angle, (np.hypot(x, y) - np.float32(self.inner)) / np.float32(self.depth)

    def on_picture(self, x: float, y: float) -> tuple[float, float]:
        """Pixel of a place given in shares of the depth, from the middle of the anatomy."""
        return (
            self.apex[0] + x * self.depth,
            self.apex[1] + self.inner + (y + MIDDLE) * self.depth,
        )

    def _at(self, angle: float, radius: float) -> tuple[float, float]:
        return (
            self.apex[0] + radius * float(np.sin(angle)),
            self.apex[1] + radius * float(np.cos(angle)),
        )


MIDDLE = 0.53
"""Depth at which the anatomy is centred, a share of the depth."""


@dataclass(frozen=True, slots=True)
class FetalLie:
    """How the fetus lies under the probe: lengths as shares of the depth, degrees, a factor."""

    x: float
    y: float
    turn: float
    zoom: float
    mirrored: bool

    def matrix(self) -> NDArray[np.float64]:
        """Drawing (shares of depth from its centre) to picture (same), 2 x 2; shift is x, y."""
        cos, sin = np.cos(np.radians(self.turn)), np.sin(np.radians(self.turn))
        flip = -1.0 if self.mirrored else 1.0
        return self.zoom * np.array([[cos * flip, -sin], [sin * flip, cos]])


class Probe:
    """Turns cuts through the body into pictures of the sector's box."""

    def __init__(self, fan: Fan, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.fan = fan
        self.depths = max(48, round(fan.depth * 0.74))
        self.beams = max(40, round(fan.depth * 0.5))
        depth = np.linspace(0, 1, self.depths, dtype=np.float32)[:, None]
        angle = np.linspace(-_HALF_ANGLE, _HALF_ANGLE, self.beams, dtype=np.float32)[None]
        radius = depth + np.float32(fan.inner / fan.depth)
        self._across = radius * np.sin(angle)
        self._down = radius * np.cos(angle) - np.float32(fan.inner / fan.depth + MIDDLE)
        self._gain = 6 - 26 * np.clip(depth - 0.55, 0, 1) - 30 * np.clip(0.02 - depth, 0, 1) / 0.02
        self._gain = (self._gain - 7 * np.abs(angle / _HALF_ANGLE) ** 3).astype(np.float32)
        self._grains = [_speckle_field(self.depths, self.beams, rng) for _ in range(2)]
        self._bodies = [_surroundings(self.depths, self.beams, rng) for _ in range(7)]
        self._bends = [_bend(self.depths, self.beams, rng) for _ in range(2)]
        self._luma = np.linspace(BLACK, WHITE, 256).round().astype(np.uint8)
        angles, ranges = fan.polar()
        outside = (np.abs(angles) > 1) | (ranges < 0) | (ranges > 1)
        columns = np.where(outside, -9, (angles + 1) / 2 * (self.beams - 1))
        rows = np.where(outside, -9, ranges * (self.depths - 1))
        self._maps = cv2.convertMaps(
            columns.astype(np.float32), rows.astype(np.float32), cv2.CV_16SC2
        )

    def picture(self, cut: Picture, view: FetalLie, surroundings: float, grain: float) -> Picture:
        """Luma (box height, box width) of the sector; black outside the fan.

        Args:
            cut: Layers as `Canvas.finish` gives them.
            view: How the fetus lies.
            surroundings: Which of the mother's tissues lie around; fractions mix two.
            grain: Phase of the speckle.
        """
        echo, loss = self._tissue(cut, view, surroundings)
        loss -= TISSUE_LOSS
        np.cumsum(loss, axis=0, out=loss)
        loss *= np.float32(_LOSS / self.depths)
        echo -= self._glancing(echo)
        echo += self._gain
        echo -= np.clip(loss, -28, 190)
        echo += self._speckle(view, grain)
        levels = np.clip(echo, 0, 255).astype(np.uint8)
        return self._convert(self._luma[levels])

    def _convert(self, levels: Picture) -> Picture:
        """Beams side by side to the fan on the screen."""
        border = cv2.BORDER_CONSTANT
        return np.asarray(
            cv2.remap(levels, *self._maps, cv2.INTER_LINEAR, None, border, (BLACK,)), np.uint8
        )

    def _glancing(self, echo: Field) -> Field:
        """Brightness lost where a bright surface lies along the beams instead of across them."""
        across = np.abs(cv2.Sobel(echo, cv2.CV_32F, 0, 1, ksize=3, scale=0.25))
        across = cv2.blur(across, (5, max(3, self.depths // 22)))
        bright = np.clip(echo - 105, 0, None)
        lost: Field = bright * np.clip(0.72 - across / 14, 0, 1)
        return lost

    def _tissue(self, cut: Picture, view: FetalLie, surroundings: float) -> tuple[Field, Field]:
        """Echo and absorption (depths, beams) of the fetus in front of what surrounds it."""
        inverse = np.linalg.inv(view.matrix()).astype(np.float32)
        unit = np.float32(SIDE / 2 / REACH)
        near, far = (float(f(surroundings * np.pi / 2)) for f in (np.cos, np.sin))
        bend = cv2.addWeighted(self._bends[0], near, self._bends[1], far, 0)
        x, y = (
            self._across - np.float32(view.x) + bend[0],
            self._down - np.float32(view.y) + bend[1],
        )
        columns = unit * (inverse[0, 0] * x + inverse[0, 1] * y) + np.float32(SIDE / 2)
        rows = unit * (inverse[1, 0] * x + inverse[1, 1] * y) + np.float32(SIDE / 2)
        seen = cv2.remap(cut, columns, rows, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT)
        seen = cv2.GaussianBlur(seen, (self.beams // 60 * 2 + 1, 3), 0)
        echo, loss, there = (layer.astype(np.float32) for layer in cv2.split(seen))
        there /= 255
        first, mix = int(surroundings), surroundings - int(surroundings)
        shift = _MARGIN + int(np.clip(view.x * 120, -_MARGIN, _MARGIN))
        window = np.s_[:, :, shift : shift + self.beams]
        body = self._bodies[first % len(self._bodies)][window]
        if mix > 0.01:
            other = self._bodies[(first + 1) % len(self._bodies)][window]
            body = np.asarray(cv2.addWeighted(body, 1 - mix, other, mix, 0), np.float32)
        echo += (body[0] - echo) * (1 - there)
        loss += (body[1] - loss) * (1 - there)
        return echo, loss

    def _speckle(self, view: FetalLie, grain: float) -> Field:
        """Log-compressed Rayleigh speckle (depths, beams), in brightness."""
        down = _MARGIN + int(np.clip(-view.y * self.depths, -_MARGIN, _MARGIN))
        aside = _MARGIN + int(np.clip(-view.x * self.beams, -_MARGIN, _MARGIN))
        window = np.s_[:, down : down + self.depths, aside : aside + self.beams]
        first, second = self._grains[0][window], self._grains[1][window]
        cos, sin = float(np.cos(grain)), float(np.sin(grain))
        real = cv2.addWeighted(first[0], cos, second[0], sin, 0)
        imaginary = cv2.addWeighted(first[1], cos, second[1], sin, 1e-3)
        level = np.asarray(cv2.log(cv2.magnitude(real, imaginary)), np.float32)
        level *= 29
        np.maximum(level, -70, out=level)
        return level


def _speckle_field(depths: int, beams: int, rng: np.random.Generator) -> Field:
    """Complex echo (2, rows, columns) of scatterers; the beam is wider than the pulse is long."""
    shape = (2, depths + 2 * _MARGIN, beams + 2 * _MARGIN)
    field = gaussian_filter(rng.standard_normal(shape), (0, 0.0024 * depths, 0.0068 * beams))
    even: Field = (field / np.sqrt(2 * field.var())).astype(np.float32)
    return even


def _bend(depths: int, beams: int, rng: np.random.Generator) -> Field:
    """Gentle shifts (2, depths, beams) that make a drawing less regular; shares of the depth."""
    bend = gaussian_filter(rng.standard_normal((2, depths, beams)), (0, depths / 9, beams / 7))
    gentle: Field = (0.011 * bend / bend.std()).astype(np.float32)
    return gentle


def _wave(rng: np.random.Generator, columns: int, roughness: float) -> NDArray[np.float64]:
    """A smooth random line of unit spread."""
    line = gaussian_filter1d(rng.standard_normal(columns), columns * roughness, mode="reflect")
    wave: NDArray[np.float64] = (line - line.mean()) / (line.std() + 1e-9)
    return wave


def _surroundings(depths: int, beams: int, rng: np.random.Generator) -> Field:
    """Echo and absorption (2, depths, columns) of the mother's tissue, fluid, maybe placenta."""
    columns = beams + 2 * _MARGIN
    depth = np.linspace(0, 1, depths)[:, None]
    echo = np.full((depths, columns), 84.0)
    echo += 22 * np.sin(2 * np.pi * (depth * 34 + 0.6 * _wave(rng, columns, 0.2))) * (depth < 0.13)
    echo[: max(2, depths // 60)] = 205
    muscle = 0.05 + 0.012 * _wave(rng, columns, 0.12)
    echo = np.where((depth > muscle) & (depth < muscle + 0.035), 56, echo)
    womb = rng.uniform(0.13, 0.18) + 0.014 * _wave(rng, columns, 0.15)
    placenta = womb + max(0.0, rng.uniform(-0.12, 0.15)) * np.clip(
        1 + 0.5 * _wave(rng, columns, 0.25), 0, 2
    )
    echo = np.where(depth > womb, 112, echo)
    echo = np.where(depth > placenta, FLUID, echo)
    back = rng.uniform(0.84, 0.95) + 0.03 * _wave(rng, columns, 0.2)
    echo = np.where(depth > back, 104, echo)
    for line in (muscle, womb, back):
        echo += 85 * np.exp(-(((depth - line) / 0.006) ** 2))
    side = np.linspace(-1, 1, columns) + rng.uniform(-0.25, 0.25)
    wall = 0.62 + 0.06 * _wave(rng, depths, 0.15)[:, None]
    inside = (depth > placenta) & (depth < back)
    echo = np.where(inside & (np.abs(side) > wall), rng.uniform(62, 95), echo)
    echo = gaussian_filter(echo, (1.2, 2.0))
    echo += 9 * gaussian_filter(rng.standard_normal(echo.shape), (4, 9)) * 21 * (echo > 30)
    loss = np.where(echo < 34, 6.0, float(TISSUE_LOSS))
    return np.stack([echo, loss]).astype(np.float32)
