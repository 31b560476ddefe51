"""Tables of an experiment, as text, CSV and LaTeX, each with the notes that belong to it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from usummary.errors import SettingsError
from usummary.research.record import Record, TrainingResult
from usummary.research.statistics import (
    Measure,
    TableNumber,
    bootstrap_interval,
    by_video,
    estimate,
    f_score,
    rho,
    rows_of,
    sign_flip,
    tau,
    tests_of,
)

Form = Literal["text", "csv", "latex"]
NOTHING = "–"
LITERATURE = (
    "Features and splits differ from those of the publications: compare figures measured here "
    "with each other, not with published ones."
)
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$",
    "±": r"$\pm$", "–": "--", "×": r"$\times$",
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A table as it is printed; cells are text.

    Attributes:
        title: One line.
        columns: Heads; the first is that of the row names.
        rows: As long as `columns` each.
        notes: Sentences below it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def render(self, form: Form) -> str:
        """The table as a file's text, its last line ended."""
        return {"text": self._text, "csv": self._csv, "latex": self._latex}[form]()

    def _text(self) -> str:
        widths = [max(map(len, cells)) for cells in zip(self.columns, *self.rows, strict=True)]

        def line(cells: Sequence[str]) -> str:
            first, *rest = (
                cell.ljust(width) if place == 0 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            return "  ".join([first, *rest]).rstrip()

        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        lines = [self.title, rule, line(self.columns), rule, *map(line, self.rows), rule]
        return "\n".join([*lines, *self.notes]) + "\n"

    def _csv(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([self.columns, *self.rows])
        for note in (self.title, *self.notes):
            writer.writerow([f"# {note}"])
        return text.getvalue()

    def _latex(self) -> str:
        def line(cells: Sequence[str]) -> str:
            return " & ".join(map(_escaped, cells)) + r" \\"

        body = [line(self.columns), r"\hline", *map(line, self.rows)]
        notes = [rf"\\ \footnotesize {_escaped(note)}" for note in self.notes]
        return "\n".join(
            [
                r"\begin{table}",
                rf"\caption{{{_escaped(self.title)}}}",
                rf"\begin{{tabular}}{{l{'r' * (len(self.columns) - 1)}}}",
                r"\hline",
                *body,
                r"\hline",
                r"\end{tabular}",
                *notes,
                r"\end{table}",
                "",
            ]
        )


def _escaped(text: str) -> str:
    return re.sub("|".join(map(re.escape, _LATEX)), lambda found: _LATEX[found.group()], text)


# --- One experiment -------------------------------------------------------------------------------


def results_table(record: Record) -> Table:
    """All rows of an experiment with every measure; baselines below each block."""
    wanted = record.experiment
    measures = _measures(record)
    rows = []
    for where, setting, features in _blocks(record):
        splits = tests_of(record, setting)
        for name, title, results in _named(record, setting, features):
            cells = [
                _cell(estimate(results, splits, measure), percent=percent, name=name)
                for measure, percent in measures.values()
            ]
            rows.append((f"{title}{where}", *cells))
    over = "best annotator" if wanted.f_score == "best" else "mean over annotators"
    return Table(
        title=f"{wanted.name}: F1 in % ({over}) by length, tau and rho",
        columns=("Method", *measures),
        rows=tuple(rows),
        notes=(*notes_on(record), *_undefined(record)),
    )


def comparison_table(record: Record, against: str, setting: str = "canonical") -> Table:
    """Each method beside one of them or a baseline, video by video.

    Raises:
        SettingsError: There is no such row or setting.
    """
    if setting not in record.splits:
        raise SettingsError(f'The experiment has no setting "{setting}".')
    features = next(iter(record.data))
    rows = {name: (title, results) for name, title, results in _named(record, setting, features)}
    if against not in rows:
        raise SettingsError(f'There is no row "{against}". Choose one of {", ".join(rows)}.')
    length = record.experiment.lengths[0]
    measures: list[tuple[str, Measure, float]] = [
        ("tau", tau, 1.0),
        (f"F1 {length}", f_score(record.experiment.f_score, length), 100.0),
    ]
    lines = []
    for name, (title, results) in rows.items():
        cells = []
        for _, measure, scale in measures:
            ours, theirs = by_video(results, measure), by_video(rows[against][1], measure)
            cells += _compared(ours, theirs, scale, itself=name == against)
        lines.append((title, *cells))
    other = rows[against][0]
    heads = [
        head for name, _, _ in measures for head in (name, "95 %", "p", f"- {other}", "95 %", "p")
    ]
    return Table(
        title=f"{record.experiment.name}: per video, {setting}, and against {other}",
        columns=("Method", *heads),
        rows=tuple(lines),
        notes=(
            "Each video's value is its mean over seeds and the splits that test it, so means "
            "differ a little from those over splits. Intervals: bootstrap over videos.",
            "p: two-sided sign-flip test over videos, of tau against 0 and of differences.",
            *notes_on(record),
        ),
    )


def _compared(
    ours: dict[str, float], theirs: dict[str, float], scale: float, *, itself: bool
) -> list[str]:
    """Six cells: mean, interval, p against 0 (tau), difference, interval, p."""
    if not ours:
        return [NOTHING] * 6
    values = [value * scale for value in ours.values()]
    digits = 1 if scale > 1 else 3
    cells = [f"{sum(values) / len(values):.{digits}f}", _range(bootstrap_interval(values), digits)]
    cells.append(NOTHING if scale > 1 else _p(sign_flip(values)))
    common = [(ours[name] - theirs[name]) * scale for name in ours if name in theirs]
    if itself or not common:
        return [*cells, *[NOTHING] * 3]
    mean = sum(common) / len(common)
    return [
        *cells,
        f"{mean:+.{digits}f}",
        _range(bootstrap_interval(common), digits, sign="+"),
        _p(sign_flip(common)),
    ]


def _range(ends: tuple[float, float], digits: int, sign: str = "") -> str:
    return f"{ends[0]:{sign}.{digits}f} to {ends[1]:{sign}.{digits}f}"


def _p(value: float) -> str:
    return "<.001" if value < 0.001 else f"{value:.3f}".lstrip("0")


def _measures(record: Record) -> dict[str, tuple[Measure, bool]]:
    """Columns: measure, and whether it is a percentage."""
    over = record.experiment.f_score
    found: dict[str, tuple[Measure, bool]] = {
        f"F1 {length}": (f_score(over, length), True) for length in record.experiment.lengths
    }
    return found | {"tau": (tau, False), "rho": (rho, False)}


def _blocks(record: Record) -> Iterator[tuple[str, str, str]]:
    """Every setting and kind of features, and what to add to row names where there are several."""
    several = len(record.splits) > 1, len(record.data) > 1
    for setting in record.splits:
        for features in record.data:
            parts = [part for part, is_said in zip((setting, features), several, strict=True)
                     if is_said]  # fmt: skip
            yield (f" ({', '.join(parts)})" if parts else ""), setting, features


def _named(
    record: Record, setting: str, features: str
) -> Iterator[tuple[str, str, list[TrainingResult]]]:
    """Rows of a block: name, title and results; methods first, then baselines."""
    titles = {entry.name: entry.title for entry in record.experiment.methods}
    for name, results in rows_of(record, setting, features).items():
        yield name, titles[name], results
    for result in record.baselines:
        if result.features == features:
            yield result.method, result.method, [result]


def cell_of(
    record: Record, where: tuple[str, str], name: str, length: str | None = None
) -> str | None:
    """F1 in % of one row; None where the record lacks it.

    Args:
        record: An experiment.
        where: Setting and kind of features.
        name: Of a method or a baseline.
        length: Default: the experiment's first.
    """
    setting, features = where
    if setting not in record.splits or features not in record.data:
        return None
    measure = f_score(record.experiment.f_score, length or record.experiment.lengths[0])
    for row, _, results in _named(record, setting, features):
        if row == name and results:
            found = estimate(results, tests_of(record, setting), measure)
            return _cell(found, percent=True, name=name)
    return None


def _cell(found: TableNumber | None, *, percent: bool, name: str) -> str:
    if found is None:
        return NOTHING
    scale, digits = (100, 1) if percent else (1, 3)
    text = f"{found.mean * scale:.{digits}f}"
    if found.spread is None:
        return text
    return f"{text} ±{found.spread * scale:.{digits}f}"


def notes_on(record: Record) -> tuple[str, ...]:
    """What a reader must know about an experiment's numbers."""
    wanted = record.experiment
    titles = ", ".join(dict.fromkeys(data.title for data in record.data.values()))
    splits = next(iter(record.splits.values()))
    seeds = f"{len(wanted.seeds)} seed{'s' if len(wanted.seeds) > 1 else ''}"
    drawn = wanted.splits
    drawn = drawn if isinstance(drawn, str) else f"random, seed {drawn.seed}"
    spread = "; ± is the standard deviation over seeds" if len(wanted.seeds) > 1 else ""
    return (
        f"Data: {titles}. Mean over {len(splits)} splits ({drawn}) and {seeds}{spread}. Shots are "
        f"valued by their mean score. random: {wanted.draws} draws; human: leave one out; bound: "
        "the annotators' own mean as scores.",
        LITERATURE,
    )


def _undefined(record: Record) -> list[str]:
    """A note for every method that gave constant scores."""
    found = []
    for _, setting, features in _blocks(record):
        for name, title, results in _named(record, setting, features):
            given = estimate(results, tests_of(record, setting), tau)
            if results and name not in ("uniform",) and given and given.undefined:
                found.append(
                    f"{title}: tau of {given.undefined} tested videos is undefined (constant "
                    "scores, or nobody to compare with); they are left out of its mean."
                )
    return list(dict.fromkeys(found))
