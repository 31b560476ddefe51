"""Analysis + length -> Summary: chooses the shots that are worth the time they take.

The mode says what a shot is worth and what it costs:

* ``benchmark``: worth the mean score, costs frames; the protocol of the public benchmarks.
* ``application``: worth mean score x duration, costs milliseconds; the time a person watches.

In application mode a summary can cover the planes. The best stretch of every recognised standard
plane that the best choice leaves out is then put in first, and the rest of the budget is spent as
usual. A stretch is a part of a shot; the rest of that shot can still be chosen, at its own price.
See ``docs/decisions/covering.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from usummary.analysis.frame_scores import span_scores
from usummary.errors import SettingsError
from usummary.selection import knapsack
from usummary.selection.covering import Stretch, find_stretches
from usummary.settings import parse_length
from usummary.types import Analysis, Decision, IntArray, Shot, Summary

Mode = Literal["application", "benchmark"]
MODES: tuple[Mode, ...] = ("application", "benchmark")


@dataclass(frozen=True, slots=True)
class Priced:
    """Shots as knapsack items.

    Attributes:
        values: Worth of each shot.
        weights: Cost of each shot, frames or milliseconds.
        total: Cost of the whole exam.
        per_second: Cost of one second, to convert a budget to seconds.
    """

    values: np.ndarray
    weights: np.ndarray
    total: int
    per_second: float


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch as a knapsack item; the attributes are those of `Stretch` and `Priced`."""

    stretch: Stretch
    value: float
    weight: int


def select(
    analysis: Analysis,
    length: str,
    mode: Mode,
    reference: Sequence[int] | None,
    *,
    cover_s: float = 0.0,
) -> Summary:
    """Choose key shots under a length budget.

    Shots that a person kept come first and use up their part of the budget. Shots that a person
    rejected are never chosen (`Shot.decision`).

    Args:
        analysis: A finished analysis.
        length: ``15%``, a share such as ``0.18``, or ``P``.
        mode: See the module.
        reference: Indices of the shots that hold freeze-frames; their share of the exam is ``P``.
            None or empty if there are no freeze-frames.
        cover_s: Seconds to keep of every recognised plane (application mode); 0: planes are not
            covered.

    Raises:
        SettingsError: The length cannot be read, or is ``P`` without freeze-frames; or planes are
            to be covered in benchmark mode.
    """
    if cover_s and mode == "benchmark":
        raise SettingsError(
            "Benchmark mode has no covering of planes. Use application mode, or leave it out."
        )
    priced = price(analysis, mode)
    budget = _budget(length, priced, reference)
    spent = int(priced.weights[_decided(analysis, "kept", "locked")].sum())
    notices: tuple[str, ...] = ()
    if spent > budget:
        notices = (_too_much(spent / priced.per_second, budget / priced.per_second),)
    wanted = _wanted(analysis, cover_s) if cover_s else {}
    chosen, parts, left_out = _choose_covering(analysis, priced, wanted, budget - spent)
    notices += _no_room(left_out, len(wanted))
    shots = _marked(analysis, chosen, parts)
    # In benchmark mode the protocol counts: where no shot fits, the summary is empty.
    if not chosen and not parts and mode == "application":
        shots, cut_notices = _cut(analysis, shots, priced, budget)
        notices += cut_notices
    return Summary(
        analysis=analysis,
        length=length,
        mode=mode,
        budget_s=budget / priced.per_second,
        shots=shots,
        freeze_frames=analysis.freeze_frames,
        notices=notices,
        cover_s=cover_s,
    )


def _choose_covering(
    analysis: Analysis, priced: Priced, wanted: Mapping[str, Sequence[Stretch]], room: int
) -> tuple[set[int], dict[int, _Part], list[str]]:
    """The best choice that shows every plane for which there is room.

    First the shots are chosen without regard to planes. Then the best stretch of each missing plane
    is put in and the rest is chosen again, until every missing plane has been tried. So a plane
    costs extra only if no shot that is worth its time anyway shows it.

    Args:
        analysis: A finished analysis.
        priced: Its shots as items.
        wanted: Stretches of each plane, best first; a shot that has one shows the plane.
        room: Budget that is left beside the shots that a person kept.

    Returns:
        Indices of the shots that are in the summary whole; the parts of other shots that are in it,
        by index of their shot; and the planes for which there is no room.
    """
    put_in: dict[str, _Part] = {}
    while True:  # each round but the last tries one more plane at least
        parts = _affordable(list(put_in.values()), room)
        chosen = _choose(analysis, priced, parts, room)
        shown = chosen | parts.keys()
        missing = [
            plane
            for plane, stretches in wanted.items()
            if shown.isdisjoint(stretch.shot for stretch in stretches)
        ]
        new = [plane for plane in missing if plane not in put_in]
        if not new:
            return chosen, parts, missing
        put_in |= {plane: _priced_part(analysis, wanted[plane][0]) for plane in new}


def _choose(analysis: Analysis, priced: Priced, parts: Mapping[int, _Part], room: int) -> set[int]:
    """Indices of the shots that are in the summary whole.

    Args:
        analysis: A finished analysis.
        priced: Its shots as items.
        parts: Parts of shots that are in the summary in any case, by index of their shot.
        room: Budget for these parts and for all shots that nobody decided on.
    """
    # A part is paid here; its shot stays on offer at the value and price of the rest. If the rest
    # is bought, the shot is whole and nothing was paid twice.
    values, weights = priced.values.copy(), priced.weights.copy()
    for index, part in parts.items():
        values[index] -= part.value
        weights[index] -= part.weight
        room -= part.weight
    chosen = {*_decided(analysis, "kept", "locked").tolist()}
    if room > 0:
        free = _decided(analysis, "automatic")
        picked = knapsack.select(values[free], weights[free], room)
        chosen |= {*free[picked].tolist()}
    return chosen


def _wanted(analysis: Analysis, cover_s: float) -> dict[str, list[Stretch]]:
    """The stretches of every plane, but for planes on the label of a shot that a person kept."""
    kept = {analysis.shots[index].plane for index in _decided(analysis, "kept", "locked")}
    by_plane = find_stretches(analysis, cover_s)
    return {plane: stretches for plane, stretches in by_plane.items() if plane not in kept}


def _affordable(parts: Sequence[_Part], room: int) -> dict[int, _Part]:
    """As many parts as fit, and among equally many the most valuable; by index of their shot."""
    values = np.array([part.value for part in parts])
    weights = np.array([part.weight for part in parts], np.int64)
    # With the sum of all values added to each, more parts are always worth more than fewer.
    fits = knapsack.select(values + values.sum(), weights, room)
    return {parts[place].stretch.shot: parts[place] for place in fits}


def _priced_part(analysis: Analysis, stretch: Stretch) -> _Part:
    """A stretch with its value and weight, computed as `price` does in application mode."""
    shot = analysis.shots[stretch.shot]
    first, last = stretch.start_frame, stretch.end_frame
    means, _ = _scores_within(analysis, shot, [first], [last])
    weight = _duration_ms(analysis, shot, first, last)
    return _Part(stretch, float(means[0]) * weight, weight)


def _marked(analysis: Analysis, chosen: set[int], parts: Mapping[int, _Part]) -> tuple[Shot, ...]:
    """All shots with the key shots marked; a shot of which only a part is chosen is cut."""
    shots: list[Shot] = []
    for index, shot in enumerate(analysis.shots):
        if index in chosen:
            shots.append(replace(shot, selected=True))
        elif index in parts:
            stretch = parts[index].stretch
            shots += _pieces(analysis, shot, stretch.start_frame, stretch.end_frame)
        else:
            shots.append(shot)
    return tuple(shots)


def _no_room(planes: Sequence[str], count: int) -> tuple[str, ...]:
    if not planes:
        return ()
    return (
        f"The wanted length has no room for {len(planes)} of {count} recognised planes: "
        f"{', '.join(planes)}. A greater length shows them.",
    )


def _decided(analysis: Analysis, *decisions: Decision) -> IntArray:
    """Indices of the shots that have one of these decisions."""
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
    # Borders are rounded, not durations: so the costs of a shot's parts add up to the shot's.
    starts = np.array([_milliseconds(shot.start_s) for shot in analysis.shots], np.int64)
    ends = np.array([_milliseconds(shot.end_s) for shot in analysis.shots], np.int64)
    total = _milliseconds(analysis.duration_s)
    return Priced(scores * (ends - starts), ends - starts, total, 1000.0)


def frame_costs_ms(analysis: Analysis, shot: Shot) -> IntArray:
    """(frames,) cost of each frame of a shot in application mode; the sum is the shot's cost."""
    times = analysis.frame_times_s[shot.recording][shot.start_frame : shot.end_frame]
    ends = [_milliseconds(time) for time in (*times.tolist(), shot.end_s)]
    borders = np.array(ends, np.int64)
    return borders[1:] - borders[:-1]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _budget(length: str, priced: Priced, reference: Sequence[int] | None) -> int:
    """The budget in the unit of the weights: the exact share of the total, rounded down."""
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
    """For a budget that no shot fits: cuts the most valuable shot to it around its key frame.

    The parts cut off stay in the list as shots of their own, so that the shots still cover the
    exam.
    """
    free = _decided(analysis, "automatic")
    if len(shots) and not len(free):
        return shots, ("Every shot was rejected, so the summary is empty.",)
    if not len(free) or priced.values[free].max() <= 0:
        return shots, ("No shot has a score above 0, so the summary is empty.",)
    best = int(free[priced.values[free].argmax()])
    shot = shots[best]
    begin, end = _around_key(analysis, shot, budget)
    pieces = _pieces(analysis, shot, begin, end)
    notice = (
        "No shot fits the wanted length. The best one was cut to it around its key frame."
        if end - begin > 1
        else "The wanted length is shorter than any shot. Only the best key frame was kept."
    )
    return (*shots[:best], *pieces, *shots[best + 1 :]), (notice,)


def _pieces(analysis: Analysis, shot: Shot, begin: int, end: int) -> list[Shot]:
    """A shot cut at two frames: the part between them is a key shot, the others are not."""
    borders = [shot.start_frame, begin, end, shot.end_frame]
    spans = [(first, last) for first, last in pairwise(borders) if first < last]
    firsts, lasts = [first for first, _ in spans], [last for _, last in spans]
    means, keys = _scores_within(analysis, shot, firsts, lasts)
    return [
        replace(
            shot,
            start_frame=first,
            end_frame=last,
            start_s=_time(analysis, shot, first),
            end_s=_time(analysis, shot, last),
            score=float(mean),
            key_frame=int(key),
            selected=first == begin,
            whole=(shot.start_frame, shot.end_frame) if len(spans) > 1 else None,
        )
        for first, last, mean, key in zip(firsts, lasts, means, keys, strict=True)
    ]


def _scores_within(
    analysis: Analysis, shot: Shot, firsts: Sequence[int], lasts: Sequence[int]
) -> tuple[NDArray[np.float64], IntArray]:
    """Mean score and best frame of half-open spans of a shot."""
    scores = analysis.scores
    low, high = np.searchsorted(scores.recordings, [shot.recording, shot.recording + 1])
    frames = scores.frames[low:high]
    # From the sample before, if the shot begins between samples: that score holds into the shot.
    begin = int(np.searchsorted(frames, shot.start_frame, side="right")) - 1
    end = int(np.searchsorted(frames, shot.end_frame))
    mine = slice(low + begin, low + end)
    return span_scores(scores.values[mine], scores.frames[mine], firsts, lasts)


def _around_key(analysis: Analysis, shot: Shot, budget_ms: int) -> tuple[int, int]:
    """A frame range around the key frame that fits the budget; at least the key frame itself.

    It grows by a frame before and a frame after in turn, so the key frame stays in the middle
    where the shot allows it.
    """
    begin, end = shot.key_frame, shot.key_frame + 1
    has_grown = True
    while has_grown:
        has_grown = False
        for before, after in ((1, 0), (0, 1)):
            first, last = begin - before, end + after
            inside = first >= shot.start_frame and last <= shot.end_frame
            if inside and _duration_ms(analysis, shot, first, last) <= budget_ms:
                begin, end, has_grown = first, last, True
    return begin, end


def _duration_ms(analysis: Analysis, shot: Shot, first: int, last: int) -> int:
    return _milliseconds(_time(analysis, shot, last)) - _milliseconds(_time(analysis, shot, first))


def _time(analysis: Analysis, shot: Shot, frame: int) -> float:
    """Exam time of a frame of the shot, or of its end."""
    if frame == shot.end_frame:
        return shot.end_s
    return float(analysis.frame_times_s[shot.recording][frame])
