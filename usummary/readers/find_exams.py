"""Which exams a folder holds. Only this module defines what counts as a recording."""

from __future__ import annotations

from pathlib import Path

from usummary.errors import UnreadableFile
from usummary.progress import Report
from usummary.readers.dicom.instances import Instance, look_through
from usummary.readers.dicom.study import of_several_patients
from usummary.readers.look import Ticker, files_below

VIDEO_ENDINGS = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".qt",
        ".mkv",
        ".webm",
        ".avi",
        ".divx",
        ".mpg",
        ".mpeg",
        ".mpe",
        ".m1v",
        ".m2v",
        ".vob",
        ".ts",
        ".m2ts",
        ".mts",
        ".wmv",
        ".asf",
        ".flv",
        ".f4v",
        ".3gp",
        ".3g2",
        ".ogv",
        ".ogm",
        ".mxf",
        ".dv",
        ".h264",
        ".264",
        ".avc",
        ".h265",
        ".265",
        ".hevc",
        ".mjpeg",
        ".mjpg",
        ".y4m",
        ".ivf",
        ".nut",
    }
)
"""Endings of video files, in small letters. DICOM files are recognised by their content."""


def find_exams(folder: Path, progress: Report | None = None) -> list[Path]:
    """The recordings and studies in a folder, by name, each as `open_exam` takes it.

    A folder directly inside is one exam if all files below it belong to one study, in whatever
    folders of series. If it holds several studies, it is searched in the same way.

    Raises:
        UnreadableFile: There is none, or the folder may not be read.
    """
    if not folder.is_dir():
        raise UnreadableFile(f"{folder} is no folder. Name one that holds recordings.")
    exams = _exams_in(folder, Ticker(progress))
    if not exams:
        raise UnreadableFile(f"{folder} holds no recordings. Name a folder that does.")
    return exams


def exams_at(path: Path, progress: Report | None = None) -> list[Path]:
    """`path` itself if it is a file or the folder of one study, else the exams in the folder.

    Raises:
        UnreadableFile: It is a folder without exams.
    """
    if not path.is_dir():
        return [path]
    tick = Ticker(progress)
    files = files_below(path, tick)
    if not any(_is_video(file) for file in files if file.parent == path):
        instances = look_through(files, lambda _: tick()).instances
        if _is_one_study(instances):
            return [_folder_of(path, instances)]
    return find_exams(path, progress)


def _folder_of(path: Path, instances: tuple[Instance, ...]) -> Path:
    """`path`, or the folder directly in it if that holds all files: its name is the study's."""
    parents = {instance.header.path.parent for instance in instances}
    (only, *others) = parents
    return only if not others and only.parent == path else path


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_ENDINGS


def _exams_in(folder: Path, tick: Ticker) -> list[Path]:
    files = files_below(folder, tick)
    here = [file for file in files if file.parent == folder]
    exams = [file for file in here if _is_video(file)]
    others = [file for file in here if not _is_video(file)]
    alone = look_through(others, lambda _: tick()).instances
    exams += [instance.header.path for instance in alone if instance.header.is_cine]
    inside = sorted({folder / file.relative_to(folder).parts[0] for file in files} - set(here))
    for child in inside:
        below = look_through(files_below(child, tick), lambda _: tick()).instances
        if _is_one_study(below):
            exams.append(child)
        elif below:
            exams += _exams_in(child, tick)
    return sorted(exams)


def _is_one_study(instances: tuple[Instance, ...]) -> bool:
    """Whether `open_exam` takes a folder with these instances as one exam."""
    studies = {instance.study for instance in instances} - {""}
    cines = any(instance.header.is_cine for instance in instances)
    return cines and len(studies) <= 1 and not of_several_patients(instances)
