"""The log: what the program did and where it failed, in one file for all its processes.

`start` is called once by whoever starts the program. From then on what modules tell their loggers
(``logging.getLogger(__name__)``) is written down, and so is every exception that nobody caught, in
whatever thread, and the place where a native library crashed. Nothing is written that could name a
patient (`usummary.scrubbing`); see docs/decisions/log.md.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import platform
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar

from usummary import paths, scrubbing
from usummary.scrubbing import Plain

NAME = "usummary.log"
LARGEST = 1_000_000
"""Bytes after which a new file is begun."""
OLDER = 2
"""Files that are kept beside the newest."""
_LOCK_IS_STALE_S = 10.0
_LAST_LINES = 60
_CRASH = "crash-{}.txt"
_OF_A_CRASH = re.compile(
    r"(Fatal Python error|Windows fatal exception|Current thread|Thread|Extension modules)\b.*"
    r"|  File .*|  Binary file .*|  <.*>|  \.\.\."
)
_QUOTED_FILE = re.compile(r'file "([^"]*)"', re.IGNORECASE)
_NOT_CAUGHT = "An exception was not caught"
_LINE = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
logger = logging.getLogger(__name__)


class _Started:
    """What `start` set up in this process."""

    file: SharedFile | None = None
    handlers: tuple[logging.Handler, ...] = ()
    hooks: tuple[Any, ...] = ()
    listener: Callable[[Exception], None] | None = None
    crash: IO[str] | None = None
    faults: ClassVar[Counter[str]] = Counter()


def start(program: str, *, shown: bool = False) -> list[str]:
    """Begins the log of this process, at most once.

    Args:
        program: Its name and versions.
        shown: Print what is logged on stderr too, with details.

    Returns:
        Crashes of earlier processes, which are in the log now.
    """
    if _Started.handlers:
        return []
    for package in ("usummary", "ui"):
        logging.getLogger(package).setLevel(logging.DEBUG if shown else logging.INFO)
    try:
        folder = paths.log_dir()
        _Started.file = SharedFile(folder / NAME)
    except OSError as error:
        sys.stderr.write(f"usummary: no log is kept: {error.strerror}.\n")
    screen = logging.StreamHandler() if shown else None
    _Started.handlers = tuple(one for one in (_Started.file, screen) if one is not None)
    for handler in _Started.handlers:
        handler.setFormatter(Scrubbed(_LINE))
        logging.getLogger().addHandler(handler)
    _catch()
    logger.info("%s starts, Python %s", Plain(program), Plain(platform.python_version()))
    logger.info("It runs on %s", Plain(platform.platform()))
    crashes = []
    if _Started.file is not None:
        crashes = _fold_crashes(folder)
        _watch_for_crashes(folder)
    return crashes


def stop() -> None:
    """Gives back what `start` took over; a crash while the process ends is still recorded."""
    for handler in _Started.handlers:
        logging.getLogger().removeHandler(handler)
    if _Started.hooks:
        sys.excepthook, threading.excepthook, sys.unraisablehook = _Started.hooks
    _Started.file, _Started.handlers, _Started.hooks, _Started.listener = None, (), (), None
    _Started.faults.clear()


def tell(listener: Callable[[Exception], None]) -> None:
    """Has `listener` called with every exception that nobody caught, in the thread it arose in."""
    _Started.listener = listener


def _catch() -> None:
    """Has Python give exceptions that nobody caught to `_take`."""
    _Started.hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = _take
    threading.excepthook = lambda args: _take(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _take(args.exc_type, args.exc_value, args.exc_traceback)


def fault(error: BaseException, what: str = _NOT_CAUGHT) -> None:
    """Logs an exception with the functions it passed through; one that repeats, ever more rarely.

    Args:
        error: The exception.
        what: A constant text that says who met it.
    """
    key = f"{type(error).__name__} {scrubbing.place(error)}"
    _Started.faults[key] += 1
    count = _Started.faults[key]
    if count == 1:
        logger.error(what, exc_info=error)
    elif count & (count - 1) == 0:  # 2, 4, 8: one that comes with every picture fills no disk
        logger.error("%s, for the %d. time: %s", what, count, Plain(key))


def last_lines() -> str:
    """The end of the log, without what could name a patient; empty where there is none."""
    if _Started.file is None:
        return ""
    try:
        text = _Started.file.path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-_LAST_LINES:])


class Scrubbed(logging.Formatter):
    """Writes records without anything that could name a patient.

    Of the program's own records the constant text stays, with numbers and what is marked as
    `Plain`; of a library's only who said something, and how grave it is.
    """

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        record.message = self._message(record)
        record.asctime = self.formatTime(record)
        text = self.formatMessage(record)
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            text += "\n" + scrubbing.trace(error)
        return text.replace("\n", "\n    ")

    def _message(self, record: logging.LogRecord) -> str:
        if record.name.partition(".")[0] not in ("usummary", "ui"):
            return f"{scrubbing.short_file(record.pathname)}:{record.lineno} said something"
        told = str(record.msg)
        if not record.args or not scrubbing.is_source(told):
            return scrubbing.known_words(record.getMessage())
        args = record.args if isinstance(record.args, tuple) else (record.args,)
        return told % tuple(map(_plain, args))


def _plain(value: object) -> object:
    """A value that is filled into a record."""
    if value is None or isinstance(value, int | float | Plain):
        return value
    return scrubbing.known_words(value) if isinstance(value, str) else type(value).__name__


class SharedFile(logging.Handler):
    """Appends to a file that other processes append to as well.

    The file is opened for each record and written by one call, so no process holds one that another
    has renamed, and no line is torn.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def emit(self, record: logging.LogRecord) -> None:
        line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
        with suppress(OSError):  # a log that cannot be written stops nothing
            self._rotate(len(line))
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
            handle = os.open(self.path, flags, 0o600)
            try:
                os.write(handle, line)
            finally:
                os.close(handle)

    def _rotate(self, more: int) -> None:
        """Begins a new file if this one is full and no other process is doing so."""
        if not self._is_full(more):
            return
        lock = self.path.with_suffix(".lock")
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
        except OSError:
            with suppress(OSError):
                if time.time() - lock.stat().st_mtime > _LOCK_IS_STALE_S:
                    lock.unlink()
            return
        try:
            if self._is_full(more):  # another process may just have done it
                for number in range(OLDER, 0, -1):
                    younger = self._older(number - 1) if number > 1 else self.path
                    with suppress(FileNotFoundError):
                        younger.replace(self._older(number))
        finally:
            lock.unlink(missing_ok=True)

    def _is_full(self, more: int) -> bool:
        try:
            return self.path.stat().st_size + more > LARGEST
        except FileNotFoundError:
            return False

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}.{number}{self.path.suffix}")


def _take(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    """What Python calls with an exception that nobody caught."""
    if error is None:
        error = kind()
    if isinstance(error, SystemExit):
        return
    if not isinstance(error, Exception):
        sys.__excepthook__(kind, error, traceback)
        return
    fault(error)
    if sys.stderr is not None:  # a window without a terminal has none
        # Desktops keep what is written here, so it is written without names too.
        sys.stderr.write(f"usummary: an exception was not caught.\n{scrubbing.trace(error)}\n")
    if _Started.listener is not None:
        _Started.listener(error)


# --- Crashes of native libraries ------------------------------------------------------------------


def _watch_for_crashes(folder: Path) -> None:
    """Has Python write to a file of this process where it was when a native library crashes."""
    path = folder / _CRASH.format(os.getpid())
    try:
        _Started.crash = path.open("w", encoding="utf-8")
    except OSError:
        logger.warning("Crashes of native libraries cannot be recorded.")
        return
    # Left where it is at the end, for a library may crash while the process ends.
    faulthandler.enable(_Started.crash, all_threads=True)


def _fold_crashes(folder: Path) -> list[str]:
    """Moves what crashed processes left into the log."""
    told = []
    for path in sorted(folder.glob(_CRASH.format("*"))):
        number = path.stem.rpartition("-")[2]
        if not number.isdecimal() or _lives(int(number)):
            continue
        with suppress(OSError):  # another process was quicker, or it is still in use
            mine = path.with_suffix(f".{os.getpid()}")
            path.replace(mine)
            text = mine.read_text(encoding="utf-8", errors="replace")
            mine.unlink()  # most are empty: their process ended well
            if text.strip():
                told.append(_without_folders(text))
                logger.critical("usummary crashed in process %d:\n%s", int(number), Plain(told[-1]))
    return told


def _lives(process: int) -> bool:
    """Whether a process runs. On Windows its open file says so instead: it cannot be renamed."""
    if os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _without_folders(text: str) -> str:
    """What `faulthandler` wrote, line by line as far as it is known, without folders."""
    lines = [line for line in text.splitlines() if _OF_A_CRASH.fullmatch(line)]
    return "\n".join(
        _QUOTED_FILE.sub(lambda met: f'file "{scrubbing.short_file(met[1])}"', line)
        for line in lines
    )
