"""How every file is written (beside its place, then renamed), and which names stay in a folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from usummary.errors import ExportError

PART = ".part"
"""Ending of a file that is being written."""

_LONGEST_NAME = 255
"""Bytes of a file's name that the usual file systems take."""

_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}
"""Names of devices on Windows, with any ending."""


@contextmanager
def beside(path: Path, *, sync: bool = False) -> Iterator[Path]:
    """A temporary path to write to: renamed to `path` after success, deleted after an error.

    Args:
        path: The file to make or replace; missing folders above it are made.
        sync: Flush the content to the disk before renaming, and the renaming afterwards.

    Raises:
        OSError: The file cannot be written; the old one, if any, is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PART}")
    try:
        yield part
        if sync:
            with part.open("r+b") as file:
                os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    if sync:
        with suppress(OSError):  # the file is there; some network folders cannot be synced
            _sync_folder(path.parent)


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Like `beside`, for a result that a person asked for.

    Raises:
        ExportError: The file cannot be written.
    """
    try:
        with beside(path) as part:
            yield part
    except OSError as error:
        raise ExportError(f"{path} could not be written: {error.strerror or error}.") from error


def stays_inside(name: str) -> bool:
    """Whether a relative path that was read back from a file stays in its folder on any system.

    For names that this program chooses itself, so the strictest rules of all systems hold. Refused
    are backslashes (they separate folders on Windows), drives, roots, ``..``, names of devices,
    and names that no file can have.
    """
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    if not posix.parts or windows.anchor or posix.anchor or "\\" in name:
        return False
    return all(_is_file_name(part) for part in posix.parts)


def leads_inside(name: str, flavour: type[PurePath] = PurePath) -> bool:
    """Whether a relative path whose names a person chose stays in its folder on this system.

    People use every name that their system allows: ``12:30.mp4`` is a good name on Linux.
    """
    path = flavour(name)
    if not path.parts or path.anchor or ".." in path.parts or "\0" in name:
        return False
    return not isinstance(path, PureWindowsPath) or all(map(_is_file_name, path.parts))


def _is_file_name(part: str) -> bool:
    device = part.split(".")[0].rstrip(" ").casefold() in _RESERVED
    # On Windows a colon names a hidden stream of another file, and dots and spaces at the end of a
    # name are dropped: "a. " would be the file "a".
    stripped = part != part.rstrip(". ")
    if device or stripped or any(ord(sign) < 32 or sign in ':*?"<>|' for sign in part):
        return False
    try:
        return len(part.encode()) <= _LONGEST_NAME
    except UnicodeEncodeError:  # a lone surrogate, which is no text
        return False


def is_plain_path(text: str) -> bool:
    r"""Whether a path that was read from a file can be opened without contacting other machines.

    False for paths of other machines (``\\server\share``, ``//server/share``) and of devices.
    """
    return "\0" not in text and text.replace("\\", "/")[:2] != "//"


def _sync_folder(folder: Path) -> None:
    """Puts a rename on the disk, where folders can be synced (not on Windows)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
