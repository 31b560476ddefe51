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
    """A path to write to, which takes the name `path` when all went well; else it vanishes.

    Args:
        path: The file to make or replace; missing folders above it are made.
        sync: Be sure that it is on the disk before it is renamed, and the renaming afterwards.

    Raises:
        OSError: It cannot be written; what stood there before still does.
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
        with suppress(OSError):  # it is written; some network folders cannot be synced
            _sync_folder(path.parent)


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """As `beside`, for results that a person asked for.

    Raises:
        ExportError: It cannot be written.
    """
    try:
        with beside(path) as part:
            yield part
    except OSError as error:
        raise ExportError(f"{path} could not be written: {error.strerror or error}.") from error


def stays_inside(name: str) -> bool:
    """Whether a name that this program gave, read back, leads below its folder on any system.

    A backslash separates folders on Windows and is refused everywhere, as are drives, roots,
    ``..``, names of devices, and what no file can be called.
    """
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    if not posix.parts or windows.anchor or posix.anchor or "\\" in name:
        return False
    return all(_is_file_name(part) for part in posix.parts)


def leads_inside(name: str, flavour: type[PurePath] = PurePath) -> bool:
    """Whether a name that a person gave leads below its folder on this system.

    A person may call a file whatever the system allows: ``12:30.mp4`` is one on Linux.
    """
    path = flavour(name)
    if not path.parts or path.anchor or ".." in path.parts or "\0" in name:
        return False
    return not isinstance(path, PureWindowsPath) or all(map(_is_file_name, path.parts))


def _is_file_name(part: str) -> bool:
    device = part.split(".")[0].rstrip(" ").casefold() in _RESERVED
    # A colon names a hidden stream of another file on Windows, which also drops dots and spaces
    # at the end: "a. " is "a" there.
    stripped = part != part.rstrip(". ")
    if device or stripped or any(ord(sign) < 32 or sign in ':*?"<>|' for sign in part):
        return False
    try:
        return len(part.encode()) <= _LONGEST_NAME
    except UnicodeEncodeError:  # half a character
        return False


def is_plain_path(text: str) -> bool:
    r"""Whether a path read from a file can be looked at without asking other machines.

    Paths of other machines (``\\server\share``, ``//server/share``) and of devices are not.
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
