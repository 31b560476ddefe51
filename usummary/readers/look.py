"""Lists the files below a folder, and reports progress while files are opened."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from usummary.errors import UnreadableFile
from usummary.progress import Clock, Progress, Report, silent

EVERY_S = 0.05
"""Least time between two reports."""


class Ticker:
    """Reports the share of the work that is done, at most once every `EVERY_S`."""

    def __init__(self, report: Report | None) -> None:
        self._report = report or silent
        self._fraction = 0.0
        self._last = -1.0
        self._clock = Clock()

    def __call__(self, fraction: float | None = None) -> None:
        """Report `fraction` of the stage ``reading`` if it is time to; None: the last fraction."""
        self._fraction = max(self._fraction, min(fraction or 0.0, 1.0))
        now = time.monotonic()
        if now - self._last >= EVERY_S:
            self._last = now
            left = self._clock.seconds_left(self._fraction)
            self._report(Progress("reading", self._fraction, left))


def files_below(folder: Path, tick: Callable[[], None]) -> list[Path]:
    """All files in a folder and below, by path.

    Links to folders are followed, but each folder is visited once, so that a link to a folder
    above it does not go on for ever. Broken links and unreadable folders below are skipped.

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
            state = os.stat(here)  # noqa: PTH116 - `Path` is too slow for 100,000 files
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
