"""A simulated exam frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from usummary.phantom.planes import BETWEEN, HEART_PHASES, PLANES, Plane, cuts
from usummary.phantom.scanner import Fan, FetalLie, Probe
from usummary.phantom.screen import MadeUpPatient, Screen, draw_caliper, measured
from usummary.phantom.script import FrameRange, PhantomScript
from usummary.types import Picture

_BEATS_PER_S = 2.4


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on screen in one frame; `picture` is I420 (3 H / 2, W) and reused for the next."""

    index: int
    interval: FrameRange
    picture: Picture


class SimulatedExam:
    """Draws the frames of a script."""

    def __init__(self, script: PhantomScript, width: int, height: int) -> None:
        self.script = script
        self.width, self.height = width, height
        self.fan = Fan.on_screen(width, height)
        self._box = self.fan.box
        self.patient = MadeUpPatient.made_up(script.seed)
        self._screen = Screen(width, height, self.fan, self.patient)
        self._probe = Probe(self.fan, script.seed + 3)
        self._between = [cuts(plane)[0] for plane in BETWEEN]
        self._cuts = lru_cache(maxsize=3)(cuts)
        self._clock = lru_cache(maxsize=2)(self._screen.clock)

    def frames(self) -> Iterator[Shown]:
        """Every frame in order."""
        for interval in self.script.intervals:
            if interval.kind == "frozen":
                yield from self._frozen(interval)
            else:
                yield from self._moving(interval)

    def depth_cm(self, frame: int) -> float:
        """Depth that the scanner is set to at a frame."""
        return self._plane(frame).depth_cm

    def _moving(self, interval: FrameRange) -> Iterator[Shown]:
        canvas, plane = None, None
        for index in range(interval.start, interval.end):
            if canvas is None or self._plane(index) is not plane:
                plane = self._plane(index)
                canvas = self._screen.draw(plane, frozen=False)
                chrome = canvas.copy()
            self._paste(canvas, chrome, index)
            self._tick(canvas, index)
            yield Shown(index, interval, canvas)

    def _frozen(self, interval: FrameRange) -> Iterator[Shown]:
        plane, view = self._plane(interval.start), self._view(interval.start)
        stages = 2 * len(plane.calipers) + 1
        last = -1
        for index in range(interval.start, interval.end):
            share = (index - interval.start) / (interval.end - interval.start)
            stage = min(stages - 1, int(share * 1.4 * stages))
            if stage != last:
                last, done = stage, plane.calipers[: stage // 2]
                results = tuple(measured(c, plane.depth_cm, view) for c in done)
                canvas = self._screen.draw(plane, frozen=True, results=results)
                self._paste(canvas, canvas.copy(), interval.start)
                for number, caliper in enumerate(plane.calipers[: (stage + 1) // 2]):
                    whole = number < len(done)
                    draw_caliper(canvas, caliper, plane, self.fan, view, whole=whole)
            self._tick(canvas, index)
            yield Shown(index, interval, canvas)

    def _plane(self, index: int) -> Plane:
        tracks = self.script.tracks
        return PLANES[self.script.visits[int(tracks.visit[index])].plane]

    def _view(self, index: int) -> FetalLie:
        tracks = self.script.tracks
        visit = self.script.visits[tracks.visit[index]]
        return FetalLie(
            float(tracks.x[index]),
            float(tracks.y[index]),
            float(tracks.turn[index]),
            float(tracks.zoom[index]),
            visit.mirrored,
        )

    def _paste(self, canvas: Picture, chrome: Picture, index: int) -> None:
        tracks = self.script.tracks
        picture = self._probe.picture(
            self._cut(index),
            self._view(index),
            float(tracks.surroundings[index]),
            float(tracks.grain[index]),
        )
        np.maximum(picture, self._box.crop(chrome), out=self._box.crop(canvas))

    def _cut(self, index: int) -> Picture:
        """What lies in the scanned plane: the plane sought, something else, or between the two."""
        tracks = self.script.tracks
        presence = float(tracks.presence[index])
        drawn = self._cuts(self._plane(index))
        beat = index / self.script.fps * _BEATS_PER_S * HEART_PHASES
        plane = drawn[int(beat) % len(drawn)]
        if presence >= 0.999:
            return plane
        place = float(tracks.between[index])
        first, mix = int(place), place - int(place)
        mix = min(1.0, max(0.0, 2 * mix - 0.5))
        order = self.script.between_order
        one, two = (self._between[order[(first + step) % len(order)]] for step in (0, 1))
        other = cv2.addWeighted(one, 1 - mix, two, mix, 0)
        if presence > 0.001:
            other = cv2.addWeighted(plane, presence, other, 1 - presence, 0)
        return other.astype(np.uint8, copy=False)

    def _tick(self, canvas: Picture, index: int) -> None:
        box, clock = self._clock(index // self.script.fps)
        box.crop(canvas)[:] = clock
