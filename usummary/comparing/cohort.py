"""Many exams, summarised by the same models and baselines: every exam's values, then their means.

Recordings + Plan -> Cohort. The measures are those of `usummary.agreement`. Exams differ more than
ways to summarise them do. So a mean comes with its interval over exams, and two ways are compared
by their difference on each exam.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from usummary import agreement, pipeline, readers
from usummary.agreement import MEASURES, Measure, Measures
from usummary.analysis import freeze_frames
from usummary.comparing.intervals import Interval, t_interval
from usummary.comparing.one_exam import (
    BASELINES,
    LENGTHS,
    Baseline,
    Terms,
    by_baseline,
    by_model,
    model_of,
    terms_of,
)
from usummary.errors import InputError
from usummary.paths import names_of
from usummary.progress import STAGES, Clock, Progress, Report, silent
from usummary.settings import DEFAULTS, Settings
from usummary.types import Analysis

SEEDS = 5
_STAGE_SHARES = {"reading": 0.1, "features": 0.8, "scoring": 0.05, "selecting": 0.05}
"""Rough share of each stage in the time of an exam without cached features."""


class WayToChoose(NamedTuple):
    """One row of a table: one way to choose at one length, averaged over exams."""

    who: str
    length: str


class Against(NamedTuple):
    """The way to choose that rows are compared with; length None: each row at its own length."""

    who: str
    length: str | None = None


@dataclass(frozen=True)
class Plan:
    """What is done with every exam.

    Attributes:
        models: Names of summarisers, at least one; baselines choose from the shots of the first.
        baselines: The baselines that are measured too.
        lengths: Lengths of the summaries.
        seeds: Measures of random scores are means over the draws 1, 2, ... up to this.
        settings: Settings of the runs: mode, covering, device, sample rate. A list of freeze-frames
            in them belongs to one recording, so it is used only if a single exam is measured.
    """

    models: tuple[str, ...]
    baselines: tuple[Baseline, ...] = BASELINES
    lengths: tuple[str, ...] = LENGTHS
    seeds: int = SEEDS
    settings: Settings = DEFAULTS

    @property
    def terms(self) -> Terms:
        return Terms(self.settings.mode, self.settings.covering_s, lengths=self.lengths)


@dataclass(frozen=True)
class MeasuredExam:
    """The measures of every row on one exam."""

    path: Path
    values: Mapping[WayToChoose, Measures]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An exam that could not be measured, and a sentence that says why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Cohort:
    """The exams that are measured so far.

    Attributes:
        plan: What was done with each.
        exams: Measured exams, in the order they were named.
        left_out: Exams without freeze-frames, and exams that cannot be read.
    """

    plan: Plan
    exams: tuple[MeasuredExam, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """All exams, measured or not."""
        return (*(exam.path for exam in self.exams), *(exam.path for exam in self.left_out))

    @cached_property
    def rows(self) -> tuple[WayToChoose, ...]:
        """All rows that an exam has, models first, lengths in the plan's order."""
        return tuple(dict.fromkeys(row for exam in self.exams for row in exam.values))

    def values(
        self, row: WayToChoose, measure: Measure, against: Against | None = None
    ) -> dict[Path, float]:
        """A value for each exam that has one, or its difference from the value of `against`."""
        column = self._column(row, measure, against)
        pairs = zip(self.exams, column.tolist(), strict=True)
        return {exam.path: value for exam, value in pairs if not math.isnan(value)}

    def mean(
        self, row: WayToChoose, measure: Measure, against: Against | None = None
    ) -> Interval | None:
        """Mean of `values` with its interval; None if no exam has a value."""
        column = self._column(row, measure, against)
        known = column[~np.isnan(column)]
        return t_interval(known) if len(known) else None

    def _column(
        self, row: WayToChoose, measure: Measure, against: Against | None
    ) -> NDArray[np.float64]:
        """(exams,) values or differences, NaN where undefined."""
        unknown = np.full((len(self.exams), len(MEASURES)), np.nan)
        place = MEASURES.index(measure)
        column: NDArray[np.float64] = self._tables.get(row, unknown)[:, place]
        if against is None:
            return column
        other = WayToChoose(against.who, against.length or row.length)
        return column - self._tables.get(other, unknown)[:, place]

    @cached_property
    def _tables(self) -> dict[WayToChoose, NDArray[np.float64]]:
        """For each row an array (exams, measures), NaN where undefined."""
        nothing = (None,) * len(MEASURES)
        return {
            row: np.array(
                [exam.values[row].all if row in exam.values else nothing for exam in self.exams],
                np.float64,
            )
            for row in self.rows
        }


def measure_all(
    paths: Sequence[Path],
    plan: Plan,
    progress: Report = silent,
    found: Callable[[MeasuredExam | LeftOut], None] = lambda _: None,
) -> Cohort:
    """Measures every exam. An exam that cannot be used is named and does not stop the others.

    Args:
        paths: Recordings and study folders; a path named twice counts once.
        plan: What is done with each.
        progress: Called with the exam under way and the share done of all; may raise `Cancelled`.
        found: Called with each exam as soon as it is done.

    Raises:
        ModelError, DeviceError: A model or the device cannot be used, whatever the exam.
    """
    cohort = Cohort(plan)
    wanted = list(dict.fromkeys(paths))
    names = names_of(wanted)
    watch = _Watch(len(wanted), progress)
    for number, path in enumerate(wanted):
        watch.begin(number, names[path])
        listed = plan.settings.freeze_frames if len(wanted) == 1 else None
        exam = _measured(path, plan, watch, listed)
        if isinstance(exam, LeftOut):
            cohort = replace(cohort, left_out=(*cohort.left_out, exam))
        else:
            cohort = replace(cohort, exams=(*cohort.exams, exam))
        found(exam)
    progress(Progress("experiment", 1.0, 0.0))
    return cohort


def command(cohort: Cohort, against: Against | None = None) -> tuple[str, ...]:
    """Arguments of the command that prints the same table, for the folder that holds all exams."""
    plan = cohort.plan
    words = ["usummary", "evaluate", *names_of(cohort.paths).values()]
    words += [part for name in plan.models for part in ("--model", name)]
    words += [part for name in plan.baselines or ("none",) for part in ("--baseline", name)]
    words += [part for length in plan.lengths for part in ("--length", length)]
    if "random scores" in plan.baselines:
        words += ["--seeds", str(plan.seeds)]
    words += terms_of(plan.settings, plan.settings.mode, plan.settings.covering_s)
    if "--mode" not in words:  # evaluate shows both where none is named
        words += ["--mode", plan.settings.mode]
    if against is not None:
        words += ["--against", " ".join(filter(None, against))]
    return tuple(words)


def _measured(path: Path, plan: Plan, watch: _Watch, listed: Path | None) -> MeasuredExam | LeftOut:
    try:
        with readers.open_exam(path, freeze_frames=listed) as exam:
            analyses: list[Analysis] = []
            for name in plan.models:
                settings = plan.settings.model_copy(update={"model": name})
                report = watch.part(len(analyses), len(plan.models))
                analyses.append(pipeline.analyse(exam, settings, report))
    except InputError as error:
        return LeftOut(path, str(error).replace(str(path), path.name))
    first = analyses[0]
    if not freeze_frames.reference_shots(first.freeze_frames, first.shots):
        reason = (
            f"{path.name} has no freeze-frames to be measured by: none is frozen in it, and "
            "no NAME.freeze.csv lies beside it."
        )
        return LeftOut(path, reason)
    return MeasuredExam(path, dict(_all_rows(analyses, plan, watch)))


def _all_rows(
    analyses: Sequence[Analysis], plan: Plan, watch: _Watch
) -> Iterator[tuple[WayToChoose, Measures]]:
    names = [model_of(analysis) for analysis in analyses]
    for analysis, name, place in zip(analyses, names, plan.models, strict=True):
        title = name if names.count(name) == 1 else place  # copies of a model share its name
        for lane in by_model(analysis, plan.terms):
            yield WayToChoose(title, lane.length), agreement.measure(lane.summary)
    for baseline in plan.baselines:
        seeds = range(1, plan.seeds + 1) if baseline == "random scores" else (1,)
        draws: dict[WayToChoose, list[Measures]] = {}
        for seed in seeds:
            for lane in by_baseline(baseline, analyses[0], plan.terms, seed=seed):
                watch.tick()
                row = WayToChoose(lane.who, lane.length)
                draws.setdefault(row, []).append(agreement.measure(lane.summary))
        for row, measures in draws.items():
            yield row, agreement.mean(measures)


class _Watch:
    """Turns the progress of each exam's runs into progress of all exams, with the time left."""

    def __init__(self, count: int, progress: Report) -> None:
        self._count, self._progress = count, progress
        self._clock = Clock()
        self._last = Progress("experiment", 0.0)
        self._exam = 0

    def begin(self, exam: int, name: str) -> None:
        self._exam = exam
        self._report(exam / self._count, f"{exam + 1} of {self._count}: {name}", "")

    def tick(self) -> None:
        """Repeats the last report, so that a long choice can be cancelled."""
        self._progress(replace(self._last, message=""))

    def part(self, number: int, of: int) -> Report:
        """The progress callable for run `number` of the `of` runs of this exam."""

        def report(step: Progress) -> None:
            before = sum(_STAGE_SHARES[stage] for stage in STAGES[: STAGES.index(step.stage)])
            share = before + _STAGE_SHARES[step.stage] * step.fraction
            self._report(
                (self._exam + (number + share) / of) / self._count, step.message, step.device
            )

        return report

    def _report(self, fraction: float, message: str, device: str) -> None:
        fraction = max(fraction, self._last.fraction)  # an exam left out early must not set it back
        left_s = self._clock.seconds_left(fraction)
        self._last = Progress("experiment", fraction, left_s, message, device)
        self._progress(self._last)
