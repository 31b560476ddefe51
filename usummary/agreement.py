"""How a summary agrees with the freeze-frames of its exam: all measures of a summary.

The window's comparison, cohorts, trained models' tables and the run record all take their numbers
from here. The formulas are in `usummary.metrics`, which knows nothing about exams.

Two measures are about standard planes. They are not the same, and have two names on screen too:

* planes shown: the share of the frozen planes that are the label of some key shot. That key shot
  may show the plane at another time than the freeze-frame does.
* saved planes: the share of the frozen planes that have a freeze-frame inside a key shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from usummary import metrics
from usummary.analysis import freeze_frames
from usummary.selection import knapsack
from usummary.selection.choose import frame_costs_ms, price
from usummary.types import Analysis, IntArray, Shot, Summary

Measure = Literal["f1", "bound", "tau", "rho", "recall", "planes_shown", "saved_planes"]
MEASURES: tuple[Measure, ...] = (
    "f1", "bound", "tau", "rho", "recall", "planes_shown", "saved_planes",
)  # fmt: skip

RECALL_TOLERANCE_S = 1.0
"""A freeze-frame counts as shown if a key shot is at most this far away."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The measures of one summary; None where a measure is undefined.

    All are in [0, 1], but for the correlations, which are in [-1, 1].

    Attributes:
        f1: F1 over frames, against the shots that hold freeze-frames.
        bound: The best F1 that any summary of this length could reach, see `best_possible`.
        tau, rho: Rank correlation of the sampled frames' scores with whether their shot holds a
            freeze-frame.
        recall: Share of the freeze-frames within a second of a key shot.
        planes_shown: Share of the frozen standard planes that are the label of some key shot.
        saved_planes: Share of the frozen planes that have a freeze-frame inside a key shot.
    """

    f1: float | None
    bound: float | None
    tau: float | None
    rho: float | None
    recall: float | None
    planes_shown: float | None
    saved_planes: float | None

    @property
    def all(self) -> tuple[float | None, ...]:
        """In the order of `MEASURES`."""
        return tuple(self.value(name) for name in MEASURES)

    def value(self, measure: Measure) -> float | None:
        result: float | None = getattr(self, measure)
        return result


def measure(summary: Summary) -> Measures:
    """All measures of a summary that `pipeline.select` made."""
    tau, rho = correlations(summary.analysis)
    return Measures(
        f1=f1(summary),
        bound=best_possible(summary),
        tau=tau,
        rho=rho,
        recall=recall(summary),
        planes_shown=planes_shown(summary),
        saved_planes=saved_planes(summary),
    )


def mean(draws: Sequence[Measures]) -> Measures:
    """The mean of each measure over those draws where it is defined."""

    def of(name: Measure) -> float | None:
        known = [value for draw in draws if (value := draw.value(name)) is not None]
        return float(np.mean(known)) if known else None

    return Measures(*(of(name) for name in MEASURES))


def compared(chosen: Summary, reference: Sequence[int]) -> Summary:
    """A summary with its `metrics`, `coverage` and matched freeze-frames filled in.

    Args:
        chosen: From `selection.choose.select`.
        reference: Indices of the analysis' shots that hold freeze-frames
            (`freeze_frames.reference_shots`). F1 counts these shots whole, even where the summary
            holds only a part of one.
    """
    matched = freeze_frames.matched(chosen.analysis.freeze_frames, chosen.shots)
    return replace(
        chosen,
        freeze_frames=matched,
        metrics=_comparison(chosen, reference),
        coverage=metrics.coverage(chosen.key_shots, matched),
    )


def _comparison(chosen: Summary, reference: Sequence[int]) -> dict[str, float]:
    """F1 and recall under their names in the run record; empty without freeze-frames."""
    whole = chosen.analysis.shots
    times = [save.time_s for save in chosen.analysis.freeze_frames]
    recalled = metrics.freeze_frame_recall(times, chosen.shots, RECALL_TOLERANCE_S)
    if recalled is None:
        return {}
    selected = _by_frame(chosen.shots, [shot.selected for shot in chosen.shots])
    wanted = _by_frame(whole, np.isin(np.arange(len(whole)), reference).tolist())
    return {"f1": metrics.f_score(selected, wanted), "freeze_frame_recall": recalled}


def _by_frame(shots: Sequence[Shot], marks: list[bool]) -> NDArray[np.bool_]:
    """(n_frames,) for every frame, the mark of the shot that holds it."""
    return np.repeat(marks, [shot.end_frame - shot.start_frame for shot in shots])


def f1(summary: Summary) -> float | None:
    """F1 over frames, against the shots that hold freeze-frames; None without freeze-frames."""
    return summary.metrics.get("f1")


def recall(summary: Summary) -> float | None:
    """Share of the freeze-frames within a second of a key shot; None without freeze-frames."""
    return summary.metrics.get("freeze_frame_recall")


def planes_shown(summary: Summary) -> float | None:
    """Share of the frozen standard planes that a key shot shows; None if none was frozen."""
    return metrics.plane_recall(summary.coverage)


def saved_planes(summary: Summary) -> float | None:
    """Share of the frozen planes that have a freeze-frame inside a key shot; None if none was."""
    saves = [save for save in summary.freeze_frames if save.plane is not None]
    holders = freeze_frames.holders(saves, summary.shots, selected_only=True)
    planes: dict[str | None, bool] = {}
    for save, holder in zip(saves, holders, strict=True):
        planes[save.plane] = planes.get(save.plane, False) or holder is not None
    return float(np.mean([*planes.values()])) if planes else None


def correlations(analysis: Analysis) -> tuple[float | None, float | None]:
    """Kendall's tau-b and Spearman's rho of an exam's scores with its reference shots.

    The scores are compared with 1 for each sampled frame of a reference shot and 0 for the others.

    Returns:
        None for both if they are undefined: constant scores, or no freeze-frame.
    """
    scores = analysis.scores
    wanted = np.zeros(len(scores.values), np.float32)
    for index in freeze_frames.reference_shots(analysis.freeze_frames, analysis.shots):
        shot = analysis.shots[index]
        inside = (scores.recordings == shot.recording) & (scores.frames >= shot.start_frame)
        wanted[inside & (scores.frames < shot.end_frame)] = 1
    return (
        metrics.kendall_tau(scores.values, wanted),
        metrics.spearman_rho(scores.values, wanted),
    )


def best_possible(summary: Summary) -> float:
    """The best F1 that a summary made in the same way can reach within the same budget.

    Most summaries hold whole shots, so the bound is the best choice of whole reference shots. If
    planes are covered, or no shot fitted and the best one was cut, a summary can hold parts of
    shots: it could hold any frame of the reference, and the bound is that of the cheapest frames
    until the budget is spent. If a person kept more than the budget allows, the cost of the key
    shots is the budget.
    """
    analysis = summary.analysis
    reference = freeze_frames.reference_shots(analysis.freeze_frames, analysis.shots)
    shots = [analysis.shots[index] for index in reference]
    wanted = sum(shot.end_frame - shot.start_frame for shot in shots)
    budget = max(
        round(summary.budget_s * price(analysis, summary.mode).per_second), _spent(summary)
    )
    if summary.cover_s > 0 or any(shot.whole is not None for shot in summary.shots):
        kept = _most_frames(analysis, shots, budget)
    else:
        kept = _most_frames_of_whole(summary, np.array(reference, np.int64), budget)
    # The best summary holds nothing but wanted frames: its size is `kept`, its precision 1.
    return 2 * kept / (kept + wanted) if kept else 0.0


def _spent(summary: Summary) -> int:
    """Cost of the key shots together, in frames or milliseconds."""
    priced = price(replace(summary.analysis, shots=summary.shots), summary.mode)
    return int(priced.weights[[shot.selected for shot in summary.shots]].sum())


def _most_frames(analysis: Analysis, shots: Sequence[Shot], budget_ms: int) -> int:
    """The greatest number of frames of these shots that together last no longer than the budget."""
    costs = np.sort(np.concatenate([[], *(frame_costs_ms(analysis, shot) for shot in shots)]))
    return int(np.searchsorted(np.cumsum(costs), budget_ms, side="right"))


def _most_frames_of_whole(summary: Summary, reference: IntArray, budget: int) -> int:
    """The greatest number of frames that whole reference shots hold within the budget."""
    priced = price(summary.analysis, summary.mode)
    shots = [summary.analysis.shots[index] for index in reference]
    frames = np.array([shot.end_frame - shot.start_frame for shot in shots], np.int64)
    chosen = knapsack.select(frames, priced.weights[reference], budget)
    return int(frames[chosen].sum())
