"""Score curves over the truth of composed exams: peaks at held planes, lows while searching."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from usummary.training.exams import ReadExam
from usummary.types import STANDARD_PLANES, FloatArray


def draw_curves(
    path: Path, exams: Sequence[tuple[ReadExam, Path, Mapping[str, FloatArray]]]
) -> None:
    """One row an exam and summariser: its scores over visits, holds and saves, as PNG or SVG.

    Args:
        path: File to write.
        exams: Exam, its truth file, and scores (T n,) by name.
    """
    from matplotlib.figure import Figure

    rows = [(exam, truth, name, s) for exam, truth, by in exams for name, s in by.items()]
    figure = Figure(figsize=(13, 1.9 * len(rows)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(len(rows), 1))
    for axis, (exam, truth_path, name, scores) in zip(axes, rows, strict=True):
        truth = json.loads(truth_path.read_text("utf-8"))
        for visit in truth["visits"]:
            if visit["label"] in STANDARD_PLANES:
                axis.axvspan(visit["start_s"], visit["end_s"], color="#cfe3f5", lw=0)
        for held in truth["held"]:
            axis.axvspan(held["start_s"], held["end_s"], ymax=0.06, color="#4a7fb5", lw=0)
        clips = scores.reshape(exam.features.samples.frames.shape).mean(axis=1)
        axis.plot(exam.features.samples.times_s[:, 0], clips, color="#222222", lw=0.8)
        for save in truth["saves"]:
            plane = save["label"] in STANDARD_PLANES
            axis.plot(
                save["time_s"], 1.04, "D", ms=4, color="#d1661b", mfc="#d1661b" if plane else "none"
            )
        axis.set(xlim=(0, truth["duration_s"]), ylim=(0, 1.1), ylabel="score")
        axis.set_title(f"{exam.name} (composed): {name}", fontsize=9, loc="left")
    axes[-1].set_xlabel(
        "seconds; light blue: a standard plane is visited, dark blue: held; diamonds: saves, "
        "hollow where not of a standard plane"
    )
    figure.savefig(path, dpi=90)
