"""What the window remembers between two starts: recent files, its place, what the person chose."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ui.common.theme import CHOICES, Choice
from usummary.paths import data_dir

RECENT = 8
CHOSEN: dict[str, tuple[str, ...]] = {"theme": CHOICES, "device": ("auto", "cpu", "cuda")}
"""What can be chosen, where it is one of a few."""


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

    def with_recent(self, path: Path) -> Preferences:
        """These, with `path` as the newest file."""
        name = str(path.absolute())
        others = [old for old in self.recent if old != name]
        return replace(self, recent=(name, *others)[:RECENT])


def _file() -> Path:
    return data_dir() / "window.json"


def load() -> Preferences:
    """What was kept; a default where nothing was, or nothing that could be meant."""
    try:
        values = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Preferences()
    if not isinstance(values, dict):
        return Preferences()
    kept: dict[str, Any] = {}
    for known in fields(Preferences):
        value = _sound(known.name, values.get(known.name))
        if value is not None:
            kept[known.name] = value
    return Preferences(**kept)


def _sound(name: str, value: Any) -> Any:
    """A kept value in its own type, or None if it is not of it."""
    if name == "recent":
        return tuple(map(str, value)) if isinstance(value, list) else None
    if name == "keys":
        if not isinstance(value, dict) or not all(isinstance(v, list) for v in value.values()):
            return None
        return {str(command): tuple(map(str, keys)) for command, keys in value.items()}
    if name == "cache_gb":
        return float(value) if isinstance(value, int | float) and value > 0 else None
    allowed = CHOSEN.get(name)
    if allowed is not None and value not in allowed:
        return None
    return value if type(value) is type(getattr(Preferences(), name)) else None


def save(preferences: Preferences) -> None:
    """Keeps them; a full disk or a read-only folder costs only the memory, so it is let pass."""
    try:
        beside = _file().with_suffix(".part")
        beside.write_text(json.dumps(asdict(preferences), indent=1), encoding="utf-8")
        beside.replace(_file())
    except OSError:
        return
