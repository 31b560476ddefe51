"""Which exams a folder holds."""

from __future__ import annotations

from pathlib import Path

from usummary.errors import UnreadableFile
from usummary.readers.dicom.header import read_header

_FILES = {".mp4", ".mov", ".mkv", ".avi", ".mpeg", ".mpg", ".webm", ".dcm"}


def find_exams(folder: Path) -> list[Path]:
    """The recordings and study folders directly inside a folder, by name.

    Raises:
        UnreadableFile: There is none.
    """
    if not folder.is_dir():
        raise UnreadableFile(f"{folder} is no folder. Name one that holds recordings.")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _FILES or (path.is_dir() and any(path.glob("*.dcm")))
    )
    if not found:
        raise UnreadableFile(f"{folder} holds no recordings. Name a folder that does.")
    return found


def exams_at(path: Path) -> list[Path]:
    """A file or the folder of one study as it is; of another folder, the exams it holds.

    Raises:
        UnreadableFile: It is a folder that holds none.
    """
    if not path.is_dir():
        return [path]
    found = find_exams(path)
    return [path] if _are_one_study(found) else found


def _are_one_study(files: list[Path]) -> bool:
    if any(file.suffix.lower() != ".dcm" or file.is_dir() for file in files):
        return False
    try:
        return len({str(read_header(file).dataset.get("StudyInstanceUID")) for file in files}) == 1
    except UnreadableFile:
        return False
