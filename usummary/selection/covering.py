"""Where an exam shows each standard plane best: the stretches that a covering summary keeps first.

A plane counts as recognised if a shot with its label also holds it: over some stretch of the shot
the plane's probability is at least `MIN_HELD` on average. The best of these stretches has the
greatest integral of importance x probability over time. ``docs/decisions/covering.md`` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from usummary.analysis.planes import MIN_HELD
from usummary.types import STANDARD_PLANES, Analysis, IntArray, Shot

CRUMB_S = 1.0
"""On each side, a stretch leaves either nothing of its shot or at least this much."""

_SAME_S = 1e-6
"""Two times this close are the same."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a shot, or all of it.

    Attributes:
        shot: Position of the shot in `Analysis.shots`.
        start_frame, end_frame: Half-open frame range in the shot's recording.
    """

    shot: int
    start_frame: int
    end_frame: int


def find_stretches(analysis: Analysis, length_s: float) -> dict[str, list[Stretch]]:
    """For each recognised plane, the best stretch of every shot that holds it, best first.

    Stretches begin and end at sampled frames or where their shot does. They are `length_s` long; a
    shot that is shorter, or less than a second longer, is a stretch as a whole. Shots that a person
    decided on are left out. Among equally good stretches the earliest comes first.

    Args:
        analysis: A finished analysis.
        length_s: Seconds of a stretch, above 0.

    Returns:
        Stretches by plane, in the order of `STANDARD_PLANES`.
    """
    places = [
        place
        for place, shot in enumerate(analysis.shots)
        if shot.plane in STANDARD_PLANES and shot.decision == "automatic"
    ]
    shots = [analysis.shots[place] for place in places]
    frames = analysis.scores.frames
    keys = frame_keys(analysis.scores.recordings, frames)
    samples = np.searchsorted(keys, _borders(shots))
    planes = np.array([STANDARD_PLANES.index(str(shot.plane)) for shot in shots], np.int64)
    times_s = np.array([(shot.start_s, shot.end_s) for shot in shots]).reshape(-1, 2)
    shown, sure = _evidence(analysis, keys, shots, samples, planes)
    values = analysis.scores.values.astype(np.float64)
    evidence = _Sampled(analysis.scores.times_s, values, shown, sure)
    windows, worth = _best_windows(evidence, _Within(samples, times_s, planes), length_s)
    by_plane: dict[str, list[Stretch]] = {}
    for best in np.lexsort((-worth, planes)).tolist():  # by plane, then worth; a stable sort
        if worth[best] > 0:
            shot, (begin, end), (first, stop) = shots[best], windows[best], samples[best]
            stretch = Stretch(
                places[best],
                shot.start_frame if begin == first else int(frames[begin]),
                shot.end_frame if end == stop else int(frames[end]),
            )
            by_plane.setdefault(str(shot.plane), []).append(stretch)
    return by_plane


def frame_keys(recordings: IntArray, frames: IntArray) -> IntArray:
    """A number for each frame of an exam that ascends through its recordings.

    The recording is in the high bits, the frame index in the low 40.
    """
    return (np.asarray(recordings, np.int64) << 40) + frames


def _borders(shots: Sequence[Shot]) -> IntArray:
    """(n, 2) keys of the first frame of each shot and of the frame after its last."""
    recordings = np.array([shot.recording for shot in shots], np.int64)
    frames = np.array([(shot.start_frame, shot.end_frame) for shot in shots], np.int64)
    return frame_keys(recordings[:, None], frames.reshape(-1, 2))


def _evidence(
    analysis: Analysis, keys: IntArray, shots: Sequence[Shot], samples: IntArray, planes: IntArray
) -> tuple[IntArray, NDArray[np.float64]]:
    """The plane of each sampled frame (L,), as position in `STANDARD_PLANES`, and its probability.

    They are those of the frame's clip, or, in an analysis without `PlaneTrack`, of its shot.
    """
    track = analysis.planes
    if track is not None:
        # The first run, before the first clip, is that of no plane (-1); it is usually empty.
        starts = np.searchsorted(keys, frame_keys(track.recordings, track.frames))
        lengths = np.diff(np.concatenate([[0], starts, [len(keys)]]))
        planes, sure = np.append(-1, track.planes), np.append(0.0, track.confidences)
        return np.repeat(planes, lengths), np.repeat(sure, lengths)
    shown, sure = np.full(len(keys), -1, np.int64), np.zeros(len(keys))
    for shot, (first, stop), plane in zip(shots, samples, planes, strict=True):
        shown[first:stop], sure[first:stop] = plane, shot.plane_confidence
    return shown, sure


class _Sampled(NamedTuple):
    """Values of each sampled frame. A tuple with names, because numba takes no dataclass.

    Attributes:
        times_s: (L,) exam time.
        importance: (L,) score.
        shown: (L,) the plane that its clip shows best, a position in `STANDARD_PLANES`; -1: none.
        sure: (L,) probability of that plane.
    """

    times_s: NDArray[np.float64]
    importance: NDArray[np.float64]
    shown: IntArray
    sure: NDArray[np.float64]


class _Within(NamedTuple):
    """The shots in which stretches are looked for.

    Attributes:
        samples: (n, 2) half-open range of each shot's sampled frames, positions in `_Sampled`.
        bounds_s: (n, 2) exam times at which each shot starts and ends.
        planes: (n,) the plane on each shot's label, a position in `STANDARD_PLANES`.
    """

    samples: IntArray
    bounds_s: NDArray[np.float64]
    planes: IntArray


@njit(cache=True, nogil=True)
def _best_windows(
    frames: _Sampled, shots: _Within, length_s: float
) -> tuple[IntArray, NDArray[np.float64]]:
    """The best stretch within each shot.

    In each shot a window slides over the sampled frames. Both of its ends only move forward, so the
    work grows with the number of frames, not with its square.

    Args:
        frames: All sampled frames of the exam.
        shots: The shots to search.
        length_s: Most seconds of a stretch; the next longer window would be longer than this.

    Returns:
        Half-open range (n, 2) of each stretch's samples, and its worth (n,): 0 if no stretch of the
        shot holds its plane.
    """
    windows, worth = shots.samples.copy(), np.zeros(len(shots.planes))
    for shot in range(len(shots.planes)):
        first = shots.samples[shot, 0]
        count = shots.samples[shot, 1] - first
        # A sample lasts from its border to the next one. A shot can begin and end between samples.
        borders_s = np.empty(count + 1)
        borders_s[:-1] = frames.times_s[first : first + count]
        borders_s[0], borders_s[-1] = shots.bounds_s[shot]
        # Sums from the shot's start up to each border: the sum of a window is a difference of two.
        held, gained = np.zeros(count + 1), np.zeros(count + 1)
        for at in range(count):
            seconds = borders_s[at + 1] - borders_s[at]
            if frames.shown[first + at] != shots.planes[shot]:
                seconds = 0.0  # a moment of another plane adds nothing to this one
            sure = frames.sure[first + at]
            held[at + 1] = held[at] + sure * seconds
            gained[at + 1] = gained[at] + frames.importance[first + at] * sure * seconds
        most_s = borders_s[-1] - borders_s[0]
        if most_s >= length_s + CRUMB_S - _SAME_S:  # a shot only a little longer is taken whole
            most_s = length_s
        end = 0
        for begin in range(count):
            # The longest window that begins here; a single sample is one, however long it lasts.
            end = max(end, begin + 1)
            while end < count and borders_s[end + 1] - borders_s[begin] <= most_s + _SAME_S:
                end += 1
            before_s, after_s = borders_s[begin] - borders_s[0], borders_s[-1] - borders_s[end]
            # The plane is held: probability x seconds is at least MIN_HELD x the window's seconds.
            least_s = MIN_HELD * (borders_s[end] - borders_s[begin])
            if (
                (begin == 0 or before_s >= CRUMB_S - _SAME_S)
                and (end == count or after_s >= CRUMB_S - _SAME_S)
                and held[end] - held[begin] >= least_s - _SAME_S
                and gained[end] - gained[begin] > worth[shot]  # of equals the earliest stays
            ):
                worth[shot] = gained[end] - gained[begin]
                windows[shot] = first + begin, first + end
            if end == count:
                break  # all later windows lie inside this one
    return windows, worth
