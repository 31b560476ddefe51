"""Projects in the window: a person's edits come back when their recording is opened again.

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
    """A finished result with the person's earlier edits.

    Attributes:
        summary: The summary, with the edits made.
        computed: The analysis without the edits.
        edits: The edits; empty if there was no project.
        saved: The edits came from the project file.
        stamp: Stamp of that file as it was read, see `ui.session.saving.stamp_of`.
        locked: The file could not be used and must stay as it is: nothing is saved to it.
    """

    summary: Summary
    computed: Analysis
    edits: Edits
    saved: bool
    stamp: str | None = None
    locked: bool = False


def find_exam(project_path: Path) -> Operation:
    """An operation that returns a project's exam, the project's own path, and the video stream."""

    def work(report: Report) -> tuple[Path, Path, int]:
        report(Progress("reading", 0.0))
        project = load_project(project_path)
        exam_path = project.exam_path
        if not (may_look_at(exam_path, project_path) and exam_path.exists()):
            raise UnreadableFile(
                f"{exam_path}, which this project belongs to, cannot be found. Put it back, or put "
                "the project file beside it and open it there."
            )
        return exam_path, project_path, project.settings.video_stream

    return work


def resume(exam_path: Path, project_path: Path, analyse: Operation) -> Operation:
    """An operation that returns the result in a project, or else that of `analyse`.

    If the project file cannot be used and is the program's own, the recording is analysed, with a
    notice. If another recording is now in the place of the edited one, the file is renamed first.
    After any other fault (a drive that is away, a file of a newer version) it stays as it is, and
    nothing is saved to it. A project file that the person opened raises its error instead.
    """

    def work(report: Report) -> EditedSummary:
        outcome = _resumed(exam_path, project_path, report)
        if outcome.result is not None:
            return outcome.result
        summary = analyse(report)
        if outcome.notice:
            summary = replace(summary, notices=(*summary.notices, outcome.notice))
        computed = summary.analysis
        return EditedSummary(summary, computed, Edits(), saved=False, locked=outcome.locked)

    return work


@dataclass(frozen=True)
class _Outcome:
    """The outcome of reading a project file: a result, or a notice why there is none."""

    result: EditedSummary | None = None
    notice: str = ""
    locked: bool = False


def _resumed(exam_path: Path, project_path: Path, report: Report) -> _Outcome:
    own = project_path.parent == default_path(exam_path).parent
    try:
        stamp = _stamp(project_path)
        if stamp is None:
            return _Outcome()
        return _Outcome(replace(_result_of(project_path, exam_path, report), stamp=stamp))
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


def _other_recording(project_path: Path, error: OtherRecording) -> _Outcome:
    try:
        aside = set_aside(project_path)
    except OSError:
        return _left_alone(project_path, error)
    return _Outcome(
        notice=f"The edits made before belong to another recording; they are kept in {aside}. "
        f"{error}"
    )


def _left_alone(project_path: Path, error: UsummaryError) -> _Outcome:
    return _Outcome(
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
