"""Exams that wait for their turn while another is computed. No Qt: tested without a display.

An exam of the queue is computed beside the one on screen and never takes its place by itself. What
the person asks of the exam on screen goes first: the queue's run is then put back, and goes on
later from what the engine's cache has kept of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

How = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One exam of the queue.

    Attributes:
        path: Its recording or study folder.
        how: What became of it so far.
        reason: Why it failed, one sentence.
    """

    path: Path
    how: How = "waiting"
    reason: str = ""


@dataclass
class Queue:
    """The exams in the order they were added; at most one is running."""

    entries: list[Entry] = field(default_factory=list)

    @property
    def running(self) -> Path | None:
        """The exam that is being computed."""
        return next((entry.path for entry in self.entries if entry.how == "running"), None)

    def add(self, path: Path) -> None:
        """Has an exam wait; one that is over waits again, one that waits or runs stays."""
        entry = self._find(path)
        if entry is None:
            self.entries.append(Entry(path))
        elif entry.how in ("done", "failed"):
            self._put(replace(entry, how="waiting", reason=""))

    def remove(self, path: Path) -> None:
        """Takes an exam out; nothing happens where it is not in."""
        self.entries = [entry for entry in self.entries if entry.path != path]

    def start(self) -> Path | None:
        """The exam whose turn it is, which now counts as running; None if none waits."""
        for entry in self.entries:
            if entry.how == "waiting":
                self._put(replace(entry, how="running"))
                return entry.path
        return None

    def put_back(self) -> None:
        """The running exam waits again, at its place."""
        for entry in self.entries:
            if entry.how == "running":
                self._put(replace(entry, how="waiting"))

    def finish(self, path: Path, reason: str = "") -> None:
        """An exam is over: computed, or failed for a reason."""
        entry = self._find(path)
        if entry is not None:
            self._put(replace(entry, how="failed" if reason else "done", reason=reason))

    def _find(self, path: Path) -> Entry | None:
        return next((entry for entry in self.entries if entry.path == path), None)

    def _put(self, new: Entry) -> None:
        self.entries = [new if entry.path == new.path else entry for entry in self.entries]
