"""Composed clips: real stills and clips, moved like a hand-held probe moves them.

A source picture is panned, turned, zoomed and bent smoothly over time under a sector that stands
still; gain, depth gain and a shadow drift. No speckle is added, for the source has that of its own
scanner; in a view that moves, pixels change places with near ones. The result is never called real:
it is *composed*.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from usummary.analysis.clips import to_input
from usummary.training.composing.pictures import Source
from usummary.types import Box, Picture

CANVAS = (224, 288)
"""Rows and columns of a composed picture: the input size of the 2-D teacher."""

INPUT_SIZE = (192, 256)
"""Rows and columns of a backbone's input picture."""

_Real = NDArray[np.float32]

_DOWN = np.arange(CANVAS[0], dtype=np.float32)[:, None] - np.float32(CANVAS[0] / 2)
_ACROSS = np.arange(CANVAS[1], dtype=np.float32) - np.float32(CANVAS[1] / 2)
_SLACK = 64


@dataclass(frozen=True, slots=True)
class Motion:
    """How far the probe strays from a source picture within one clip.

    Attributes:
        offset: Largest shift of the view, as a share of the picture.
        drift: Largest shift during the clip, as a share of the picture.
        turn: Largest rotation, degrees.
        zoom: Smallest and largest magnification.
        bend: Largest local displacement, canvas pixels: out-of-plane motion and breathing.
        blur: Largest blur, canvas pixels.
        stirred: Largest spread by which pixels change places, canvas pixels.
        gain: Smallest and largest brightness factor.
    """

    offset: float
    drift: float
    turn: float
    zoom: tuple[float, float]
    bend: float
    blur: float
    stirred: float
    gain: tuple[float, float]


STEADY = Motion(0.05, 0.03, 12.0, (0.85, 1.25), 3.0, 0.4, 0.0, (0.75, 1.25))
"""The plane is held: it stays recognisable."""
WANDERING = Motion(0.20, 0.25, 35.0, (0.6, 1.8), 14.0, 1.5, 1.5, (0.5, 1.4))
"""Coming or going: only the teacher knows what can be recognised."""
LOST = Motion(0.5, 0.40, 180.0, (1.6, 4.0), 30.0, 5.0, 2.5, (0.15, 1.0))
"""Searching: a far corner, blurred, bent or dark. No plane is recognisable."""


def compose(
    source: Source, motion: Motion, rng: np.random.Generator, *, frames: int = 16
) -> Picture:
    """A composed clip (frames, 224, 288) of a source.

    A real clip goes on playing under the motion (back and forth if it is short); one clip in
    eight stands still, as a frozen screen does.
    """
    frozen = frames > 1 and rng.random() < 0.125
    moving = 1 if frozen else frames
    order = _playback(len(source.small), moving, rng)
    maps = _Warp(source.small.shape[1:], motion, rng, moving)
    light = _ClipLight(motion, rng, moving)
    mask = _sector(rng)
    blur = rng.uniform(0, motion.blur)
    clip = np.empty((moving, *CANVAS), np.uint8)
    for t in range(moving):
        picture = cv2.remap(source.small[order[t]], *maps.at(t), cv2.INTER_LINEAR)
        if blur > 0.3:
            picture = cv2.GaussianBlur(picture, (0, 0), blur)
        clip[t] = light.at(t, picture.astype(np.float32)) * mask
    return np.repeat(clip, frames, axis=0) if frozen else clip


def shrink(clip: Picture) -> Picture:
    """A composed clip (T, 224, 288) as the backbone gets it, (T, 192, 256)."""
    return np.asarray(as_clips(clip, len(clip))[0], np.uint8)


def as_clips(pictures: Picture, length: int = 16, size: tuple[int, int] = INPUT_SIZE) -> Picture:
    """Pictures (n, H, W) of a sector as clips (m, length, *size); a still is repeated.

    Pictures that do not fill a last clip are left out, unless it is the only clip.
    """
    box = Box(0, 0, pictures.shape[2], pictures.shape[1])
    small = np.stack([to_input(picture, box, size) for picture in pictures])
    if len(small) < length:
        small = np.concatenate([small, np.repeat(small[-1:], length - len(small), axis=0)])
    whole = len(small) // length
    return small[: whole * length].reshape(whole, length, *small.shape[1:])


def blend(one: Picture, other: Picture, rng: np.random.Generator) -> Picture:
    """Mixes two composed clips: side by side at a random line, or one shining through the other.

    No scanner shows such pictures. A student that agrees with its teacher on them has learnt more
    than the few kinds of training pictures.
    """
    if rng.random() < 0.5:
        share = np.float32(rng.uniform(0.2, 0.8))
        return np.rint(one * share + other * (1 - share)).astype(np.uint8)
    angle, shift = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
    y, x = np.mgrid[-1 : 1 : CANVAS[0] * 1j, -1 : 1 : CANVAS[1] * 1j]
    return np.where(x * np.cos(angle) + y * np.sin(angle) > shift, one, other).astype(np.uint8)


def _playback(length: int, frames: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which picture is shown at each frame: forward from a random place, and back at the end."""
    start = int(rng.integers(max(length - frames, 0) + 1))
    there_and_back = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
    return there_and_back[(start + np.arange(frames)) % len(there_and_back)]


def _track(
    rng: np.random.Generator, frames: int, shape: tuple[int, ...] = ()
) -> NDArray[np.float64]:
    """Smooth random curves (frames, *shape), mostly within -1 to 1: a drift and a tremor."""
    time = np.linspace(0, 1, frames).reshape(-1, *[1] * len(shape))
    drift = rng.normal(0, 0.4, shape) + rng.normal(0, 0.5, shape) * (time - 0.5)
    phase, pace = rng.uniform(0, 2 * np.pi, shape), rng.uniform(0.5, 2.0, shape)
    return np.asarray(drift + 0.12 * np.sin(phase + 2 * np.pi * pace * time))


class _Warp:
    """For each frame, the place in the source picture of every canvas pixel."""

    def __init__(
        self, size: tuple[int, ...], motion: Motion, rng: np.random.Generator, frames: int
    ) -> None:
        height, width = size
        self._centre = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * motion.offset * (
            np.array([width, height])
        )
        self._pan = _track(rng, frames, (2,)) * motion.drift * np.array([width, height])
        self._turn = np.deg2rad(rng.uniform(-1, 1) + 0.3 * _track(rng, frames)) * motion.turn
        fit = max(height / CANVAS[0], width / CANVAS[1])
        zoom = np.exp(rng.uniform(*np.log(motion.zoom)) + 0.08 * _track(rng, frames))
        self._scale = fit / zoom * (1 + rng.uniform(-0.08, 0.08))
        self._mirror = 1 if rng.random() < 0.5 else -1
        self._bend = _track(rng, frames, (4, 5, 2)) * motion.bend * fit
        self._rng = rng
        self._stirred = np.float32(rng.uniform(0, motion.stirred) * fit)

    def at(self, t: int) -> tuple[_Real, _Real]:
        x = _ACROSS * np.float32(self._scale[t] * self._mirror)
        y = _DOWN * np.float32(self._scale[t])
        bend = np.asarray(
            cv2.resize(
                self._bend[t].astype(np.float32), CANVAS[::-1], interpolation=cv2.INTER_CUBIC
            ),
            np.float32,
        )
        if self._stirred > 0.05:
            y0, x0 = self._rng.integers(_SLACK, size=2)
            bend = bend + self._stirred * _grain()[y0 : y0 + CANVAS[0], x0 : x0 + CANVAS[1]]
        cos, sin = np.float32(np.cos(self._turn[t])), np.float32(np.sin(self._turn[t]))
        centre = (self._centre + self._pan[t]).astype(np.float32)
        return (
            cos * x - sin * y + centre[0] + bend[..., 0],
            sin * x + cos * y + centre[1] + bend[..., 1],
        )


@functools.cache
def _grain() -> _Real:
    """One large field of small displacements of spread 1; parts of it are quick to take."""
    return displacements((CANVAS[0] + _SLACK, CANVAS[1] + _SLACK), 1.0, np.random.default_rng(0))


def displacements(shape: tuple[int, int], grain: float, rng: np.random.Generator) -> _Real:
    """(*shape, 2) random displacements of spread 1, alike within `grain` pixels."""
    field = cv2.GaussianBlur(rng.standard_normal((*shape, 2), np.float32), (0, 0), grain)
    return np.asarray(field * np.float32(2 * np.sqrt(np.pi) * grain), np.float32)


class _ClipLight:
    """Gain, depth gain and a shadow, frame by frame."""

    def __init__(self, motion: Motion, rng: np.random.Generator, frames: int) -> None:
        self._gain = rng.uniform(*motion.gain) * (1 + 0.08 * _track(rng, frames))
        self._gamma = rng.uniform(0.8, 1.25)
        depth = np.linspace(-1, 1, CANVAS[0], dtype=np.float32)[:, None]
        self._depth = (1 + rng.uniform(-0.3, 0.3) * depth).astype(np.float32)
        self._dark = rng.uniform(0.3, 0.8) if rng.random() < 0.3 else 0.0
        self._place = rng.uniform(-0.5, 0.5) * CANVAS[1] + 30 * _track(rng, frames)
        self._width = rng.uniform(8, 40)

    def at(self, t: int, picture: _Real) -> _Real:
        aside = (_ACROSS - np.float32(self._place[t])) / np.float32(self._width)
        shadow = 1 - np.float32(self._dark) * np.exp(-(aside**2))
        light = self._depth * shadow
        bright = cv2.pow(picture / np.float32(255), float(self._gamma)) * np.float32(255)
        return np.asarray(np.clip(bright * light * self._gain[t], 0, 255), np.float32)


def _sector(rng: np.random.Generator) -> _Real:
    """0 and 1: a fan, a trapezium or the whole picture, of a random aspect, letterboxed."""
    height, width = CANVAS
    aspect = rng.uniform(0.85, 1.7)
    inner = (min(height, round(width / aspect)), min(width, round(height * aspect)))
    y0, x0 = (height - inner[0]) // 2, (width - inner[1]) // 2
    mask = np.zeros(CANVAS, np.float32)
    kind = rng.random()
    if kind < 0.4:
        mask[y0 : y0 + inner[0], x0 : x0 + inner[1]] = 1
        return mask
    top = rng.uniform(0.15, 0.5) * inner[1]
    drop = rng.uniform(0, 0.12) * inner[0]
    side = rng.uniform(0.55, 0.9) * inner[0]
    middle = x0 + inner[1] / 2
    across = np.linspace(-1, 1, 33)
    arc = y0 + inner[0] - (inner[0] - side) * across**2
    outline = [(middle - top / 2, y0 + drop), (middle, y0), (middle + top / 2, y0 + drop)]
    outline += [
        (middle + inner[1] / 2 * a, y) for a, y in zip(across[::-1], arc[::-1], strict=True)
    ]
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 1.0)
    return mask
