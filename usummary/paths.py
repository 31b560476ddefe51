"""Finds the program's own folders (models, resources, cache, data, log), and names other paths."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import platformdirs

APP = "usummary"
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}\Z|\.3gp\Z")
"""What follows other dots belongs to the name: ``exam 12.5 weeks``, ``1.2.840.10008``."""


def models_dir() -> Path:
    """Folder of the shipped models, one sub-folder each (`models/` of the project)."""
    return Path(str(resources.files("usummary._models")))


def resources_dir() -> Path:
    """Folder of icons, styles and default settings (`resources/` of the project)."""
    return Path(str(resources.files("usummary._resources")))


def cache_dir() -> Path:
    """Folder for what can be computed again: features, converted networks. Made on demand."""
    return _made(Path(platformdirs.user_cache_dir(APP, appauthor=False)))


def data_dir() -> Path:
    """Folder for what belongs to the person: settings, recent files. Made on demand."""
    return _made(Path(platformdirs.user_data_dir(APP, appauthor=False)))


def log_dir() -> Path:
    """Folder of the program's log. Made on demand."""
    return _made(Path(platformdirs.user_log_dir(APP, appauthor=False)))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def stem_of(path: Path) -> str:
    """Name of a recording or study folder without its ending; a folder has none."""
    name = path.absolute().name  # the folder "." has no name of its own
    return name if path.is_dir() else _ENDING.sub("", name)


def names_of(paths: Sequence[Path]) -> dict[Path, str]:
    """Exams' names from the folder down that all of them lie in."""
    whole = {path: path.absolute() for path in paths}
    try:
        shared = os.path.commonpath([path.parent for path in whole.values()])
    except ValueError:  # none, or on several drives
        return {path: str(there) for path, there in whole.items()}
    return {path: str(there.relative_to(shared)) for path, there in whole.items()}
