"""How an exam's scores and summaries agree with its freeze-frames, beside what a summary states."""

from __future__ import annotations

import numpy as np

from usummary import metrics
from usummary.analysis import freeze_frames
from usummary.selection import knapsack
from usummary.selection.choose import price
from usummary.types import Analysis, Summary


def correlations(analysis: Analysis) -> tuple[float | None, float | None]:
    """Kendall's tau-b and Spearman's rho of an exam's scores with its reference shots.

    Every sampled frame counts as wanted where its shot holds a freeze-frame.

    Returns:
        None for both where they are undefined: constant scores, or no freeze-frame.
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
    """The best F1 that a choice of whole shots of an analysis can reach within its budget."""
    analysis = summary.analysis
    reference = np.array(freeze_frames.reference_shots(analysis.freeze_frames, analysis.shots), int)
    if len(reference) == 0:
        return 0.0
    priced = price(analysis, summary.mode)
    frames = np.array([s.end_frame - s.start_frame for s in analysis.shots], float)[reference]
    budget = round(summary.budget_s * priced.per_second)
    chosen = knapsack.select(frames, priced.weights[reference], budget)
    kept = float(frames[chosen].sum())
    return 2 * kept / (kept + float(frames.sum())) if kept else 0.0


def saved_planes_shown(summary: Summary, tolerance_s: float = 0.0) -> float | None:
    """Share of the saved standard planes of which a save lies in a key shot; None if none was."""
    planes: dict[str, bool] = {}
    for save in summary.freeze_frames:
        if save.plane is not None:
            held = metrics.freeze_frame_recall([save.time_s], summary.key_shots, tolerance_s)
            planes[save.plane] = planes.get(save.plane, False) or held == 1.0
    return float(np.mean([*planes.values()])) if planes else None
