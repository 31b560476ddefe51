"""What happens when in a simulated exam: searching, plane after plane, freezes, probe motion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from usummary.phantom.planes import BETWEEN, PLANES

Kind = Literal["searching", "live", "frozen"]
FloatTrack = NDArray[np.float32]

_VISITS = 20
"""Visits to a plane that an exam of ordinary length has room for."""
_SHORTEST_VISIT_S, _LONGEST_VISIT_S = 10.5, 30.0
_FREEZE_S = (1.5, 6.0)


@dataclass(frozen=True, slots=True)
class FrameRange:
    """A half-open range of frames in which one thing goes on; `plane` indexes `PLANES`."""

    kind: Kind
    start: int
    end: int
    plane: int | None


@dataclass(frozen=True, slots=True)
class Visit:
    """One plane sought, shown and mostly frozen.

    Attributes:
        plane: Index in `PLANES`.
        start: First frame of the search for it.
        turn: Degrees by which the fetus lies turned.
        mirrored: It faces the other way.
    """

    plane: int
    start: int
    turn: float
    mirrored: bool


@dataclass(frozen=True)
class Tracks:
    """Smooth curves, one value for each frame.

    Attributes:
        visit: Which visit's anatomy is near the probe.
        presence: How much of that anatomy's plane is in the cut, 0 to 1.
        between: Position along the cuts met while searching.
        surroundings: Position along the surroundings of the visits.
        x, y: Shift of the fetus, shares of the depth.
        turn: Degrees.
        zoom: Size factor.
        grain: Phase of the speckle; it runs with every motion.
    """

    visit: NDArray[np.int64]
    presence: FloatTrack
    between: FloatTrack
    surroundings: FloatTrack
    x: FloatTrack
    y: FloatTrack
    turn: FloatTrack
    zoom: FloatTrack
    grain: FloatTrack


@dataclass(frozen=True)
class PhantomScript:
    """The course of one exam."""

    seed: int
    fps: int
    frame_count: int
    visits: tuple[Visit, ...]
    intervals: tuple[FrameRange, ...]
    between_order: tuple[int, ...]

    @cached_property
    def source(self) -> NDArray[np.int64]:
        """The frame whose picture each frame shows: itself, or where its freeze began."""
        shown = np.arange(self.frame_count)
        for interval in self.intervals:
            if interval.kind == "frozen":
                shown[interval.start : interval.end] = interval.start
        return shown

    @cached_property
    def tracks(self) -> Tracks:
        """The motion, from the script's own seed."""
        return _move(self)


def write_script(minutes: float, seed: int, fps: int) -> PhantomScript:
    """A randomised order of visits filling `minutes`; all planes come before any comes again."""
    rng = np.random.default_rng(seed)
    total = max(1, round(minutes * 60 * fps))
    seconds = total / fps
    length = min(float(np.clip(seconds / _VISITS, _SHORTEST_VISIT_S, _LONGEST_VISIT_S)), seconds)
    visits: list[Visit] = []
    intervals: list[FrameRange] = []
    order: list[int] = []
    now = 0
    while total - now >= 0.8 * length * fps or not visits:
        order = order or rng.permutation(len(PLANES)).tolist()
        visit = _make_visit(order.pop(), now, rng)
        visits.append(visit)
        for kind, lasts in _sections(length, rng, must_freeze=len(visits) == 1):
            end = min(total, now + round(lasts * fps))
            if end > now:
                intervals.append(
                    FrameRange(kind, now, end, None if kind == "searching" else visit.plane)
                )
            now = end
    if now < total:
        intervals.append(FrameRange("searching", now, total, None))
    between = tuple(rng.permutation(len(BETWEEN)).tolist())
    return PhantomScript(seed, fps, total, tuple(visits), tuple(intervals), between)


def _make_visit(plane: int, start: int, rng: np.random.Generator) -> Visit:
    return Visit(plane, start, rng.normal(0, 12), bool(rng.random() < 0.5))


def _sections(
    length: float, rng: np.random.Generator, *, must_freeze: bool
) -> list[tuple[Kind, float]]:
    """What one visit consists of, in seconds; about two fifths of it are searching."""
    longest = min(_FREEZE_S[1], max(_FREEZE_S[0] * 1.3, 0.25 * length))
    search, dwell, tail = rng.uniform(0.3, 0.48), rng.uniform(0.22, 0.36), rng.uniform(0.05, 0.15)
    sections: list[tuple[Kind, float]] = [("searching", search * length), ("live", dwell * length)]
    freezes = int(rng.choice([0, 1, 2], p=[0.12, 0.68, 0.2])) if length > 12 else 1
    for _ in range(max(freezes, int(must_freeze))):
        sections.append(("frozen", rng.uniform(_FREEZE_S[0], longest)))
        sections.append(("live", tail * length))
    return sections


def _wander(rng: np.random.Generator, frames: int, sigma: float) -> FloatTrack:
    """A smooth random curve of unit spread."""
    curve = gaussian_filter1d(rng.standard_normal(frames + int(8 * sigma)), sigma)
    inner = curve[int(4 * sigma) : int(4 * sigma) + frames]
    scaled: FloatTrack = (inner * np.sqrt(2 * sigma * np.sqrt(np.pi))).astype(np.float32)
    return scaled


def _move(script: PhantomScript) -> Tracks:
    rng = np.random.default_rng(script.seed + 1)
    fps, frames = script.fps, script.frame_count
    searching = np.zeros(frames)
    presence = np.zeros(frames)
    visit = np.zeros(frames, np.int64)
    for number, a_visit in enumerate(script.visits):
        visit[a_visit.start :] = number
    for interval in script.intervals:
        span = slice(interval.start, interval.end)
        if interval.kind == "searching":
            searching[span] = 1
            _cross(interval, visit, presence, fps, ends=interval.end == frames)
        else:
            presence[span] = 1
    effort = gaussian_filter1d(searching, 0.4 * fps) * 0.9 + 0.1
    paces = [_wander(rng, frames, sigma * fps) for sigma in (1.1, 1.3, 1.0, 1.4)]
    leap = np.array([v.turn for v in script.visits])[visit]
    visible = np.clip(presence, 0, 1).astype(np.float32)
    return Tracks(
        visit=visit,
        presence=visible,
        between=np.cumsum((0.02 + 0.5 * effort) / fps).astype(np.float32),
        surroundings=gaussian_filter1d(visit.astype(np.float64), 0.5 * fps).astype(np.float32),
        x=(0.13 * paces[0] * effort).astype(np.float32),
        y=(0.06 * paces[1] * effort).astype(np.float32),
        turn=(leap + 16 * paces[2] * effort).astype(np.float32),
        zoom=(1 + 0.09 * paces[3] * effort).astype(np.float32),
        grain=np.cumsum((0.8 + 7 * effort) / fps).astype(np.float32),
    )


def _cross(
    search: FrameRange,
    visit: NDArray[np.int64],
    presence: NDArray[np.float64],
    fps: int,
    *,
    ends: bool,
) -> None:
    """During a search the last plane fades, then nothing known is seen, then the next appears."""
    length = search.end - search.start
    fade = max(1, min(int(1.2 * fps), int(0.35 * length)))
    gone = np.clip(1 - np.arange(1, fade + 1) / fade, 0, 1)
    if search.start > 0:
        presence[search.start : search.start + fade] = gone
        if visit[search.start] > 0 and not ends:
            visit[search.start : search.start + fade] -= 1
    if not ends:
        presence[search.end - fade : search.end] = gone[::-1]
