"""An exception in words for the person: sentence, cause, one action, and details to pass on."""

from __future__ import annotations

import platform
import re
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import PySide6

from ui.common.language import tr
from usummary import __version__
from usummary.errors import DeviceError, ExportError, InputError, UsummaryError

Action = Literal["open", "run", "cpu", "export", "compare", "cohort"]
ACTIONS: dict[Action, str] = {
    "open": "Open another recording",
    "run": "Try again",
    "cpu": "Run on the CPU",
    "export": "Choose another folder",
    "compare": "Try again",
    "cohort": "Try again",
}


@dataclass(frozen=True)
class Problem:
    """What the error panel shows.

    Attributes:
        sentence: What happened, and what to do.
        cause: What lies behind it, or empty.
        action: The one thing that most likely helps.
        details: For whoever is asked for help; names no file and no folder.
    """

    sentence: str
    cause: str
    action: Action
    details: str


def describe(error: Exception, doing: Action, paths: tuple[Path, ...] = ()) -> Problem:
    """A problem from the exception that ended an operation.

    Args:
        error: The exception.
        doing: What the person would do again where the error says nothing better.
        paths: Files and folders of the person; taken out of the details.
    """
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
    else:
        sentence = tr(
            "Something unexpected went wrong inside usummary. Nothing of yours was changed."
        )
        cause = f"{type(error).__name__}: {error}"
    return Problem(sentence, cause, action, _details(error, paths))


def _details(error: Exception, paths: tuple[Path, ...]) -> str:
    """Versions and traceback, without what could name a patient."""
    where = f"usummary {__version__}, PySide6 {PySide6.__version__}, {platform.platform()}"
    text = "".join(traceback.format_exception(error))
    for path in paths:
        # The longest form first: the full path, then the folder, then the bare names.
        for secret in (str(path), str(path.parent), path.name, path.stem):
            if len(secret) > 1:
                text = text.replace(secret, f"<hidden{path.suffix}>")
    home = re.escape(str(Path.home()))
    text = re.sub(rf"{home}(?=[/\\])", "~", text)
    return f"{where}, Python {platform.python_version()}\n{text}"
