"""The moving picture of a composed recording: stills and clips seen through a hand-held probe.

While the script says that a view is held, its picture is almost still. Otherwise it strays, turns,
bends, blurs and gives way to pictures of structures beside the plane. Pictures are made about as
large as networks see them, and are enlarged for the screen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from usummary.training.composing.clips import CANVAS
from usummary.training.composing.pictures import OTHER, Source
from usummary.training.composing.script import LabelledRange, Script
from usummary.types import Picture

_Real = NDArray[np.float32]
_FADE_S = 0.35
"""Duration of the fade from one view to the next."""
_LOOK_S = (2.0, 6.0)
"""While searching, each view lasts between these many seconds."""
_COARSE = 4
"""Pictures beside a plane are blurred anyway, so they are made at a fraction of the resolution."""

_DOWN = np.arange(CANVAS[0], dtype=np.float32)[:, None] - np.float32(CANVAS[0] / 2)
_ACROSS = np.arange(CANVAS[1], dtype=np.float32) - np.float32(CANVAS[1] / 2)


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
    """The sector's pictures (224, 288) uint8, one per frame, without the sector's outline.

    Args:
        script: The course of the recording.
        cast: Its source pictures.
        rng: Draws every motion.
        frozen: (n,) the frame whose picture each frame shows; None: its own.
    """
    light = _Light(script, rng)
    shown: Picture | None = None
    before: _View | None = None
    for look in _looks(script, cast, rng):
        view = _View(look, script, cast, rng)
        for t in range(look.start, look.end):
            if frozen is not None and frozen[t] != t and shown is not None:
                yield shown
                continue
            picture = view.at(t)
            fade = (t - look.start + 1) / (_FADE_S * script.fps)
            if before is not None and fade < 1:
                faded = cv2.addWeighted(picture, fade, before.at(t), 1 - fade, 0)
                picture = np.asarray(faded, np.uint8)
            shown = light.at(t, picture, view.change[t - look.start])
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


class _View:
    """A source under the probe's motion during one look, and a fade beyond it.

    `change` (frames,) is how much each picture differs from the one before, 0 to 1: the faster the
    probe, the quicker the speckle changes.
    """

    def __init__(
        self, look: _SeenSource, script: Script, cast: Cast, rng: np.random.Generator
    ) -> None:
        self._look = look
        fps = script.fps
        frames = look.end - look.start + round(_FADE_S * fps) + 1
        hold = script.hold[look.start : look.end].astype(np.float64)
        hold = np.pad(hold, (0, frames - len(hold)), mode="edge")
        stray = 1 - hold
        height, width = look.source.pictures.shape[1:]
        size = np.array([width, height], float)
        slow, quick = 1.2 * fps, 0.4 * fps
        far = 2.2 if look.lost else 1.0
        self._mirror = 1 if rng.random() < 0.5 else -1
        tremor = 0.006 * _smooth(rng, frames, quick, (2,))
        pan = tremor + stray[:, None] * far * 0.14 * _smooth(rng, frames, slow, (2,))
        offset = rng.uniform(-1, 1, 2) * (0.3 if look.lost else 0.03)
        self._centre = size / 2 + (offset + pan) * size
        turn = rng.uniform(-180, 180) if look.lost else rng.uniform(-12, 12)
        swing = (0.8 + 14 * far * stray) * _smooth(rng, frames, slow)
        self._turn = np.deg2rad(turn + swing)
        fit = max(height / CANVAS[0], width / CANVAS[1])
        base = rng.uniform(1.5, 3.5) if look.lost else rng.uniform(0.85, 1.2)
        zoom = base * np.exp((0.01 + 0.12 * stray) * _smooth(rng, frames, slow))
        self._scale = fit / zoom
        bend = (0.8 + 9 * far * stray)[:, None, None, None] * fit
        self._bend = (bend * _smooth(rng, frames, 0.8 * fps, (4, 5, 2))).astype(np.float32)
        self._blur = 0.25 + 2.2 * stray**1.5 * (0.6 + 0.4 * np.abs(_smooth(rng, frames, slow)))
        self._beside = (0.85 * stray**1.3).clip(0, 0.85)
        self._aside = cast.asides[int(rng.integers(len(cast.asides)))]
        self._place = rng.uniform(0.3, 0.7, 2) + 0.1 * _smooth(rng, frames, slow, (2,))
        self._order = _playback(len(look.source.pictures), frames, rng)
        moved = np.abs(np.diff(pan, axis=0, prepend=pan[:1])).sum(axis=1) * fps
        self.change = (0.05 + 2.5 * moved + 0.3 * stray).clip(0, 1)

    def at(self, t: int) -> Picture:
        i = min(t - self._look.start, len(self._turn) - 1)
        source = self._look.source.pictures[self._order[i]]
        picture = cv2.remap(source, *self._maps(i), cv2.INTER_LINEAR)
        if self._blur[i] > 0.4:
            picture = cv2.GaussianBlur(picture, (0, 0), self._blur[i])
        if self._beside[i] > 0.04:
            picture = cv2.addWeighted(
                picture, 1 - self._beside[i], self._from_aside(i), self._beside[i], 0
            )
        return np.asarray(picture, np.uint8)

    def _maps(self, i: int) -> tuple[_Real, _Real]:
        x = _ACROSS * np.float32(self._scale[i] * self._mirror)
        y = _DOWN * np.float32(self._scale[i])
        bend = cv2.resize(self._bend[i], CANVAS[::-1], interpolation=cv2.INTER_CUBIC)
        cos, sin = np.float32(np.cos(self._turn[i])), np.float32(np.sin(self._turn[i]))
        cx, cy = self._centre[i].astype(np.float32)
        return cos * x - sin * y + (cx + bend[..., 0]), sin * x + cos * y + (cy + bend[..., 1])

    def _from_aside(self, i: int) -> Picture:
        """A blurred corner of another source."""
        source = self._aside.pictures[0]
        height, width = source.shape
        rows, columns = max(height // 2, 8), max(width // 2, 8)
        y = int(np.clip(self._place[i, 1] * height - rows / 2, 0, height - rows))
        x = int(np.clip(self._place[i, 0] * width - columns / 2, 0, width - columns))
        small = (CANVAS[1] // _COARSE, CANVAS[0] // _COARSE)
        corner = cv2.resize(source[y : y + rows, x : x + columns], small)
        return np.asarray(cv2.resize(corner, CANVAS[::-1]), np.uint8)


def _playback(length: int, frames: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The picture of a source at each frame: forward and back again, from a random start."""
    there_and_back = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
    return there_and_back[(int(rng.integers(length)) + np.arange(frames)) % len(there_and_back)]


class _Light:
    """Gain, depth gain, a shadow and speckle.

    Speckle is a weighted sum of two places of one large field, so that it decorrelates as fast as
    the picture changes and costs two looks into memory.
    """

    _SLACK = 96

    def __init__(self, script: Script, rng: np.random.Generator) -> None:
        frames, fps = script.frame_count, script.fps
        self._rng = rng
        visit_gain = np.concatenate(
            [np.full(v.end - v.start, rng.uniform(0.8, 1.2)) for v in script.visits]
        )
        self._gain = gaussian_filter1d(visit_gain, 0.3 * fps) * (
            1 + 0.05 * _smooth(rng, frames, 2.0 * fps)
        )
        self._gain *= 0.7 + 0.3 * script.hold  # contact is poor where the probe is on its way
        self._dark = (0.45 * _smooth(rng, frames, 4.0 * fps) - 0.2).clip(0, 0.7)
        self._place = 0.3 * CANVAS[1] * _smooth(rng, frames, 3.0 * fps)
        depth = np.linspace(-1, 1, CANVAS[0], dtype=np.float32)[:, None]
        self._depth = (1 + np.float32(rng.uniform(-0.25, 0.15)) * depth).astype(np.float32)
        grain = rng.uniform(0.7, 1.3)
        shape = (CANVAS[0] + self._SLACK, CANVAS[1] + self._SLACK)
        field = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (0, 0), grain)
        spread = rng.uniform(0.08, 0.16)  # a blurred field of unit spread has 1 / 2 sqrt(pi) grain
        self._field: _Real = np.asarray(field * (spread * 2 * np.sqrt(np.pi) * grain), np.float32)
        self._speckle: _Real = self._noise().copy()

    def _noise(self) -> _Real:
        y, x = self._rng.integers(self._SLACK, size=2)
        return self._field[y : y + CANVAS[0], x : x + CANVAS[1]]

    def at(self, t: int, picture: Picture, change: float) -> Picture:
        memory = float(np.sqrt(1 - min(change, 0.95)))
        fresh = float(np.sqrt(1 - memory**2))
        mixed = cv2.addWeighted(self._speckle, memory, self._noise(), fresh, 0)
        self._speckle = np.asarray(mixed, np.float32)
        light = self._depth * np.float32(self._gain[t])
        if self._dark[t] > 0.02:
            aside = (_ACROSS - np.float32(self._place[t])) / np.float32(22)
            light = light * (1 - np.float32(self._dark[t]) * np.exp(-(aside**2)))
        lit = cv2.multiply(picture, light * (1 + self._speckle), dtype=cv2.CV_32F)
        return np.asarray(cv2.convertScaleAbs(lit), np.uint8)
