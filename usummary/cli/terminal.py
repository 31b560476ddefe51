"""What the command line shows: progress on stderr, results on stdout; and how signals end it.

`rich` is imported where something is shown, so that `usummary --help` starts quickly.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from usummary.progress import Cancelled, Progress, Report

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

TITLES = {
    "reading": "Reading",
    "features": "Features",
    "scoring": "Scoring",
    "selecting": "Selecting",
    "exporting": "Writing",
}
_LINE_EVERY_S = 10.0
_WIDE = 200
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Cancelled):
    """Ctrl-C or SIGTERM ended the work.

    Attributes:
        signum: The signal; a shell expects 128 more as exit code.
        text: What the person is told of it.
    """

    text = "Cancelled, nothing was written."

    def __init__(self, signum: int) -> None:
        super().__init__(f"ended by signal {signum}")
        self.signum = signum


def interrupt_on_signals() -> None:
    """Have Ctrl-C and SIGTERM raise `Interrupted` wherever the program is."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    raise Interrupted(number)


@contextmanager
def cancellable(report: Report) -> Iterator[Report]:
    """A `report` that raises `Interrupted` at its next call after a signal.

    So the work stops between two steps and never half-way through tidying up. A second signal
    does not wait for a report.
    """
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            _interrupt(number, frame)
        came.append(number)

    def checked(progress: Progress) -> None:
        if came and progress.fraction < 1:  # what is done stays done
            raise Interrupted(came[0])
        report(progress)

    before = [(number, signal.signal(number, note)) for number in _SIGNALS]
    try:
        yield checked
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def progress_display(titles: dict[str, str] = TITLES) -> Iterator[Report]:
    """Bars with the time left where a person watches, else plain lines."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _Lines(console, titles)
        return
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Bars(*columns, console=console) as bars:
        yield _Bars(bars, titles)


def duration(seconds: float) -> str:
    """Seconds as people read them: ``48.2 s``, ``12:05``, ``1:02:05``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _time_left(progress: Progress) -> str:
    seconds = progress.seconds_left
    if seconds is None or progress.fraction >= 1:
        return ""
    return f"{duration(max(seconds, 1))} left"


class _Bars:
    """One bar a stage."""

    def __init__(self, bars: Bars, titles: dict[str, str]) -> None:
        self._bars = bars
        self._titles = titles
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.stage not in self._tasks:
            title = self._titles[progress.stage]
            self._tasks[progress.stage] = self._bars.add_task(title, total=1.0, left="")
        task = self._tasks[progress.stage]
        self._bars.update(task, completed=progress.fraction, left=_time_left(progress))
        if progress.message:
            from rich.text import Text

            self._bars.console.print(Text(progress.message))


class _Lines:
    """One line when a stage starts, now and then while it lasts, and when it is done."""

    def __init__(self, console: Console, titles: dict[str, str]) -> None:
        self._console = console
        self._titles = titles
        self._began: dict[str, float] = {}
        self._finished: set[str] = set()
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage not in self._began:
            self._began[progress.stage] = self._last = now
            self._say(progress, "started")
        if progress.message:
            self._say(progress, progress.message)
        if progress.fraction >= 1 and progress.stage not in self._finished:
            self._finished.add(progress.stage)
            self._say(progress, f"done in {duration(now - self._began[progress.stage])}")
        elif now - self._last >= _LINE_EVERY_S:
            self._last = now
            left = _time_left(progress)
            self._say(progress, f"{progress.fraction:.0%}{', ' if left else ''}{left}")

    def _say(self, progress: Progress, text: str) -> None:
        from rich.text import Text

        self._console.print(Text(f"{self._titles[progress.stage]}: {text}"), soft_wrap=True)


# --- Results ------------------------------------------------------------------------------------


def out(text: str) -> None:
    """One line of a result, as it is: no markup, no wrapping."""
    _print(text, stderr=False)


def complain(text: str) -> None:
    """One line for the person on stderr."""
    _print(text, stderr=True)


def _print(text: str, *, stderr: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(stderr=stderr, highlight=False).print(Text(text), soft_wrap=True)


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Named values below each other."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        out(f"{name:<{width}}  {value}")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; numbers are the caller's to format. Only a terminal's width makes it wrap."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(grid)


def notices(texts: Sequence[str]) -> None:
    """Sentences that a person must see, each once."""
    for text in dict.fromkeys(texts):
        out(f"Note: {text}")


def allow_any_text() -> None:
    """Keep names that the terminal's encoding lacks from ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
