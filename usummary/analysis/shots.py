"""Features + Scores -> Shots: segmentation, then plane, score and key frame of each shot.

A shot lies within one recording and begins at a sampled frame. The shots of a recording follow one
another without a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from usummary.analysis import kts
from usummary.analysis.frame_scores import hold, shot_means
from usummary.analysis.planes import best_plane
from usummary.settings import Settings
from usummary.types import Exam, Features, FloatArray, IntArray, Scores, Shot


def make_shots(
    exam: Exam, features: Features, scores: Scores, settings: Settings
) -> tuple[Shot, ...]:
    """All shots of an exam in order, none selected."""
    return scored(segment(exam, features, settings), scores)


def segment(exam: Exam, features: Features, settings: Settings) -> tuple[Shot, ...]:
    """The shots of an exam, not yet scored. They are the same for every summariser."""
    shots: list[Shot] = []
    for which, recording in enumerate(exam.recordings):
        borders = _segment(features, which, recording.info.duration_s, settings)
        for start, end in pairwise([*borders, recording.info.frame_count]):
            plane, confidence = best_plane(features, _clips_in(features, which, start, end))
            shots.append(
                Shot(
                    recording=which,
                    start_frame=start,
                    end_frame=end,
                    start_s=exam.time_of(which, start),
                    end_s=exam.time_of(which, end),
                    score=0.0,
                    key_frame=start,
                    plane=plane,
                    plane_confidence=confidence,
                )
            )
    return tuple(shots)


def scored(shots: Sequence[Shot], scores: Scores) -> tuple[Shot, ...]:
    """The shots, each with its mean score and best-scored frame."""
    result: list[Shot] = []
    for which in sorted({shot.recording for shot in shots}):
        mine = [shot for shot in shots if shot.recording == which]
        rows = scores.recordings == which
        starts, ends = [shot.start_frame for shot in mine], [shot.end_frame for shot in mine]
        held = hold(scores.values[rows], scores.frames[rows], ends[-1])
        means = shot_means(held, starts, ends)
        result += [
            replace(
                shot,
                score=float(mean),
                key_frame=shot.start_frame + int(held[shot.start_frame : shot.end_frame].argmax()),
            )
            for shot, mean in zip(mine, means, strict=True)
        ]
    return tuple(result)


def _segment(features: Features, which: int, duration_s: float, settings: Settings) -> list[int]:
    """First frame of every shot of one recording."""
    rows = features.samples.recordings == which
    vectors = features.steps[rows]  # (T, s, C)
    per_step = features.samples.frames.shape[1] // vectors.shape[1]  # sampled frames of one step
    frames = features.samples.frames[rows][:, ::per_step].ravel()
    times = features.samples.times_s[rows][:, ::per_step].ravel()
    kept = np.concatenate([[True], np.diff(frames) > 0])  # not the repeats that fill up a clip
    vectors = kts.unit_rows(vectors.reshape(-1, vectors.shape[2])[kept])
    frames, times = frames[kept], times[kept]
    if settings.mode == "benchmark":
        points = kts.change_points(vectors)
    else:
        points = kts.change_points_at_most(vectors, round(duration_s / settings.shot_s))
        ends_s = float(times[0]) + duration_s
        points = _long_enough(points, vectors, np.append(times, ends_s), settings.min_shot_s)
    return [0, *frames[points].tolist()]


def _long_enough(
    points: IntArray, vectors: FloatArray, times: NDArray[np.float64], min_s: float
) -> IntArray:
    """The change points that are left when shots shorter than `min_s` are joined to neighbours.

    Again and again, the shortest shot is joined to the neighbour whose mean feature is closer.
    """
    borders = [0, *points.tolist(), len(vectors)]
    while len(borders) > 2:
        durations = np.diff(times[borders])
        short = int(durations.argmin())
        if durations[short] >= min_s:
            break
        del borders[short + (1 if _joins_next(borders, short, vectors) else 0)]
    return np.array(borders[1:-1], np.int64)


def _joins_next(borders: list[int], short: int, vectors: FloatArray) -> bool:
    """Whether shot number `short` is closer to the next shot than to the one before."""
    if short == 0:
        return True
    if short == len(borders) - 2:
        return False
    before, own, after = (
        vectors[borders[number] : borders[number + 1]].mean(axis=0)
        for number in (short - 1, short, short + 1)
    )
    return bool(np.linalg.norm(after - own) < np.linalg.norm(before - own))


def _clips_in(features: Features, which: int, start: int, end: int) -> IntArray:
    """Clips with their middle frame in ``[start, end)`` of a recording; else the nearest clip."""
    rows = np.flatnonzero(features.samples.recordings == which)
    frames = features.samples.frames[rows]
    middles = frames[:, frames.shape[1] // 2]
    inside = (middles >= start) & (middles < end)
    if not inside.any():
        inside[np.abs(middles - (start + end) // 2).argmin()] = True
    return rows[inside]
