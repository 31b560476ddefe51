"""Projects of the window: what was edited comes back with its recording.

A project is one file (`usummary.project`); `ui.session.saving` writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ui import liveness
from ui.session import jobs
from ui.session.worker import Operation
from usummary.errors import UnreadableFile, UsummaryError
from usummary.progress import Progress, Report
from usummary.project import check_recording, default_path, load_project, may_look_at
from usummary.selection.edits import Edits
from usummary.types import Analysis, Summary

SET_ASIDE = ".unused"


@dataclass(frozen=True)
class Result:
    """A finished result with what the person had changed about it.

    Attributes:
        summary: What was chosen, with the edits.
        computed: Its analysis without the edits.
        edits: The edits; none where there was no project.
        saved: They came from the project's file.
    """

    summary: Summary
    computed: Analysis
    edits: Edits
    saved: bool


def find_exam(project_path: Path) -> Operation:
    """Returns the paths of the exam that a project belongs to, and of the project."""

    def work(report: Report) -> tuple[Path, Path]:
        report(Progress("reading", 0.0))
        exam_path = load_project(project_path).exam_path
        if not (may_look_at(exam_path, project_path) and exam_path.exists()):
            raise UnreadableFile(
                f"{exam_path}, which this project belongs to, cannot be found. Put it back, or put "
                "the project file beside it and open it there."
            )
        return exam_path, project_path

    return work


def resume(exam_path: Path, project_path: Path, analyse: Operation) -> Operation:
    """The result that a project holds, else that of `analyse`, which returns a `Summary`.

    The program's own project file of a recording whose content changed, or one that is damaged, is
    set aside and the recording is analysed; a file that the person opened is an error then.
    """

    def work(report: Report) -> Result:
        own = project_path == default_path(exam_path)
        notice = ""
        if project_path.exists():
            try:
                return _result_of(project_path, exam_path, report)
            except UsummaryError as error:
                if not own:
                    raise
                project_path.replace(project_path.with_suffix(SET_ASIDE))
                notice = f"The edits made before are not used. {error}"
        summary = analyse(report)
        if notice:
            summary = replace(summary, notices=(*summary.notices, notice))
        return Result(summary, summary.analysis, Edits(), saved=False)

    return work


def _result_of(project_path: Path, exam_path: Path, report: Report) -> Result:
    project = load_project(project_path)
    if project.exam_path != exam_path:
        project = replace(
            project, exam_path=exam_path, analysis=replace(project.analysis, path=exam_path)
        )
    check_recording(project, lambda: report(Progress("reading", 0.5)))
    choice = project.edits, project.length, project.cover_planes
    summary = jobs.select(project.analysis, choice, project.settings.mode)
    liveness.engine_is_loaded()
    return Result(summary, project.analysis, project.edits, saved=True)
