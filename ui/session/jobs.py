"""The window's long work, each piece as an operation for `ui.session.worker.Worker`.

The engine is imported inside the operations, because its libraries take seconds to load.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ui import liveness
from ui.session.worker import Operation
from usummary.paths import cache_dir
from usummary.progress import Progress, Report
from usummary.selection.edits import Edits
from usummary.settings import Settings, make_settings
from usummary.types import Analysis, Summary

if TYPE_CHECKING:
    from usummary.agreement import Measure
    from usummary.analysis.preview import Show
    from usummary.comparing.cohort import Against, Cohort, LeftOut, MeasuredExam, Plan
    from usummary.comparing.one_exam import Baseline, Compared
    from usummary.export import ExportOptions
    from usummary.selection.choose import Mode

SAMPLE_MINUTES = 2.0
SAMPLE_SEED = 1
YIELD_S = 0.15
"""While somebody watches, a run pauses this long after each clip, several times as long as a clip
takes to compute: decoding what is watched then has most of the processor."""


def analyse(
    path: Path,
    settings: Settings,
    preview: Show | None = None,
    *,
    watched: Callable[[], bool] = lambda: False,
) -> Operation:
    """Everything from the file to a `Summary`.

    It also prepares what the main thread calls later: choosing once compiles the kernels, and the
    export's libraries are loaded.

    Args:
        path: The exam.
        settings: Settings of the run.
        preview: Called in the worker's thread with provisional scores.
        watched: Whether somebody watches pictures now; the run then yields to the player.
    """

    def work(report: Report) -> Summary:
        report(Progress("reading", 0.0))
        from usummary import pipeline

        def yielding(progress: Progress) -> None:
            report(progress)
            if watched():
                time.sleep(YIELD_S)

        summary = pipeline.summarize(path, settings, yielding, preview)
        importlib.import_module("usummary.export")
        liveness.engine_is_loaded()
        return summary

    return work


def select(computed: Analysis, choice: tuple[Edits, str, bool], mode: Mode) -> Summary:
    """The summary for edits, length and covering; quick enough for the main thread."""
    from usummary import pipeline

    edits, length, cover_planes = choice
    settings = make_settings(computed.provenance.settings)
    wanted = settings.model_copy(update={"mode": mode, "cover_planes": cover_planes})
    return pipeline.select(computed, length, mode, edits, cover_s=wanted.covering_s)


def list_summarisers() -> Operation:
    """Names of the installed models that score exams."""

    def work(report: Report) -> tuple[str, ...]:
        report(Progress("reading", 0.0))
        from usummary import pipeline

        importlib.import_module(
            "usummary.comparing.cohort"
        )  # which the main thread will ask things of
        return tuple(model.name for model in pipeline.models() if model.role == "summariser")

    return work


def compare(
    analyses: Sequence[Analysis],
    baselines: Sequence[Baseline],
    choice: tuple[Edits, Sequence[str], bool],
) -> Operation:
    """The lanes of a comparison, in order.

    Args:
        analyses: Analyses of one exam by several models; baselines use the shots of the first.
        baselines: The wanted baselines.
        choice: Edits (only those of freeze-frames count), lengths, and covering of planes.
    """

    def work(report: Report) -> tuple[Compared, ...]:
        report(Progress("selecting", 0.0))
        from usummary.comparing import one_exam

        edits, lengths, cover_planes = choice
        settings = make_settings(analyses[0].provenance.settings)
        settings = settings.model_copy(update={"cover_planes": cover_planes})
        terms = one_exam.Terms(
            settings.mode, settings.covering_s, one_exam.freeze_edits(edits), tuple(lengths)
        )
        groups = [one_exam.by_model(analysis, terms) for analysis in analyses]
        groups += [one_exam.by_baseline(name, analyses[0], terms) for name in baselines]
        lanes: list[Compared] = []
        for number, group in enumerate(groups):
            for lane in group:
                lanes.append(lane)
                report(Progress("selecting", number / len(groups)))
        return tuple(lanes)

    return work


def save_figure(path: Path, lanes: Sequence[Compared]) -> Operation:
    """The lanes as a picture with its data beside it; returns both paths."""

    def work(report: Report) -> tuple[Path, Path]:
        report(Progress("exporting", 0.0))
        from usummary.comparing.exam_figure import figure_of_lanes
        from usummary.comparing.figure import save_figure

        return save_figure(path, figure_of_lanes(lanes))

    return work


def list_exams(paths: Sequence[Path]) -> Operation:
    """The exams at these paths: files, studies, and those found in other folders."""

    def work(report: Report) -> list[Path]:
        report(Progress("reading", 0.0))
        from usummary.readers.find_exams import exams_at

        return [exam for path in paths for exam in exams_at(path)]

    return work


def measure(
    paths: Sequence[Path], plan: Plan, found: Callable[[MeasuredExam | LeftOut], None]
) -> Operation:
    """Measures exams of a cohort; `found` is called in the worker's thread with each."""

    def work(report: Report) -> Cohort:
        report(Progress("experiment", 0.0))
        from usummary.comparing import cohort

        return cohort.measure_all(paths, plan, report, found)

    return work


def save_cohort_values(path: Path, cohort: Cohort) -> Operation:
    """Every exam's values as CSV; returns its path."""

    def work(report: Report) -> tuple[Path]:
        report(Progress("exporting", 0.0))
        from usummary.comparing.cohort_report import save_values

        return (save_values(path, [cohort]),)

    return work


def save_cohort_figure(
    path: Path, cohort: Cohort, measure: Measure, against: Against | None
) -> Operation:
    """A cohort's means as a picture with its data beside it; returns both paths."""

    def work(report: Report) -> tuple[Path, Path]:
        report(Progress("exporting", 0.0))
        from usummary.comparing.cohort_report import figure_of_cohort
        from usummary.comparing.figure import save_figure

        return save_figure(path, figure_of_cohort(cohort, measure, against))

    return work


def export(
    path: Path, summary: Summary, folder: Path, options: ExportOptions, stream: int = 0
) -> Operation:
    """Writes the artefacts; returns their paths."""

    def work(report: Report) -> tuple[Path, ...]:
        report(Progress("exporting", 0.0))
        from usummary.export import export_summary
        from usummary.readers import open_exam

        with open_exam(path, stream=stream) as exam:
            return export_summary(exam, summary, folder, options, report)

    return work


def render_sample() -> Operation:
    """The simulated exam, rendered on first use; returns its path."""

    def work(report: Report) -> Path:
        report(Progress("exporting", 0.0))
        folder = cache_dir() / "sample"
        folder.mkdir(exist_ok=True)
        path = folder / "simulated exam.mp4"
        if not path.exists():
            from usummary.phantom import render

            render(path, minutes=SAMPLE_MINUTES, seed=SAMPLE_SEED, progress=report)
        return path

    return work
