"""Measures many summarisers on the same exams; gives every number, and tables of means."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from usummary import pipeline
from usummary.agreement import Measure
from usummary.comparing.intervals import t_interval
from usummary.files import beside
from usummary.selection.choose import MODES, Mode
from usummary.settings import Settings
from usummary.training.judging.exams import ReadExam
from usummary.training.judging.measures import (
    LENGTHS,
    ExamMeasures,
    measure,
    plane_scores,
    random_scores,
    truth_scores,
    uniform_shots,
)
from usummary.types import FloatArray

ScoreExam = Callable[[ReadExam, Mode], FloatArray]
"""Gives the scores (T n,) of an exam; few summarisers use the mode."""

_UNIFORM_SHARE = 0.15
COVERED = ", planes covered"
"""Ending of a row's name if its summaries cover planes."""
TRUTH = "truth: a plane is held"
"""The row of `truth_scores`, which is no summariser."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One summariser, one seed, one exam, one mode of selection."""

    method: str
    seed: int
    exam: str
    mode: Mode
    measures: ExamMeasures


def simple_summarisers(seeds: Sequence[int]) -> dict[str, dict[int, ScoreExam]]:
    """Random scores (one draw per seed), shots at even distances, and plane confidence alone."""
    return {
        "random scores": {
            seed: lambda exam, _, seed=seed: random_scores(exam, seed)  # type: ignore[misc]
            for seed in seeds
        },
        "uniform shots": {0: lambda exam, mode: uniform_shots(exam, mode, _UNIFORM_SHARE)},
        "plane confidence": {0: lambda exam, _: plane_scores(exam)},
    }


def known_truth() -> dict[str, dict[int, ScoreExam]]:
    """The scores of perfect plane recognition, on composed exams."""
    return {TRUTH: {0: lambda exam, _: truth_scores(exam)}}


def compare(
    summarisers: Mapping[str, Mapping[int, ScoreExam]],
    exams: Sequence[ReadExam],
    *,
    covering: Collection[str] = (),
    report: Callable[[str], None] = lambda _: None,
) -> list[Measured]:
    """Measures every summariser and seed on every exam, in both modes of selection.

    Args:
        summarisers: Scores by name and seed.
        exams: Exams to measure on.
        covering: Names of summarisers that are also measured with planes covered, as `COVERED`
            rows; only application mode can cover planes.
        report: Called with the name of each summariser and seed.
    """
    measured = []
    cover = partial(pipeline.select, cover_s=Settings().covering_s)
    for name, seeds in summarisers.items():
        for seed, score in seeds.items():
            report(f"{name}, seed {seed}")
            for exam in exams:
                values = {mode: score(exam, mode) for mode in MODES}
                for mode in MODES:
                    plain = measure(exam, values[mode], mode)
                    measured.append(Measured(name, seed, exam.name, mode, plain))
                if name in covering:
                    covered = measure(exam, values["application"], "application", choose=cover)
                    title = name + COVERED
                    measured.append(Measured(title, seed, exam.name, "application", covered))
    return measured


def save(path: Path, measured: Sequence[Measured], about: Mapping[str, Any]) -> None:
    """Writes every number as JSON, beside the old file and then renamed."""
    rows = [asdict(row) for row in measured]
    with beside(path) as part:
        part.write_text(json.dumps({"about": dict(about), "measured": rows}, indent=1), "utf-8")


def figure(
    measured: Sequence[Measured], read: Callable[[ExamMeasures], float | None]
) -> list[float]:
    """One value per exam: the mean over seeds of the value that `read` takes from its measures."""
    exams: dict[str, list[float]] = {}
    for row in measured:
        value = read(row.measures)
        if value is not None:
            exams.setdefault(row.exam, []).append(value)
    return [float(np.mean(values)) for values in exams.values()]


def _of(measure: Measure, length: str) -> Callable[[ExamMeasures], float | None]:
    return lambda measures: measures.lengths[length].value(measure)


COLUMNS: dict[str, tuple[Callable[[ExamMeasures], float | None], float]] = {
    **{f"F1 {length}": (_of("f1", length), 100.0) for length in LENGTHS},
    "bound 15%": (_of("bound", "15%"), 100.0),
    "tau": (_of("tau", "15%"), 1.0),
    "rho": (_of("rho", "15%"), 1.0),
    "recall 15%": (_of("recall", "15%"), 100.0),
    "saved planes 15%": (_of("saved_planes", "15%"), 100.0),
    "seen 15%": (lambda measures: measures.seen.get("15%"), 100.0),
}
"""Columns of the table: a function that reads an exam's value, and a factor for printing."""


def table(measured: Sequence[Measured], mode: Mode) -> list[list[str]]:
    """A header and a line for each summariser: means, for F1 with 95 % intervals over exams."""
    lines = [["summariser", "seeds", *COLUMNS]]
    for name in dict.fromkeys(row.method for row in measured):
        mine = [row for row in measured if row.method == name and row.mode == mode]
        if not mine:
            continue
        cells = [name, str(len({row.seed for row in mine}))]
        for title, (read, scale) in COLUMNS.items():
            cells.append(_cell(figure(mine, read), scale, whole=title.startswith("F1")))
        lines.append(cells)
    return lines


def differences(measured: Sequence[Measured], of: str, length: str = "15%") -> list[list[str]]:
    """One summariser's F1 (application mode) minus each other's, exam by exam.

    Exams differ more than summarisers do, so the interval of the difference says more than the
    intervals of the two means.
    """
    rows: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(row.method for row in measured):
        mine = [row for row in measured if row.method == name and row.mode == "application"]
        exams = dict.fromkeys(row.exam for row in mine)
        values = figure(mine, _of("f1", length))
        rows[name] = dict(zip(exams, values, strict=True))
    own = rows.pop(of)
    lines = [[f"{of}, less", "exams", f"F1 {length}"]]
    for name, other in rows.items():
        apart = [own[exam] - other[exam] for exam in own if exam in other]
        lines.append([name, str(len(apart)), _cell(apart, 100.0, whole=True)])
    return lines


def _cell(values: Sequence[float], scale: float, *, whole: bool) -> str:
    if not values:
        return "undefined"
    interval = t_interval(values)
    digits = 1 if scale > 1 else 3
    text = f"{interval.mean * scale:.{digits}f}"
    if not whole:
        return text
    return f"{text} ({interval.low * scale:.{digits}f} to {interval.high * scale:.{digits}f})"


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    head, *rest = lines
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rest))
