"""Files below a folder, and reports while they are looked through."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from usummary.errors import UnreadableFile
from usummary.progress import Clock, Progress, Report, silent

EVERY_S = 0.05
"""Reports follow one another no sooner than this."""


class Ticker:
    """Passes on a share of the work done, often enough to be cancelled and no more often."""

    def __init__(self, report: Report | None) -> None:
        self._report = report or silent
        self._fraction = 0.0
        self._last = -1.0
        self._clock = Clock()

    def __call__(self, fraction: float | None = None) -> None:
        """Report `fraction` of the stage ``reading`` if it is time; None: as before."""
        self._fraction = max(self._fraction, min(fraction or 0.0, 1.0))
        now = time.monotonic()
        if now - self._last >= EVERY_S:
            self._last = now
            left = self._clock.seconds_left(self._fraction)
            self._report(Progress("reading", self._fraction, left))


def files_below(folder: Path, tick: Callable[[], None]) -> list[Path]:
    """All files in a folder and below, by path.

    Linked folders are followed, each folder once, so that a link to a folder around it ends.
    Broken links and what may not be read below are passed over.

    Raises:
        UnreadableFile: The folder itself is missing or may not be read.
    """
    try:
        os.scandir(folder).close()
    except NotADirectoryError as error:
        raise UnreadableFile(f"{folder} is no folder.") from error
    except OSError as error:
        raise UnreadableFile(
            f"The folder {folder} may not be read by this user. Ask for read permission."
        ) from error
    return sorted(Path(name) for name in _walk(str(folder), tick))


def _walk(folder: str, tick: Callable[[], None]) -> Iterator[str]:
    seen: set[tuple[int, int]] = set()
    folders = [folder]
    while folders:
        here = folders.pop()
        try:
            state = os.stat(here)  # noqa: PTH116 - a tree of 100,000 files is no place for `Path`
            if (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
            with os.scandir(here) as entries:
                for entry in entries:
                    tick()
                    if entry.is_dir():
                        folders.append(entry.path)
                    elif entry.is_file():
                        yield entry.path
        except OSError:
            continue
