"""Composed exams: composed clips played along a real screening timeline, kept as features.

The timeline says what was looked at, for how long, and where an image was saved. Every plane of an
exam is played by one picture of the same part of the split. Of most planes there is no picture:
another still plays them, and `ComposedExam.pictured` says where that is not so. Between planes the
probe searches: far corners, blur, other clips. At a save the picture stands still for one clip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from usummary.errors import UnreadableFile
from usummary.training.compose import LOST, STEADY, WANDERING, Motion, compose, shrink
from usummary.training.dataset import (
    SAMPLE_RATE,
    TIMELINE_RATE,
    Source,
    Timeline,
    one_of_each_save,
)
from usummary.types import BACKGROUND, STANDARD_PLANES, Picture

Look = Callable[[Picture], tuple[NDArray[Any], ...]]

CLIP_LENGTH = 16
_LONGEST = 6
"""Clips of one smooth motion."""
_LABELS_PER_CLIP = CLIP_LENGTH / SAMPLE_RATE * TIMELINE_RATE


@dataclass(frozen=True)
class ComposedExam:
    """Features of T composed clips and what they show.

    Attributes:
        maps: (T, C, h, w) float16.
        steps: (T, s, C) float32.
        planes: (T, K) float32 plane probabilities.
        shown: (T,) plane by the timeline: -1 for Background, else a position in `STANDARD_PLANES`.
        pictured: (T,) bool, the shown plane is played by a picture of that plane.
        saved: (T,) bool, a freeze-frame falls into the clip; all False without usable labels.
    """

    maps: NDArray[np.float16]
    steps: NDArray[np.float32]
    planes: NDArray[np.float32]
    shown: NDArray[np.int64]
    pictured: NDArray[np.bool_]
    saved: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Script:
    """What the clips of an exam are to show; arrays as in `ComposedExam`."""

    shown: NDArray[np.int64]
    saved: NDArray[np.bool_]


def compose_exam(
    timeline: Timeline,
    sources: Sequence[Source],
    look: Look,
    rng: np.random.Generator,
    *,
    clips: int,
) -> ComposedExam:
    """`clips` clips from a random place of a timeline (fewer if it is shorter), as features.

    Args:
        timeline: What is shown when, and where an image is saved.
        sources: Pictures of one part of the split.
        look: The backbone: uint8 clips (N, 16, H, W) -> maps, steps, planes, as runners do.
        rng: Source of every choice.
        clips: Length of the exam.
    """
    script = _script(timeline, rng, clips)
    cast, pictured = _cast(sources, rng)
    maps, steps, planes = [], [], []
    for clip in _stretches(script, cast, sources, rng):
        features = look(clip)
        maps.append(features[0].astype(np.float16))
        steps.append(features[1].astype(np.float32))
        planes.append(features[2].astype(np.float32))
    return ComposedExam(
        np.concatenate(maps),
        np.concatenate(steps),
        np.concatenate(planes),
        script.shown,
        np.isin(script.shown, pictured),
        script.saved,
    )


def save_exam(path: Path, exam: ComposedExam) -> None:
    """Writes an exam beside and renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    save_file({name: np.ascontiguousarray(value) for name, value in vars(exam).items()}, beside)
    beside.replace(path)


def load_exam(path: Path) -> ComposedExam:
    """Reads what `save_exam` wrote.

    Raises:
        UnreadableFile: It is damaged.
    """
    try:
        with safe_open(path, framework="np") as file:
            return ComposedExam(**{name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (OSError, SafetensorError, TypeError) as error:
        raise UnreadableFile(f"The composed exam {path} is damaged; delete it. {error}") from error


def _script(timeline: Timeline, rng: np.random.Generator, clips: int) -> _Script:
    """The window of the timeline, clip by clip."""
    available = int(len(timeline.planes) / _LABELS_PER_CLIP)
    clips = min(clips, available)
    first = int(rng.integers(available - clips + 1))
    edges = np.rint((first + np.arange(clips + 1)) * _LABELS_PER_CLIP).astype(int)
    shown = []
    for start, end in pairwise(edges):
        plane = Counter(timeline.planes[start:end]).most_common(1)[0][0]
        shown.append(-1 if plane == BACKGROUND else STANDARD_PLANES.index(plane))
    saved = np.zeros(clips, np.bool_)
    if timeline.saved is not None:
        kept = np.array(one_of_each_save(timeline.saved, TIMELINE_RATE), int)
        inside = kept[(kept >= edges[0]) & (kept < edges[-1])]
        saved[np.searchsorted(edges, inside, side="right") - 1] = True
    return _Script(np.array(shown), saved)


def _cast(sources: Sequence[Source], rng: np.random.Generator) -> tuple[list[Source], list[int]]:
    """Which source plays each of `STANDARD_PLANES` in this exam, and which are pictured."""
    views = [source for source in sources if BACKGROUND not in source.planes]
    cast, pictured = [], []
    for number, plane in enumerate(STANDARD_PLANES):
        fitting = [source for source in views if plane in source.planes]
        if fitting:
            pictured.append(number)
        choices = fitting or views
        cast.append(choices[int(rng.integers(len(choices)))])
    return cast, pictured


def _stretches(
    script: _Script, cast: Sequence[Source], sources: Sequence[Source], rng: np.random.Generator
) -> Iterator[Picture]:
    """Clips (n, 16, 176, 224) of one smooth motion after the other."""
    start, count = 0, len(script.shown)
    while start < count:
        end = start + 1
        while (
            end < count
            and end - start < _LONGEST
            and script.shown[end] == script.shown[start]
            and not script.saved[end - 1]
        ):
            end += 1
        source, motion = _direct(int(script.shown[start]), cast, sources, rng)
        pictures = compose(source, motion, rng, frames=CLIP_LENGTH * (end - start))
        if script.saved[end - 1]:
            pictures[-CLIP_LENGTH:] = pictures[-1]
        small = shrink(pictures)
        yield small.reshape(end - start, CLIP_LENGTH, *small.shape[1:])
        start = end


def _direct(
    shown: int, cast: Sequence[Source], sources: Sequence[Source], rng: np.random.Generator
) -> tuple[Source, Motion]:
    """Source and motion of one stretch."""
    if shown >= 0:
        return cast[shown], STEADY if rng.random() < 0.7 else WANDERING
    other = [source for source in sources if BACKGROUND in source.planes]
    if rng.random() < 0.4:
        return other[int(rng.integers(len(other)))], WANDERING
    return cast[int(rng.integers(len(cast)))], LOST
