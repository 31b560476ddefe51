"""Analysis + length -> Summary: which shots are worth the time they take.

Two values of a shot, because they answer different questions:

* ``benchmark``: mean score, paid in frames; the protocol of the public benchmarks.
* ``application``: mean score x duration, paid in milliseconds; what a person can watch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from usummary import knapsack
from usummary.errors import SettingsError
from usummary.settings import parse_length
from usummary.types import Analysis, Decision, IntArray, Shot, Summary

Mode = Literal["application", "benchmark"]


@dataclass(frozen=True, slots=True)
class Priced:
    """Shots as knapsack items.

    Attributes:
        values: Worth of each shot.
        weights: Cost of each shot, frames or milliseconds.
        total: What the whole exam would cost.
        per_second: Cost of one second, to speak of a budget in seconds.
    """

    values: np.ndarray
    weights: np.ndarray
    total: int
    per_second: float


def select(analysis: Analysis, length: str, mode: Mode, reference: Sequence[int] | None) -> Summary:
    """Choose key shots under a length budget.

    Shots that a person kept come first and use up their part of it; those that were rejected do
    not take part (`Shot.decision`).

    Args:
        analysis: A finished analysis.
        length: ``15%``, a share such as ``0.18``, or ``P``.
        mode: See the module.
        reference: Indices of the reference key shots, whose share is ``P``; None or empty if there
            are no freeze-frames.

    Raises:
        SettingsError: The length cannot be read, or is ``P`` without freeze-frames.
    """
    priced = price(analysis, mode)
    budget = _budget(length, priced, reference)
    chosen, spent = _choose(analysis, priced, budget)
    shots = tuple(
        replace(shot, selected=True) if index in chosen else shot
        for index, shot in enumerate(analysis.shots)
    )
    notices: tuple[str, ...] = ()
    if spent > budget:
        notices = (_too_much(spent / priced.per_second, budget / priced.per_second),)
    if not chosen and mode == "application":
        shots, notices = _cut(analysis, shots, priced, budget)
    return Summary(
        analysis=analysis,
        length=length,
        mode=mode,
        budget_s=budget / priced.per_second,
        shots=shots,
        freeze_frames=analysis.freeze_frames,
        notices=notices,
    )


def _choose(analysis: Analysis, priced: Priced, budget: int) -> tuple[set[int], int]:
    """Indices of the key shots, and what those that a person kept cost."""
    kept = _decided(analysis, "kept", "locked")
    spent = int(priced.weights[kept].sum())
    chosen = {*kept.tolist()}
    if spent < budget:
        free = _decided(analysis, "automatic")
        found = knapsack.select(priced.values[free], priced.weights[free], budget - spent)
        chosen |= {*free[found].tolist()}
    return chosen, spent


def _decided(analysis: Analysis, *decisions: Decision) -> IntArray:
    """Indices of the shots about which one of these was decided."""
    return np.array(
        [index for index, shot in enumerate(analysis.shots) if shot.decision in decisions], np.int64
    )


def _too_much(kept_s: float, allowed_s: float) -> str:
    return (
        f"The shots you kept last {kept_s:.1f} s, longer than the {allowed_s:.1f} s that the "
        "wanted length allows. All of them are in the summary."
    )


def price(analysis: Analysis, mode: Mode) -> Priced:
    """Values and weights of all shots in a mode."""
    scores = np.array([shot.score for shot in analysis.shots], np.float64)
    if mode == "benchmark":
        frames = np.array([shot.end_frame - shot.start_frame for shot in analysis.shots], np.int64)
        rate = analysis.frame_count / analysis.duration_s
        return Priced(scores, frames, analysis.frame_count, rate)
    starts = np.array([_milliseconds(shot.start_s) for shot in analysis.shots], np.int64)
    ends = np.array([_milliseconds(shot.end_s) for shot in analysis.shots], np.int64)
    total = _milliseconds(analysis.duration_s)
    return Priced(scores * (ends - starts), ends - starts, total, 1000.0)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _budget(length: str, priced: Priced, reference: Sequence[int] | None) -> int:
    """What may be spent: the share's floor, computed exactly."""
    share = parse_length(length)
    if share is not None:
        numerator, denominator = share
        return priced.total * numerator // denominator
    if not reference:
        raise SettingsError(
            "The length P is the share that the freeze-frames hold, and this exam has no "
            "freeze-frames. Choose a length such as 15%."
        )
    return int(priced.weights[list(reference)].sum())


def _cut(
    analysis: Analysis, shots: tuple[Shot, ...], priced: Priced, budget: int
) -> tuple[tuple[Shot, ...], tuple[str, ...]]:
    """When no shot fits: the best-valued one, cut to the budget around its key frame.

    What is cut off stays in the list as shots of their own, so that the shots still cover the exam.
    """
    free = _decided(analysis, "automatic")
    if len(shots) and not len(free):
        return shots, ("Every shot was rejected, so the summary is empty.",)
    if not len(free) or priced.values[free].max() <= 0:
        return shots, ("No shot has a score above 0, so the summary is empty.",)
    best = int(free[priced.values[free].argmax()])
    shot = shots[best]
    begin, end = _around_key(analysis, shot, budget)
    pieces = [
        replace(
            shot,
            start_frame=first,
            end_frame=last,
            start_s=_time(analysis, shot, first),
            end_s=_time(analysis, shot, last),
            key_frame=min(max(shot.key_frame, first), last - 1),
            selected=first == begin,
        )
        for first, last in (
            (shot.start_frame, begin),
            (begin, end),
            (end, shot.end_frame),
        )
        if last > first
    ]
    notice = (
        "No shot fits the wanted length. The best one was cut to it around its key frame."
        if end - begin > 1
        else "The wanted length is shorter than any shot. Only the best key frame was kept."
    )
    return (*shots[:best], *pieces, *shots[best + 1 :]), (notice,)


def _around_key(analysis: Analysis, shot: Shot, budget_ms: int) -> tuple[int, int]:
    """The longest frame range around the key frame that fits, at least that frame itself."""
    begin, end = shot.key_frame, shot.key_frame + 1
    grown = True
    while grown:
        grown = False
        for before, after in ((1, 0), (0, 1)):
            first, last = begin - before, end + after
            inside = first >= shot.start_frame and last <= shot.end_frame
            if inside and _duration_ms(analysis, shot, first, last) <= budget_ms:
                begin, end, grown = first, last, True
    return begin, end


def _duration_ms(analysis: Analysis, shot: Shot, first: int, last: int) -> int:
    return _milliseconds(_time(analysis, shot, last)) - _milliseconds(_time(analysis, shot, first))


def _time(analysis: Analysis, shot: Shot, frame: int) -> float:
    """Exam time of a border inside a shot or at its ends."""
    if frame == shot.end_frame:
        return shot.end_s
    return float(analysis.frame_times_s[shot.recording][frame])
