"""Values that the window remembers between starts: recent files, place, the person's choices."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ui.common.theme import CHOICES, Choice
from usummary.errors import SettingsError
from usummary.files import beside
from usummary.paths import data_dir
from usummary.settings import parse_length

RECENT = 8
LARGEST_GB = 1000.0
"""Most GiB of cached features, as in the settings dialog."""
_LARGEST = 2**20
"""Most bytes of the file; a larger file was not written by the window."""
_LONGEST = 4096
"""Most characters of one text in the file."""
CHOSEN: dict[str, tuple[str, ...]] = {"theme": CHOICES, "device": ("auto", "cpu", "cuda")}
"""The allowed values of preferences with a few choices."""


@dataclass(frozen=True)
class Preferences:
    """Remembered values.

    Attributes:
        notice_read: The person has read that this is for research only.
        recent: Files and folders opened before, newest first.
        export_folder: Folder that the last export went to.
        geometry: The window's place on screen as Qt's own hexadecimal text.
        theme: ``dark``, ``light`` or ``system``.
        language: Code of the language that the window speaks.
        keys: Keys that the person chose, by what they do (`ui.window.keys.COMMANDS`).
        device: Where networks run, as in `Settings.device`.
        model: Summariser, as in `Settings.model`; empty: the program's own choice.
        length: Length that a newly opened exam starts with.
        cache_folder: Where features are kept; empty: the system's place for it.
        cache_gb: How much they may take, in GiB.
        damaged: What was kept but cannot be meant, for people; never kept itself.
    """

    notice_read: bool = False
    recent: tuple[str, ...] = ()
    export_folder: str = ""
    geometry: str = ""
    theme: Choice = "dark"
    language: str = "en"
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    device: str = "auto"
    model: str = ""
    length: str = "15%"
    cache_folder: str = ""
    cache_gb: float = 4.0
    damaged: tuple[str, ...] = ()

    def with_recent(self, path: Path) -> Preferences:
        """These preferences with `path` as the newest file."""
        name = str(path.absolute())
        others = [old for old in self.recent if old != name]
        return replace(self, recent=(name, *others)[:RECENT])


def _file() -> Path:
    return data_dir() / "window.json"


def load() -> Preferences:
    """What was kept; a default where nothing was, or nothing that could be meant.

    `Preferences.damaged` says which of them had to be set back.
    """
    try:
        values = _read(_file())
    except FileNotFoundError:
        return Preferences()
    except (OSError, ValueError, RecursionError):
        return Preferences(damaged=("all of them",))
    kept: dict[str, Any] = {}
    damaged = []
    for known in fields(Preferences):
        if known.name not in values or known.name == "damaged":
            continue
        value = _sound(known.name, values[known.name])
        if value is None:
            damaged.append(known.name.replace("_", " "))
        else:
            kept[known.name] = value
    return Preferences(**kept, damaged=tuple(damaged))


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _LARGEST:
        raise ValueError("too large")
    values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError("no preferences")
    return values


def _sound(name: str, value: Any) -> Any:
    """A remembered value in the type of its preference; None if it is of another type."""
    special = {"recent": _recent, "keys": _keys, "cache_gb": _gigabytes, "length": _length}
    if name in special:
        return special[name](value)
    if name in CHOSEN:
        return value if isinstance(value, str) and value in CHOSEN[name] else None
    if type(value) is not type(getattr(Preferences(), name)):
        return None
    if isinstance(value, str) and not (_is_text(value) and _fits(name, value)):
        return None
    return value


def _fits(name: str, value: str) -> bool:
    """Whether a text has the form that its preference needs."""
    if name in {"language", "model"}:  # becomes the name of a file or folder of the program
        return re.fullmatch(r"[\w.+-]*", value) is not None and ".." not in value
    return name != "geometry" or re.fullmatch(r"[0-9a-fA-F]*", value) is not None


def _is_text(value: object) -> bool:
    """Whether a value is a text that can be shown and can be a path."""
    if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate, which is no text
        return False
    return True


def _recent(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(map(_is_text, value)):
        return None
    return tuple(value[:RECENT])


def _keys(value: Any) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(value, dict):
        return None
    if not all(isinstance(keys, list) and all(map(_is_text, keys)) for keys in value.values()):
        return None
    return {command: tuple(keys) for command, keys in value.items()}


def _gigabytes(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value <= LARGEST_GB else None


def _length(value: Any) -> str | None:
    if not _is_text(value):
        return None
    with suppress(SettingsError):
        parse_length(value)
        return str(value)
    return None


def save(preferences: Preferences) -> None:
    """Saves preferences; on a full or read-only disk nothing is raised, and they are forgotten."""
    values = asdict(preferences)
    del values["damaged"]
    with suppress(OSError), beside(_file(), sync=True) as part:
        part.write_text(json.dumps(values, indent=1), encoding="utf-8")
