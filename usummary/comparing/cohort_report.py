"""A cohort in files: the table of means, every exam's values as CSV, a figure of one measure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure as Canvas

from usummary.agreement import MEASURES, Measure
from usummary.comparing.cohort import Against, Cohort, WayToChoose
from usummary.comparing.figure import COLOURS, INK, STYLE, Figure, Rows
from usummary.comparing.intervals import Interval
from usummary.comparing.one_exam import kind_of
from usummary.export.options import RESEARCH_USE
from usummary.files import written_beside
from usummary.paths import names_of

NAMES: dict[Measure, str] = {
    "f1": "F1",
    "bound": "bound",
    "tau": "tau",
    "rho": "rho",
    "recall": "recall",
    "planes_shown": "planes shown",
    "saved_planes": "saved planes",
}
"""Names of the measures, as heads of columns."""

_VALUES = ("mode", "exam", "chosen by", "kind", "length", *MEASURES, "left out because")
_MEANS = ("chosen by", "length", "measure", "mean", "low", "high", "exams")
_MARKS = "osD^vPX"


def table_of(cohort: Cohort, against: Against | None = None) -> list[list[str]]:
    """A head and a line per row: means over exams, or of differences, with 95 % intervals."""
    lines = [["chosen by", "length", "exams", *NAMES.values()]]
    for row in cohort.rows:
        cells = [cohort.mean(row, measure, against) for measure in MEASURES]
        count = len(cohort.values(row, "f1", against))
        lines.append([*row, str(count), *(_cell(cell, against) for cell in cells)])
    return lines


def _cell(found: Interval | None, against: Against | None) -> str:
    if found is None:
        return "undefined"
    sign = "+" if against is not None else ""
    text = f"{found.mean:{sign}.3f}"
    if found.count < 2:
        return text
    return f"{text} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"


def save_values(path: Path, cohorts: Sequence[Cohort]) -> Path:
    """Write every exam's values as CSV, and why an exam was left out.

    Raises:
        ExportError: It cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_VALUES)
    for cohort in cohorts:
        mode, names = cohort.plan.settings.mode, names_of(cohort.paths)
        for exam in cohort.exams:
            for row, values in exam.values.items():
                numbers = [_number(values.value(measure)) for measure in MEASURES]
                name = names[exam.path]
                writer.writerow([mode, name, row.who, kind_of(row.who), row.length, *numbers, ""])
        empty = [""] * (3 + len(MEASURES))
        for left_out in cohort.left_out:
            writer.writerow([mode, names[left_out.path], *empty, left_out.reason])
    with written_beside(path) as part:
        part.write_text(text.getvalue(), encoding="utf-8")
    return path


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6g}"


def figure_of_cohort(cohort: Cohort, measure: Measure, against: Against | None = None) -> Figure:
    """A dot with its interval for each row, one group per length. Names no exam."""
    names = list(dict.fromkeys(row.who for row in cohort.rows))
    lengths = list(dict.fromkeys(row.length for row in cohort.rows))
    rows: Rows = ()
    with rc_context(STYLE):
        canvas = Canvas(figsize=(1.6 + 1.3 * len(lengths) + 1.4, 2.9), layout="constrained")
        axes = canvas.subplots()
        for place, who in enumerate(names):
            at = [number + _offset(place, len(names)) for number in range(len(lengths))]
            means = [cohort.mean(WayToChoose(who, length), measure, against) for length in lengths]
            known = [(x, mean) for x, mean in zip(at, means, strict=True) if mean is not None]
            axes.errorbar(
                [x for x, _ in known],
                [mean.mean for _, mean in known],
                [
                    [mean.mean - mean.low for _, mean in known],
                    [mean.high - mean.mean for _, mean in known],
                ],
                fmt=_MARKS[place % len(_MARKS)],
                color=COLOURS[place % len(COLOURS)],
                markersize=5,
                linewidth=1.2,
                capsize=2.5,
                label=who,
            )
            rows += tuple(
                (who, length, NAMES[measure], mean.mean, mean.low, mean.high, mean.count)
                for length, mean in zip(lengths, means, strict=True)
                if mean is not None
            )
        if against is not None:
            axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xticks(range(len(lengths)), lengths)
        axes.set_xlim(-0.5, len(lengths) - 0.5)
        axes.set_ylabel(_words(measure, against))
        count = len(cohort.exams)
        axes.set_xlabel(f"length; mean of {count} exams and its 95 % interval\n{RESEARCH_USE}")
        canvas.legend(loc="outside right upper", frameon=False)
    return Figure(canvas, _MEANS, rows)


def _offset(place: int, of: int) -> float:
    """Place of a row's dot in its group, which is 1 wide and centred on 0."""
    return (place + 1) / (of + 1) - 0.5 if of > 1 else 0.0


def _words(measure: Measure, against: Against | None) -> str:
    if against is None:
        return NAMES[measure]
    return f"{NAMES[measure]} less that of {' '.join(filter(None, against))}"
