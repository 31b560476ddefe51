"""Puts an exception into words for the person: sentence, cause, one action, details to pass on."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import PySide6

from ui.common.language import tr
from usummary import __version__, log, scrubbing
from usummary.errors import DeviceError, ExportError, InputError, UsummaryError

Action = Literal["open", "run", "cpu", "export", "compare", "cohort", "go_on"]
ACTIONS: dict[Action, str] = {
    "open": "Open another recording",
    "run": "Try again",
    "cpu": "Run on the CPU",
    "export": "Choose another folder",
    "compare": "Try again",
    "cohort": "Try again",
    "go_on": "Go on",
}


@dataclass(frozen=True)
class Problem:
    """What the error panel shows.

    Attributes:
        sentence: What happened, and what to do.
        cause: The underlying error, or empty.
        action: The one action that most likely helps.
        details: For a person who is asked for help: versions, where it happened, the end of the
            log; nothing that could name a patient.
    """

    sentence: str
    cause: str
    action: Action
    details: str


def describe(error: Exception, doing: Action, paths: tuple[Path, ...] = ()) -> Problem:
    """A problem from the exception that ended an operation.

    Args:
        error: The exception.
        doing: The action to offer if the error's kind suggests no better one.
        paths: The person's files and folders, to be hidden: libraries name them in their messages.
    """
    scrubbing.keep_secret(*paths)
    cause = f"{type(error.__cause__).__name__}: {error.__cause__}" if error.__cause__ else ""
    action = doing
    if isinstance(error, UsummaryError):
        sentence = str(error)
        if isinstance(error, DeviceError):
            action = "cpu"
        elif isinstance(error, ExportError) and doing not in ("compare", "cohort"):
            action = "export"
        elif isinstance(error, InputError):
            action = "open"
    elif doing == "go_on":
        sentence = tr(
            "Something unexpected went wrong inside usummary. You can go on; if it comes again, "
            "start usummary anew."
        )
        cause = f"{type(error).__name__}: {error}"
    else:
        sentence = tr(
            "Something unexpected went wrong inside usummary. Nothing of yours was changed."
        )
        cause = f"{type(error).__name__}: {error}"
    return Problem(sentence, cause, action, _details(scrubbing.trace(error)))


def crashed() -> Problem:
    """The problem to show after an earlier process crashed; its trace is in the log."""
    sentence = tr(
        "usummary ended unexpectedly the last time. Edits that were shown as saved are there when "
        "you open their recording again."
    )
    return Problem(sentence, "", "go_on", _details(""))


def _details(trace: str) -> str:
    """Versions, where it happened, and the end of the log, without what could name a patient."""
    versions = (
        f"usummary {__version__}, PySide6 {PySide6.__version__}, {platform.platform()}, "
        f"Python {platform.python_version()}"
    )
    last = log.last_lines()
    parts = (versions, trace, f"The end of the log:\n{last}" if last else "")
    return "\n\n".join(part for part in parts if part) + "\n"
