"""The moving picture of a composed recording: stills and clips seen through a hand-held probe.

A view that is held perfectly is its source picture as it was saved: a saved image is a held view,
with the speckle, gain and shadows of its own scanner. Whatever moves away from a hold departs from
the source step by step. The view strays, turns, bends and blurs, gives way to pictures beside the
plane, grows darker, and its grain is stirred: pixels change places with near ones, more of them
the faster the probe. No second speckle is drawn over a picture, because no scanner gives that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from usummary.training.composing.clips import displacements
from usummary.training.composing.pictures import OTHER, Source
from usummary.training.composing.script import LabelledRange, Script
from usummary.types import Picture

SECTOR = (472, 608)
"""Rows and columns of the canvas in which the sector lies, on the screen."""

_Real = NDArray[np.float32]
_FADE_S = 0.35
"""Duration of the fade from one view to the next."""
_LOOK_S = (2.0, 6.0)
"""While searching, each view lasts between these many seconds."""
_COARSE_FROM = 0.35
"""A view that strays by this much is blurred by more than a pixel, so half the resolution does."""
_GRID = 8
"""Places in the source are worked out for every 8th pixel, and interpolated between."""
_ASIDE = 8
"""Pictures beside a plane are blurred, so they are made at this fraction of the resolution."""
_STIRRED = 5.0
"""Spread, in pixels, by which the fastest probe lets pixels change places."""
_SLACK = 96
_TREMOR = 0.0008
"""Spread of the hand's tremor, as a share of the picture: half a pixel."""
_TREMOR_S = 0.1
_PULSE = 4.0
"""Pixels by which a fetal vessel or the heart moves what lies around it, at most."""
_PULSE_HZ = (2.1, 2.6)
_PULSE_SIZE = (30.0, 50.0)
_STILLEST = 0.02
"""A view that strays less than this trembles and pulses less; a perfect hold does neither."""


@dataclass(frozen=True)
class Cast:
    """The source pictures of one recording.

    Attributes:
        planes: The source of each standard plane.
        others: Sources of structures that are no standard plane.
        asides: Sources for the surroundings of a plane, and for searching.
    """

    planes: Mapping[str, Source]
    others: Sequence[Source]
    asides: Sequence[Source]


@dataclass(frozen=True, slots=True)
class _SeenSource:
    """A source that is seen in the frames ``[start, end)``; `lost`: while searching."""

    source: Source
    start: int
    end: int
    lost: bool


def pictures(
    script: Script, cast: Cast, rng: np.random.Generator, frozen: NDArray[np.int64] | None = None
) -> Iterator[Picture]:
    """The sector's pictures (*SECTOR) uint8, one per frame, without the sector's outline.

    Args:
        script: The course of the recording.
        cast: Its source pictures.
        rng: Draws every motion.
        frozen: (n,) the frame whose picture each frame shows; None: its own.
    """
    light = _Light(script, rng)
    grain = _Grain(rng)
    shown: Picture | None = None
    before: _View | None = None
    for look in _looks(script, cast, rng):
        view = _View(look, script, cast, grain, rng)
        for t in range(look.start, look.end):
            if frozen is not None and frozen[t] != t and shown is not None:
                yield shown
                continue
            picture = view.at(t)
            fade = (t - look.start + 1) / (_FADE_S * script.fps)
            if before is not None and fade < 1:
                faded = cv2.addWeighted(picture, fade, before.at(t), 1 - fade, 0)
                picture = np.asarray(faded, np.uint8)
            shown = light.at(t, picture)
            yield shown
        before = view


def _looks(script: Script, cast: Cast, rng: np.random.Generator) -> Iterator[_SeenSource]:
    """The sources in order: one for each visit, and several while searching."""
    for number, visit in enumerate(script.visits):
        if visit.label:
            source = _source_of(visit, cast, rng)
            yield _SeenSource(source, visit.start, visit.end, lost=False)
            continue
        edges = [visit.start]
        while edges[-1] < visit.end:
            edges.append(min(edges[-1] + round(rng.uniform(*_LOOK_S) * script.fps), visit.end))
        for start, end in pairwise(edges):
            near = script.visits[max(number - 1, 0)]
            if near.label not in ("", OTHER) and rng.random() < 0.3:
                source = cast.planes[near.label]
            else:
                source = cast.asides[int(rng.integers(len(cast.asides)))]
            yield _SeenSource(source, start, end, lost=True)


def _source_of(visit: LabelledRange, cast: Cast, rng: np.random.Generator) -> Source:
    if visit.label == OTHER:
        return cast.others[int(rng.integers(len(cast.others)))]
    return cast.planes[visit.label]


def _smooth(
    rng: np.random.Generator, frames: int, sigma: float, shape: tuple[int, ...] = ()
) -> NDArray[np.float64]:
    """Smooth random curves (frames, *shape) of spread 1."""
    around = int(4 * sigma) + 1
    noise = rng.standard_normal((frames + 2 * around, *shape))
    curve = gaussian_filter1d(noise, sigma, axis=0)[around : around + frames]
    return np.asarray(curve * np.sqrt(2 * sigma * np.sqrt(np.pi)))


class _Grain:
    """Small random displacements, a part of one large field for each frame."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        shape = (SECTOR[0] + _SLACK, SECTOR[1] + _SLACK)
        size = rng.uniform(1.5, 2.5)  # as large as the grain of speckle, which then stays grain
        self._field = displacements(shape, size, rng)

    def part(self, shape: tuple[int, int]) -> _Real:
        """(rows, columns, 2) displacements of spread 1."""
        y, x = self._rng.integers(_SLACK, size=2)
        return self._field[y : y + shape[0], x : x + shape[1]]


class _Pulse:
    """What the beating heart, or a vessel, does to the picture around it."""

    def __init__(self, strength: NDArray[np.float64], fps: int, rng: np.random.Generator) -> None:
        start, rate = 2 * np.pi * rng.random(), rng.uniform(*_PULSE_HZ)
        self._push = strength * np.sin(start + 2 * np.pi * rate * np.arange(len(strength)) / fps)
        self._centre = rng.uniform(-0.2, 0.2, 2) * SECTOR[::-1]
        self._size = rng.uniform(*_PULSE_SIZE)
        way = rng.uniform(0, 2 * np.pi)
        self._along = np.array([np.cos(way), np.sin(way)], np.float32)

    def at(self, i: int, x: _Real, y: _Real) -> _Real:
        """(rows, columns, 2) displacements at places x, y from the canvas' middle."""
        away = ((x - self._centre[0]) ** 2 + (y - self._centre[1]) ** 2) / self._size**2
        push = (self._push[i] * np.exp(-away / 2)).astype(np.float32)
        return np.asarray(push[..., None] * self._along, np.float32)


class _View:
    """A source under the probe's motion during one look, and a fade beyond it.

    Everything that changes the source is multiplied by how far the view strays from a hold.
    """

    def __init__(
        self,
        look: _SeenSource,
        script: Script,
        cast: Cast,
        grain: _Grain,
        rng: np.random.Generator,
    ) -> None:
        self._look, self._grain = look, grain
        fps = script.fps
        frames = look.end - look.start + round(_FADE_S * fps) + 1
        hold = script.hold[look.start : look.end].astype(np.float64)
        hold = np.pad(hold, (0, frames - len(hold)), mode="edge")
        stray = 1 - hold
        height, width = look.source.pictures.shape[1:]
        size = np.array([width, height], float)
        slow = 1.2 * fps
        far = 2.2 if look.lost else 1.0
        self._stray = stray
        # A hand, and the fetus under it, are never as still as a frozen screen.
        alive = (stray / _STILLEST).clip(0, 1)
        tremor = _TREMOR * alive[:, None] * _smooth(rng, frames, _TREMOR_S * fps, (2,))
        pan = tremor + stray[:, None] * far * 0.14 * _smooth(rng, frames, slow, (2,))
        offset = rng.uniform(-0.3, 0.3, 2) if look.lost else np.zeros(2)
        self._centre = size / 2 + (offset + pan) * size
        self._mirror = -1 if look.lost and rng.random() < 0.5 else 1
        turn = rng.uniform(-180, 180) if look.lost else 0.0
        swing = (0.8 * np.sqrt(stray) + 14 * far * stray) * _smooth(rng, frames, slow)
        self._turn = np.deg2rad(turn + swing)
        fit = max(height / SECTOR[0], width / SECTOR[1])
        base = rng.uniform(1.5, 3.5) if look.lost else rng.uniform(1.0, 1.2)
        zoom = base * np.exp(0.13 * stray * _smooth(rng, frames, slow))
        self._scale = fit / zoom
        unit = SECTOR[0] / 224  # the lengths below are in pixels of SonoNet's input
        bend = (10 * far * stray)[:, None, None, None] * fit * unit
        self._bend = (bend * _smooth(rng, frames, 0.8 * fps, (4, 5, 2))).astype(np.float32)
        self._pulse = _Pulse(_PULSE * fit * alive, fps, rng)
        wave = 0.6 + 0.4 * np.abs(_smooth(rng, frames, slow))
        self._blur = unit * (0.25 * stray + 2.2 * stray**1.5 * wave)
        self._beside = (0.85 * stray**1.3).clip(0, 0.85)
        self._aside = cast.asides[int(rng.integers(len(cast.asides)))]
        self._place = rng.uniform(0.3, 0.7, 2) + 0.1 * _smooth(rng, frames, slow, (2,))
        self._order = _playback(len(look.source.pictures), frames, rng)
        drift = pan - tremor
        moved = np.abs(np.diff(drift, axis=0, prepend=drift[:1])).sum(axis=1) * fps
        self._stirred = _STIRRED * fit * stray * (2.5 * moved + 0.3 * stray).clip(0, 1)

    def at(self, t: int) -> Picture:
        i = min(t - self._look.start, len(self._turn) - 1)
        source = self._look.source.pictures[self._order[i]]
        step = 2 if self._stray[i] > _COARSE_FROM else 1
        picture = cv2.remap(source, self._places(i, step), None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
        if self._blur[i] > 0.4 * step:
            picture = cv2.GaussianBlur(picture, (0, 0), self._blur[i] / step)
        if step > 1:
            picture = cv2.resize(picture, SECTOR[::-1], interpolation=cv2.INTER_LINEAR)
        if self._beside[i] > 0.01:
            picture = cv2.addWeighted(
                picture, 1 - self._beside[i], self._from_aside(i), self._beside[i], 0
            )
        return np.asarray(picture, np.uint8)

    def _places(self, i: int, step: int) -> _Real:
        """(rows, columns, 2) place in the source, x and y, of every `step`-th pixel."""
        rows, columns = SECTOR[0] // step, SECTOR[1] // step
        wide, high = columns // _GRID + 2, rows // _GRID + 2  # a block more at each rim
        x, y = np.meshgrid(_centres(wide, step, SECTOR[1]), _centres(high, step, SECTOR[0]))
        pulse = self._pulse.at(i, x, y)
        x, y = x * np.float32(self._scale[i] * self._mirror), y * np.float32(self._scale[i])
        bend = cv2.resize(self._bend[i], (wide, high), interpolation=cv2.INTER_CUBIC)
        cos, sin = np.float32(np.cos(self._turn[i])), np.float32(np.sin(self._turn[i]))
        centre = self._centre[i].astype(np.float32) - np.float32(0.5)
        grid = np.stack([cos * x - sin * y, sin * x + cos * y], axis=2) + centre + bend + pulse
        large = cv2.resize(grid.astype(np.float32), (wide * _GRID, high * _GRID))
        places = large[_GRID : _GRID + rows, _GRID : _GRID + columns]
        if self._stirred[i] > 0.05:
            places = cv2.scaleAdd(self._grain.part((rows, columns)), self._stirred[i], places)
        return np.ascontiguousarray(places, np.float32)

    def _from_aside(self, i: int) -> Picture:
        """A blurred corner of another source."""
        source = self._aside.pictures[0]
        height, width = source.shape
        rows, columns = max(height // 2, 8), max(width // 2, 8)
        y = int(np.clip(self._place[i, 1] * height - rows / 2, 0, height - rows))
        x = int(np.clip(self._place[i, 0] * width - columns / 2, 0, width - columns))
        small = (SECTOR[1] // _ASIDE, SECTOR[0] // _ASIDE)
        corner = cv2.resize(source[y : y + rows, x : x + columns], small)
        return np.asarray(cv2.resize(corner, SECTOR[::-1]), np.uint8)


def _centres(count: int, step: int, length: int) -> _Real:
    """Middles of `count` blocks, the first beyond the rim, as distances from the canvas' middle."""
    blocks = (np.arange(count) - 0.5) * _GRID * step
    return (blocks - length / 2).astype(np.float32)


def _playback(length: int, frames: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The picture of a source at each frame: forward and back again, from a random start."""
    there_and_back = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
    return there_and_back[(int(rng.integers(length)) + np.arange(frames)) % len(there_and_back)]


class _Light:
    """Contact with the skin, which is poor while the probe is on its way, and electronic noise."""

    def __init__(self, script: Script, rng: np.random.Generator) -> None:
        frames, fps = script.frame_count, script.fps
        self._rng = rng
        stray = 1 - script.hold.astype(np.float64)
        self._gain = 1 - stray * (0.3 + 0.1 * _smooth(rng, frames, 2.0 * fps))
        self._dark = stray * (0.45 * _smooth(rng, frames, 4.0 * fps)).clip(0, 0.7)
        self._place = 0.3 * SECTOR[1] * _smooth(rng, frames, 3.0 * fps)
        spread = rng.uniform(0.4, 1.2)
        shape = (SECTOR[0] + _SLACK, SECTOR[1] + _SLACK)
        self._noise = np.rint(spread * rng.standard_normal(shape)).astype(np.int8)
        self._across = np.arange(SECTOR[1], dtype=np.float32) - np.float32(SECTOR[1] / 2)

    def at(self, t: int, picture: Picture) -> Picture:
        if self._gain[t] < 0.99 or self._dark[t] > 0.02:
            light = np.full(SECTOR[1], self._gain[t], np.float32)
            if self._dark[t] > 0.02:
                away = (self._across - np.float32(self._place[t])) / np.float32(46)
                light *= 1 - np.float32(self._dark[t]) * np.exp(-(away**2))
            rows = np.broadcast_to(light, picture.shape)
            picture = np.asarray(cv2.multiply(picture, rows, dtype=cv2.CV_8U), np.uint8)
        y, x = self._rng.integers(_SLACK, size=2)
        noise = self._noise[y : y + SECTOR[0], x : x + SECTOR[1]]
        return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)
