"""The course of a composed recording: visits, how still the probe is held, saves.

The labels of a real screening timeline come from captions that the sonographer typed. They say
which plane was visited and when an image was saved, but not how the probe moved; that is drawn at
random here. Each visit is approached and left. Now and then the probe is held for a moment; before
a save it is held longer and more still, as a sonographer does for a sharp image. The two kinds of
holds overlap in length and stillness, so that neither gives a save away.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from usummary.training.composing.pictures import SAVE_LABEL_S, TIMELINE_RATE, RealCourse

_SHORTEST_VISIT_S = 0.5
_HOLD_EVERY_S = 30.0
"""Time between holds without a save: about one for each hold with a save, because timelines for
training and validation have a save every 42 s of labelled time."""
_GLIMPSE_EVERY_S = 12.0
_RAMP_S = 0.5
_BEST_HOLD = 0.985
"""Nobody holds a probe perfectly still (1.0)."""
_VIEW_BEFORE_SAVE_S = 2.5
"""A visit begins this long before its save at the latest, even if the caption was typed later."""

Curve = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LabelledRange:
    """A half-open range of frames with one label: a plane, another structure, or "" (searching)."""

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Save:
    """An image was saved at this frame, of what the label names ("" if nobody knows)."""

    frame: int
    label: str


@dataclass(frozen=True)
class Script:
    """The course of one composed recording.

    Attributes:
        operator: Operator whose timeline it follows.
        fps: Frames per second.
        visits: Visits from frame 0 to the last frame, without gaps.
        saves: Saves in the order of their frames.
        hold: (n,) how well the visit's view is held: 0 out of sight, 1 perfectly still.
        doppler: (n,) bool, colour Doppler is on.
    """

    operator: str
    fps: int
    visits: tuple[LabelledRange, ...]
    saves: tuple[Save, ...]
    hold: Curve
    doppler: NDArray[np.bool_]

    @property
    def frame_count(self) -> int:
        return len(self.hold)


def write_script(
    timeline: RealCourse,
    rng: np.random.Generator,
    *,
    fps: int,
    start_s: float = 0.0,
    minutes: float | None = None,
) -> Script:
    """The script of a stretch of a timeline.

    Args:
        timeline: Labels and saves at `TIMELINE_RATE`.
        rng: Draws how the probe is held.
        fps: Frames per second of the recording.
        start_s: Start of the stretch.
        minutes: Length of the stretch; None or too long: to the timeline's end.
    """
    first = round(start_s * TIMELINE_RATE)
    last = len(timeline.labels)
    if minutes is not None:
        last = min(last, first + round(minutes * 60 * TIMELINE_RATE))
    saves = [(at - first, label) for at, label in timeline.saves() if first <= at < last]
    labels = _filled(list(timeline.labels[first:last]), saves, rng)
    scale = fps / TIMELINE_RATE
    count = round(len(labels) * scale)
    visits = tuple(
        LabelledRange(label, round(start * scale), min(round(end * scale), count))
        for label, start, end in _runs(labels)
    )
    kept = tuple(Save(min(round(at * scale), count - 1), label) for at, label in saves)
    hold = np.zeros(count, np.float64)
    for visit in visits:
        mine = [save.frame for save in kept if visit.start <= save.frame < visit.end]
        hold[visit.start : visit.end] = _held(visit, mine, rng, fps)
    smooth = gaussian_filter1d(hold, 0.15 * fps).clip(0, 1).astype(np.float32)
    places = np.minimum((np.arange(count) / scale).astype(int), len(labels) - 1)
    return Script(
        timeline.operator, fps, visits, kept, smooth, timeline.doppler[first:last][places]
    )


def _filled(labels: list[str], saves: list[tuple[int, str]], rng: np.random.Generator) -> list[str]:
    """The labels with captions restored that vanished for a blink or for a save."""
    shortest = round(SAVE_LABEL_S * TIMELINE_RATE)
    for label, start, end in _runs(labels):
        inside = start > 0 and end < len(labels) and labels[start - 1] == labels[end % len(labels)]
        if not label and end - start <= shortest and inside:
            labels[start:end] = [labels[start - 1]] * (end - start)
    before = 0
    for at, label in saves:
        since = max(at - round(_VIEW_BEFORE_SAVE_S * TIMELINE_RATE), before)
        until = min(at + round(rng.uniform(0.4, 1.2) * TIMELINE_RATE), len(labels))
        labels[since : at + 1] = [label] * (at + 1 - since)
        labels[at + 1 : until] = [old or label for old in labels[at + 1 : until]]
        before = at + 1
    for label, start, end in _runs(labels):
        if start and label and end - start < _SHORTEST_VISIT_S * TIMELINE_RATE:
            labels[start:end] = [labels[start - 1]] * (end - start)
    return labels


def _runs(labels: list[str]) -> list[tuple[str, int, int]]:
    """Label, start and end of each run."""
    edges = [0, *(i for i in range(1, len(labels)) if labels[i] != labels[i - 1]), len(labels)]
    return [(labels[a], a, b) for a, b in itertools.pairwise(edges)]


def _held(
    visit: LabelledRange, saves: list[int], rng: np.random.Generator, fps: int
) -> NDArray[np.float64]:
    """How well one visit's view is held, frame by frame."""
    length = visit.end - visit.start
    seconds = length / fps
    if not visit.label:
        curve = np.zeros(length)
        for _ in range(rng.poisson(seconds / _GLIMPSE_EVERY_S)):
            _bump(
                curve,
                rng.uniform(0, length),
                rng.uniform(0.4, 1.2) * fps,
                rng.uniform(0.3, 0.6),
                fps,
            )
        return curve
    wander = gaussian_filter1d(rng.standard_normal(length + 8 * fps), fps)[
        4 * fps : 4 * fps + length
    ]
    curve = (0.45 + 0.45 * wander).clip(0.1, 0.75)
    for _ in range(rng.poisson(seconds / _HOLD_EVERY_S)):
        lasts = float(np.clip(rng.lognormal(np.log(2.2), 0.5), 0.6, 8.0)) * fps
        _bump(curve, rng.uniform(0, length), lasts, rng.uniform(0.75, 0.97), fps)
    curve *= _come_and_go(length, rng, fps)
    for save in saves:
        lasts = float(np.clip(rng.lognormal(np.log(3.5), 0.5), 1.2, 9.0)) * fps
        end = save - visit.start + 0.2 * fps
        _bump(curve, end - lasts / 2, lasts, rng.uniform(0.9, _BEST_HOLD), fps)
    return curve


def _bump(curve: NDArray[np.float64], middle: float, lasts: float, level: float, fps: int) -> None:
    """Raises `curve` to `level` for `lasts` frames around `middle`, with ramps outside."""
    away = np.abs(np.arange(len(curve)) - middle) - lasts / 2
    ramp = max(min(_RAMP_S * fps, lasts), 1.0)
    np.maximum(curve, level * (1 - away / ramp).clip(0, 1), out=curve)


def _come_and_go(length: int, rng: np.random.Generator, fps: int) -> NDArray[np.float64]:
    """Ramps at both ends of a visit, each at most a third of it."""
    place = np.arange(length)
    come = min(rng.uniform(0.5, 2.5) * fps, length / 3) + 1
    leave = min(rng.uniform(0.3, 1.0) * fps, length / 3) + 1
    coming, leaving = (place + 1) / come, (length - place) / leave
    return np.asarray(np.minimum(coming, leaving).clip(0, 1), np.float64)
