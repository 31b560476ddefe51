"""Where an exam shows each standard plane best: the stretches that a covering summary keeps first.

A plane is recognised if a shot that is labelled with it holds it: over a stretch its probability is
`MIN_HELD` on average. Of all such stretches the best one has the most importance x probability of
the plane, integrated over time: what matters and shows the plane, for long.
``docs/decisions/covering.md`` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from usummary.analysis.planes import MIN_HELD
from usummary.types import STANDARD_PLANES, Analysis, IntArray, Shot

CRUMB_S = 1.0
"""A stretch leaves nothing of its shot on either side, or at least this long."""

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
    """For each recognised plane, best first, the best stretch of each shot that holds it.

    Stretches begin and end at sampled frames or where their shot does. They are `length_s` long; a
    shot that is shorter, or less than a second longer, is one as a whole. Shots that a person
    decided on take no part. Of equally good stretches the earliest comes first.

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
    scores = analysis.scores.times_s, analysis.scores.values.astype(np.float64)
    windows, worth = _best_windows((*scores, shown, sure), (samples, times_s, planes), length_s)
    found: dict[str, list[Stretch]] = {}
    for best in np.lexsort((-worth, planes)).tolist():
        if worth[best] > 0:
            shot, (begin, end), (first, stop) = shots[best], windows[best], samples[best]
            stretch = Stretch(
                places[best],
                shot.start_frame if begin == first else int(frames[begin]),
                shot.end_frame if end == stop else int(frames[end]),
            )
            found.setdefault(str(shot.plane), []).append(stretch)
    return found


def frame_keys(recordings: IntArray, frames: IntArray) -> IntArray:
    """One ascending number for each frame of an exam."""
    return (np.asarray(recordings, np.int64) << 40) + frames


def _borders(shots: Sequence[Shot]) -> IntArray:
    """(n, 2) keys of the first frame of each shot and of the frame after its last."""
    recordings = np.array([shot.recording for shot in shots], np.int64)
    frames = np.array([(shot.start_frame, shot.end_frame) for shot in shots], np.int64)
    return frame_keys(recordings[:, None], frames.reshape(-1, 2))


def _evidence(
    analysis: Analysis, keys: IntArray, shots: Sequence[Shot], samples: IntArray, planes: IntArray
) -> tuple[IntArray, NDArray[np.float64]]:
    """What each sampled frame shows (L,), a position in `STANDARD_PLANES`, and its probability.

    Without a record of the clips these are the label of its shot and the probability behind it.
    """
    track = analysis.planes
    if track is not None:
        starts = np.searchsorted(keys, frame_keys(track.recordings, track.frames))
        lengths = np.diff(np.concatenate([[0], starts, [len(keys)]]))
        planes, sure = np.append(-1, track.planes), np.append(0.0, track.confidences)
        return np.repeat(planes, lengths), np.repeat(sure, lengths)
    shown, sure = np.full(len(keys), -1, np.int64), np.zeros(len(keys))
    for shot, (first, stop), plane in zip(shots, samples, planes, strict=True):
        shown[first:stop], sure[first:stop] = plane, shot.plane_confidence
    return shown, sure


@njit(cache=True, nogil=True)
def _best_windows(
    frames: tuple[NDArray[np.float64], NDArray[np.float64], IntArray, NDArray[np.float64]],
    shots: tuple[IntArray, NDArray[np.float64], IntArray],
    length_s: float,
) -> tuple[IntArray, NDArray[np.float64]]:
    """The best stretch within each shot.

    Args:
        frames: Of all sampled frames (L,): exam time, importance, plane and its probability.
        shots: Samples (n, 2) from its first to after its last, start and end (n, 2) in seconds,
            and plane (n,) of each shot.
        length_s: Length of a stretch; within a sample, and never more.

    Returns:
        Samples (n, 2) where the stretch begins and ends, and its worth (n,), 0 where a shot has
        none that holds its plane.
    """
    times_s, importance, shown, sure = frames
    samples, bounds_s, planes = shots
    windows, worth = samples.copy(), np.zeros(len(planes))
    for shot in range(len(planes)):
        first, count = samples[shot, 0], samples[shot, 1] - samples[shot, 0]
        borders_s = np.empty(count + 1)
        borders_s[:-1] = times_s[first : first + count]
        borders_s[0], borders_s[-1] = bounds_s[shot]
        held, gained = np.zeros(count + 1), np.zeros(count + 1)  # from the start to each border
        for at in range(count):
            seconds = borders_s[at + 1] - borders_s[at] if shown[first + at] == planes[shot] else 0
            held[at + 1] = held[at] + sure[first + at] * seconds
            gained[at + 1] = gained[at] + importance[first + at] * sure[first + at] * seconds
        most_s = borders_s[-1] - borders_s[0]
        if most_s >= length_s + CRUMB_S - _SAME_S:
            most_s = length_s
        end = 0
        for begin in range(count):
            end = max(end, begin + 1)
            while end < count and borders_s[end + 1] - borders_s[begin] <= most_s + _SAME_S:
                end += 1
            before_s, after_s = borders_s[begin] - borders_s[0], borders_s[-1] - borders_s[end]
            least_s = MIN_HELD * (borders_s[end] - borders_s[begin])
            if (
                (begin == 0 or before_s >= CRUMB_S - _SAME_S)
                and (end == count or after_s >= CRUMB_S - _SAME_S)
                and held[end] - held[begin] >= least_s - _SAME_S
                and gained[end] - gained[begin] > worth[shot]
            ):
                worth[shot] = gained[end] - gained[begin]
                windows[shot] = first + begin, first + end
            if end == count:
                break  # the others are parts of this one
    return windows, worth
