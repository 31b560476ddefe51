"""Finds the program's own folders (models, resources, cache, data, log), and names other paths."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import platformdirs

APP = "usummary"


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


def names_of(paths: Sequence[Path]) -> dict[Path, str]:
    """Exams' names from the folder down that all of them lie in."""
    whole = {path: path.absolute() for path in paths}
    try:
        shared = os.path.commonpath([path.parent for path in whole.values()])
    except ValueError:  # none, or on several drives
        return {path: str(there) for path, there in whole.items()}
    return {path: str(there.relative_to(shared)) for path, there in whole.items()}
