"""Exams that wait for their turn while another is computed. No Qt: tested without a display.

An exam of the queue is computed in the background and never replaces the exam on screen by itself.
Work on the exam on screen goes first: the queue's run is then stopped and put back. Later it
continues from the features that the engine's cache has kept.
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
        how: State of its run.
        reason: Why the run failed, one sentence.
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
        """Lets an exam wait, again if its run is over; one that waits or runs stays as it is."""
        entry = self._find(path)
        if entry is None:
            self.entries.append(Entry(path))
        elif entry.how in ("done", "failed"):
            self._put(replace(entry, how="waiting", reason=""))

    def remove(self, path: Path) -> None:
        """Takes an exam out of the queue, if it is in it."""
        self.entries = [entry for entry in self.entries if entry.path != path]

    def start(self) -> Path | None:
        """The exam whose turn it is, which now counts as running; None if none waits."""
        for entry in self.entries:
            if entry.how == "waiting":
                self._put(replace(entry, how="running"))
                return entry.path
        return None

    def put_back(self) -> None:
        """Lets the running exam wait again, at its place."""
        for entry in self.entries:
            if entry.how == "running":
                self._put(replace(entry, how="waiting"))

    def finish(self, path: Path, reason: str = "") -> None:
        """Marks an exam's run as done, or as failed for a reason."""
        entry = self._find(path)
        if entry is not None:
            self._put(replace(entry, how="failed" if reason else "done", reason=reason))

    def _find(self, path: Path) -> Entry | None:
        return next((entry for entry in self.entries if entry.path == path), None)

    def _put(self, new: Entry) -> None:
        self.entries = [new if entry.path == new.path else entry for entry in self.entries]
