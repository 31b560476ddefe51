"""Score curves over the truth of composed exams: peaks at held planes, lows while searching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from usummary.training.judging.exams import ReadExam
from usummary.types import STANDARD_PLANES, FloatArray


def draw_curves(path: Path, exams: Sequence[tuple[ReadExam, Mapping[str, FloatArray]]]) -> None:
    """Draws a row per exam and summariser: scores over visits, holds and saves, as PNG or SVG.

    Args:
        path: File to write.
        exams: Composed exams, and scores (T n,) by name.
    """
    from matplotlib.figure import Figure

    rows = [(exam, name, scores) for exam, by in exams for name, scores in by.items()]
    figure = Figure(figsize=(13, 1.9 * len(rows)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(len(rows), 1))
    for axis, (exam, name, scores) in zip(axes, rows, strict=True):
        truth = exam.truth
        assert truth is not None
        for visit in truth.visits:
            if visit.label in STANDARD_PLANES:
                axis.axvspan(visit.start / truth.fps, visit.end / truth.fps, color="#cfe3f5", lw=0)
        for start, end in truth.held:
            axis.axvspan(start / truth.fps, end / truth.fps, ymax=0.06, color="#4a7fb5", lw=0)
        clips = scores.reshape(exam.features.samples.frames.shape).mean(axis=1)
        axis.plot(exam.features.samples.times_s[:, 0], clips, color="#222222", lw=0.8)
        for save in truth.saves:
            fill = "#d1661b" if save.label in STANDARD_PLANES else "none"
            axis.plot(save.frame / truth.fps, 1.04, "D", ms=4, color="#d1661b", mfc=fill)
        axis.set(xlim=(0, truth.frame_count / truth.fps), ylim=(0, 1.1), ylabel="score")
        axis.set_title(f"{exam.name} (composed): {name}", fontsize=9, loc="left")
    axes[-1].set_xlabel(
        "seconds; light blue: a standard plane is visited, dark blue: held; diamonds: saves, "
        "hollow where not of a standard plane"
    )
    figure.savefig(path, dpi=90)
