"""The only place that finds the program's own folders: models, resources, cache, user data."""

from __future__ import annotations

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


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
