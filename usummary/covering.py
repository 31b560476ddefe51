"""Where an exam shows each standard plane best: the stretches that a covering summary keeps first.

A plane is recognised where a shot is labelled with it (`usummary.planes`). Of all stretches of such
shots the best one holds the most importance x probability of the plane, integrated over time: what
matters and shows the plane, for long. ``docs/decisions/covering.md`` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

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


def best_stretches(analysis: Analysis, length_s: float) -> dict[str, Stretch]:
    """The stretch that shows each recognised plane best, in the order of `STANDARD_PLANES`.

    Stretches begin and end at sampled frames or where their shot does. They are at most `length_s`
    long, or a second longer where a shot would leave too little. Shots that a person decided on
    take no part. Of equally good stretches it is the earliest.

    Args:
        analysis: A finished analysis.
        length_s: Seconds of a stretch, above 0.
    """
    places = [
        place
        for place, shot in enumerate(analysis.shots)
        if shot.plane in STANDARD_PLANES and shot.decision == "automatic"
    ]
    shots = [analysis.shots[place] for place in places]
    scores = analysis.scores
    keys = _keys(scores.recordings, scores.frames)
    samples = np.searchsorted(keys, _borders(shots))
    planes = np.array([STANDARD_PLANES.index(str(shot.plane)) for shot in shots], np.int64)
    times_s = np.array([(shot.start_s, shot.end_s) for shot in shots]).reshape(-1, 2)
    shown, sure = _evidence(analysis, keys, shots, samples, planes)
    begins, ends, worth = _best_windows(
        (scores.times_s, scores.values * sure, shown), (samples, times_s, planes), length_s
    )
    found = {}
    for number in np.unique(planes):
        mine = np.flatnonzero(planes == number)
        best = int(mine[worth[mine].argmax()])
        if worth[best] > 0:
            shot, (first, stop) = shots[best], samples[best]
            begin, end = begins[best], ends[best]
            found[STANDARD_PLANES[number]] = Stretch(
                places[best],
                shot.start_frame if begin == first else int(scores.frames[begin]),
                shot.end_frame if end == stop else int(scores.frames[end]),
            )
    return found


def _keys(recordings: IntArray, frames: IntArray) -> IntArray:
    """One ascending number for each frame of an exam."""
    return (np.asarray(recordings, np.int64) << 40) + frames


def _borders(shots: Sequence[Shot]) -> IntArray:
    """(n, 2) keys of the first frame of each shot and of the frame after its last."""
    recordings = np.array([shot.recording for shot in shots], np.int64)
    frames = np.array([(shot.start_frame, shot.end_frame) for shot in shots], np.int64)
    return _keys(recordings[:, None], frames.reshape(-1, 2))


def _evidence(
    analysis: Analysis, keys: IntArray, shots: Sequence[Shot], samples: IntArray, planes: IntArray
) -> tuple[IntArray, NDArray[np.float64]]:
    """What each sampled frame shows (L,), a position in `STANDARD_PLANES`, and its probability.

    Without a record of the clips these are the label of its shot and the probability behind it.
    """
    track = analysis.planes
    if track is not None:
        starts = np.searchsorted(keys, _keys(track.recordings, track.frames))
        lengths = np.diff(np.concatenate([[0], starts, [len(keys)]]))
        planes, sure = np.append(-1, track.planes), np.append(0.0, track.confidences)
        return np.repeat(planes, lengths), np.repeat(sure, lengths)
    shown, sure = np.full(len(keys), -1, np.int64), np.zeros(len(keys))
    for shot, (first, stop), plane in zip(shots, samples, planes, strict=True):
        shown[first:stop], sure[first:stop] = plane, shot.plane_confidence
    return shown, sure


@njit(cache=True, nogil=True)
def _best_windows(
    frames: tuple[NDArray[np.float64], NDArray[np.float64], IntArray],
    shots: tuple[IntArray, NDArray[np.float64], IntArray],
    length_s: float,
) -> tuple[IntArray, IntArray, NDArray[np.float64]]:
    """The best stretch within each shot.

    Args:
        frames: Of all sampled frames (L,): exam time, worth of a second, what it shows.
        shots: Samples (n, 2) from its first to after its last, start and end (n, 2) in seconds,
            and plane (n,) of each shot.
        length_s: Greatest length.

    Returns:
        For each shot the sample where the stretch begins, the one where it ends, and its worth.
    """
    times_s, per_second, shown = frames
    samples, bounds_s, planes = shots
    begins, ends = samples[:, 0].copy(), samples[:, 1].copy()
    worth = np.zeros(len(planes))
    for shot in range(len(planes)):
        first, stop = samples[shot]
        start_s, end_s = bounds_s[shot]
        borders_s = np.empty(stop - first + 1)
        borders_s[:-1] = times_s[first:stop]
        borders_s[0], borders_s[-1] = start_s, end_s
        sums = np.zeros(stop - first + 1)
        for at in range(stop - first):
            seconds = borders_s[at + 1] - borders_s[at]
            gain = per_second[first + at] * seconds if shown[first + at] == planes[shot] else 0.0
            sums[at + 1] = sums[at] + gain
        most_s = length_s if end_s - start_s >= length_s + CRUMB_S - _SAME_S else end_s - start_s
        end = 0
        for begin in range(stop - first):
            before_s = borders_s[begin] - start_s
            end = max(end, begin + 1)
            while end < stop - first and borders_s[end + 1] <= borders_s[begin] + most_s + _SAME_S:
                end += 1
            after_s = end_s - borders_s[end]
            clean = begin == 0 or before_s >= CRUMB_S - _SAME_S
            clean = clean and (end == stop - first or after_s >= CRUMB_S - _SAME_S)
            if clean and sums[end] - sums[begin] > worth[shot]:
                worth[shot] = sums[end] - sums[begin]
                begins[shot], ends[shot] = first + begin, first + end
    return begins, ends, worth
