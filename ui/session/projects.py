"""Projects of the window: what was edited comes back with its recording.

A project is one file (`usummary.project`); `ui.session.saving` writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ui import liveness
from ui.session import jobs
from ui.session.saving import set_aside, stamp_of
from ui.session.worker import Operation
from usummary.errors import OtherRecording, UnreadableFile, UsummaryError
from usummary.progress import Progress, Report
from usummary.project import check_recording, default_path, load_project, may_look_at
from usummary.selection.edits import Edits
from usummary.types import Analysis, Summary


@dataclass(frozen=True)
class EditedSummary:
    """A finished result with what the person had changed about it.

    Attributes:
        summary: What was chosen, with the edits.
        computed: Its analysis without the edits.
        edits: The edits; none where there was no project.
        saved: They came from the project's file.
        stamp: Of that file as it was read, see `ui.session.saving.stamp_of`.
        locked: The file could not be used and must stay as it is: nothing is saved to it.
    """

    summary: Summary
    computed: Analysis
    edits: Edits
    saved: bool
    stamp: str | None = None
    locked: bool = False


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

    The program's own project file is set aside where another recording lies in the place of the
    one that was edited. For any other fault (a drive that is away, a file of a newer version) it
    stays as it is and nothing is saved to it. The recording is analysed then, with a notice. A file
    that the person opened is an error instead.
    """

    def work(report: Report) -> EditedSummary:
        found = _resumed(exam_path, project_path, report)
        if found.result is not None:
            return found.result
        summary = analyse(report)
        if found.notice:
            summary = replace(summary, notices=(*summary.notices, found.notice))
        computed = summary.analysis
        return EditedSummary(summary, computed, Edits(), saved=False, locked=found.locked)

    return work


@dataclass(frozen=True)
class _Found:
    """What a project file gives: a result, or a notice why it gives none."""

    result: EditedSummary | None = None
    notice: str = ""
    locked: bool = False


def _resumed(exam_path: Path, project_path: Path, report: Report) -> _Found:
    own = project_path == default_path(exam_path)
    try:
        stamp = _stamp(project_path)
        if stamp is None:
            return _Found()
        return _Found(replace(_result_of(project_path, exam_path, report), stamp=stamp))
    except OtherRecording as error:
        if not own:
            raise
        return _other_recording(project_path, error)
    except UsummaryError as error:
        if not own:
            raise
        return _left_alone(project_path, error)


def _stamp(path: Path) -> str | None:
    try:
        return stamp_of(path)
    except OSError as error:
        raise UnreadableFile(
            f"The project file {path} cannot be read: {error.strerror or error}. Check the disk."
        ) from error


def _other_recording(project_path: Path, error: OtherRecording) -> _Found:
    try:
        aside = set_aside(project_path)
    except OSError:
        return _left_alone(project_path, error)
    return _Found(
        notice=f"The edits made before belong to another recording; they are kept in {aside}. "
        f"{error}"
    )


def _left_alone(project_path: Path, error: UsummaryError) -> _Found:
    return _Found(
        notice=f"The edits made before could not be used. They stay in {project_path}, and new "
        f"edits are not saved unless you save the project as another file. {error}",
        locked=True,
    )


def _result_of(project_path: Path, exam_path: Path, report: Report) -> EditedSummary:
    project = load_project(project_path)
    if project.exam_path != exam_path:
        project = replace(
            project, exam_path=exam_path, analysis=replace(project.analysis, path=exam_path)
        )
    check_recording(project, lambda: report(Progress("reading", 0.5)))
    choice = project.edits, project.length, project.cover_planes
    summary = jobs.select(project.analysis, choice, project.settings.mode)
    liveness.engine_is_loaded()
    return EditedSummary(summary, project.analysis, project.edits, saved=True)
