"""Which exams a folder holds; what counts as a recording is said here and nowhere else."""

from __future__ import annotations

from pathlib import Path

from usummary.errors import UnreadableFile
from usummary.progress import Report
from usummary.readers.dicom.instances import Instance, look_through, of_several_patients
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
"""Endings of video files, in small letters. DICOM files are known by what is in them."""


def find_exams(folder: Path, progress: Report | None = None) -> list[Path]:
    """The recordings and studies in a folder, by name, each as `open_exam` takes it.

    A folder directly inside is one exam if it holds one study, however deep, in however many
    folders of series; if it holds several, they are looked for in it.

    Raises:
        UnreadableFile: There is none, or the folder may not be read.
    """
    if not folder.is_dir():
        raise UnreadableFile(f"{folder} is no folder. Name one that holds recordings.")
    found = _exams_in(folder, Ticker(progress))
    if not found:
        raise UnreadableFile(f"{folder} holds no recordings. Name a folder that does.")
    return found


def exams_at(path: Path, progress: Report | None = None) -> list[Path]:
    """A file or the folder of one study as it is; of another folder, the exams it holds.

    Raises:
        UnreadableFile: It is a folder that holds none.
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
    """`path`, or the folder in it that all the files lie in: it bears the study's name."""
    parents = {instance.header.path.parent for instance in instances}
    (only, *others) = parents
    return only if not others and only.parent == path else path


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_ENDINGS


def _exams_in(folder: Path, tick: Ticker) -> list[Path]:
    files = files_below(folder, tick)
    here = [file for file in files if file.parent == folder]
    found = [file for file in here if _is_video(file)]
    others = [file for file in here if not _is_video(file)]
    alone = look_through(others, lambda _: tick()).instances
    found += [instance.header.path for instance in alone if instance.header.is_cine]
    inside = sorted({folder / file.relative_to(folder).parts[0] for file in files} - set(here))
    for child in inside:
        below = look_through(files_below(child, tick), lambda _: tick()).instances
        if _is_one_study(below):
            found.append(child)
        elif below:
            found += _exams_in(child, tick)
    return sorted(found)


def _is_one_study(instances: tuple[Instance, ...]) -> bool:
    """Whether `open_exam` takes a folder with these instances as one exam."""
    studies = {instance.study for instance in instances} - {""}
    cines = any(instance.header.is_cine for instance in instances)
    return cines and len(studies) <= 1 and not of_several_patients(instances)
