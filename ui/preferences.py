"""What the window remembers between two starts: recent files, its place, the notice once read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from usummary.paths import data_dir

RECENT = 8


@dataclass(frozen=True)
class Preferences:
    """Remembered values.

    Attributes:
        notice_read: The person has read that this is for research only.
        recent: Files and folders opened before, newest first.
        export_folder: Folder that the last export went to.
        geometry: The window's place on screen as Qt's own hexadecimal text.
    """

    notice_read: bool = False
    recent: tuple[str, ...] = ()
    export_folder: str = ""
    geometry: str = ""

    def with_recent(self, path: Path) -> Preferences:
        """These, with `path` as the newest file."""
        name = str(path.absolute())
        others = [old for old in self.recent if old != name]
        return replace(self, recent=(name, *others)[:RECENT])


def _file() -> Path:
    return data_dir() / "window.json"


def load() -> Preferences:
    """What was kept; the defaults where nothing was, or where it cannot be read."""
    try:
        values = json.loads(_file().read_text(encoding="utf-8"))
        values["recent"] = tuple(str(path) for path in values.get("recent", ()))
        return Preferences(**values)
    except (OSError, ValueError, TypeError, AttributeError):
        return Preferences()


def save(preferences: Preferences) -> None:
    """Keeps them; a full disk or a read-only folder costs only the memory, so it is let pass."""
    try:
        beside = _file().with_suffix(".part")
        beside.write_text(json.dumps(asdict(preferences), indent=1), encoding="utf-8")
        beside.replace(_file())
    except OSError:
        return
