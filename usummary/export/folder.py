"""The export folder: filled under a hidden name, then put in place as a whole.

No other file is lost, and a program killed at any moment leaves either the earlier export or the
new one, or what the next run needs to finish (`_recover`).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import av

from usummary import scrubbing
from usummary.errors import ExportError
from usummary.files import beside, stays_inside

RECORD = "summary.json"
_LOCK = ".lock"
_JOURNAL = ".usummary-moving.json"
_ABANDONED_S = 3600.0
_DAMAGE = (OSError, ValueError, TypeError, KeyError, RecursionError)
_LITTER = {".ds_store", "thumbs.db", "desktop.ini"}
"""Files that systems put into folders unasked; a folder with nothing else counts as empty."""
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def staged(folder: Path, *, overwrite: bool) -> Iterator[Path]:
    """A hidden folder that becomes `folder` when the block ends without an exception.

    If an exception ends the block, nothing is left behind and an earlier export stays as it was.
    Files in the folder that no export wrote stay in any case.

    Raises:
        ExportError: `folder` is in use without `overwrite`, or cannot be written.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a linked folder
    scrubbing.keep_secret(folder)
    with _explained(folder):
        made = _make_parents(folder)
        try:
            _recover(folder)
            _refuse_used(folder, overwrite=overwrite)
            stage, lock = _make_stage(folder)
            try:
                yield stage
                # Again, because somebody may have put files there while the export ran.
                _refuse_used(folder, overwrite=overwrite)
                _release(stage, lock)
                _put_in_place(stage, folder)
            finally:
                lock.close()
                shutil.rmtree(stage, ignore_errors=True)
        except BaseException:
            for parent in made:
                with contextlib.suppress(OSError):
                    parent.rmdir()
            raise


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise before long work the errors that `staged` would raise after it; leaves nothing behind.

    Raises:
        ExportError: `folder` is in use without `overwrite`, or nothing can be written there.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - as in `staged`
    with _explained(folder):
        _refuse_used(folder, overwrite=overwrite)
        home = next(place for place in (folder, *folder.parents) if place.exists())
        with tempfile.NamedTemporaryFile(dir=home, prefix=f".{folder.name}.partial-"):
            pass


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turns errors of the system or the encoder about files into an error for people."""
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        number = getattr(error, "errno", None)
        if number in _FULL:
            advice = "The disk is full. Free some space or choose another folder"
        elif number in _DENIED:
            advice = "You may not write there. Choose another folder"
        elif number in {errno.ENOTDIR, errno.EEXIST}:
            advice = "Part of its path is a file, not a folder. Choose another folder"
        else:
            advice = f"{getattr(error, 'strerror', None) or error}. Choose another folder"
        raise ExportError(f"The summary could not be written to {folder}. {advice}.") from error


def _make_parents(folder: Path) -> list[Path]:
    """Make the folders above; returns those that were missing, innermost first."""
    missing = []
    for parent in folder.parents:
        if parent.exists():
            break
        missing.append(parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _refuse_used(folder: Path, *, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file. Choose another folder for the summary.")
    if not overwrite and folder.is_dir() and any(_in_use(folder, p) for p in folder.iterdir()):
        raise ExportError(
            f"The folder {folder} is not empty. Choose another folder, or allow overwriting."
        )


def _in_use(folder: Path, path: Path) -> bool:
    """Whether a file in the folder is one that a person or a program put there."""
    return _leftover(folder, path) and path.name.casefold() not in _LITTER


def _leftover(folder: Path, path: Path) -> bool:
    """Whether a file in the folder is anything else than our own hidden files."""
    return not path.name.startswith((f".{folder.name}.partial-", _JOURNAL))


def _make_stage(folder: Path) -> tuple[Path, IO[bytes]]:
    # Beside the folder, so that one rename puts it in place. If that is not possible (no permission
    # there, or the folder is the root of another file system), inside the folder.
    beside = os.access(folder.parent, os.W_OK) and not (folder.exists() and folder.is_mount())
    home = folder.parent if beside or not folder.exists() else folder
    stage = home / f".{folder.name}.partial-{secrets.token_hex(4)}"
    stage.mkdir()
    try:
        lock = (stage / _LOCK).open("xb")
    except OSError:
        stage.rmdir()
        raise
    _hold(lock)
    return stage, lock


def _release(stage: Path, lock: IO[bytes]) -> None:
    lock.close()
    (stage / _LOCK).unlink()


def _old(stage: Path) -> bool:
    """Whether a stage without a lock file is too old to be one that is just being made or moved."""
    with contextlib.suppress(OSError):
        return time.time() - stage.stat().st_mtime > _ABANDONED_S
    return False


if sys.platform == "win32":

    def _hold(lock: IO[bytes]) -> None:
        """Nothing to do: a file that is open cannot be deleted here."""

    def _abandoned(lock: Path) -> bool:
        try:
            lock.unlink()
        except FileNotFoundError:
            return _old(lock.parent)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _hold(lock: IO[bytes]) -> None:
        """Lock the stage until this process ends, even if it is killed.

        A lock of the system, not a process number in a file: process numbers are used again.
        """
        with contextlib.suppress(OSError):  # some network drives know no locks
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _abandoned(lock: Path) -> bool:
        try:
            with lock.open("rb") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return _old(lock.parent)
        except OSError:
            return False
        return True


def _recover(folder: Path) -> None:
    """Clean up after killed runs: delete their stages, restore an export that they moved away."""
    for old in sorted(folder.parent.glob(f".{_literal(folder.name)}.replaced-*")):
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(folder)
    for home in (folder.parent, folder):
        for stage in home.glob(f".{_literal(folder.name)}.partial-*"):
            if _abandoned(stage / _LOCK):
                shutil.rmtree(stage, ignore_errors=True)


def _literal(name: str) -> str:
    """A pattern for `glob` that matches exactly this name."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _put_in_place(stage: Path, folder: Path) -> None:
    if not folder.exists():
        stage.rename(folder)
        return
    ours = _own_files(folder)
    present = {path.relative_to(folder).as_posix() for path in _files(folder)}
    if stage.parent == folder or present - ours:
        _move_one_by_one(stage, folder, ours)
        return
    old = folder.with_name(f".{folder.name}.replaced-{secrets.token_hex(4)}")
    folder.rename(old)
    try:
        stage.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _files(folder: Path) -> Iterator[Path]:
    """All files in a folder and below, without our own hidden files."""
    for top in folder.iterdir():
        if not _leftover(folder, top):
            continue
        if top.is_dir() and not top.is_symlink():
            yield from (path for path in top.rglob("*") if not path.is_dir())
        else:
            yield top


def _own_files(folder: Path) -> set[str]:
    """Names of the files that an earlier export wrote, by its record or its journal.

    A record can be forged, so only names that stay inside the folder count.
    """
    own: set[str] = set()
    with contextlib.suppress(*_DAMAGE):
        own |= set(json.loads((folder / _JOURNAL).read_text("utf-8")))
    with contextlib.suppress(*_DAMAGE):
        record = json.loads((folder / RECORD).read_text("utf-8"))
        if record["program"] == "usummary":
            own |= {str(artefact["path"]) for artefact in record["artefacts"]} | {RECORD}
    return {name for name in own if isinstance(name, str) and stays_inside(name)}


def _is_below(path: Path, folder: Path) -> bool:
    """Whether a file's folder is inside `folder` once links are followed."""
    return path.parent.resolve().is_relative_to(folder.resolve())


def _move_one_by_one(stage: Path, folder: Path, ours: set[str]) -> None:
    """Replace our earlier files one after another; other files in the folder stay as they are."""
    new = [path.relative_to(stage).as_posix() for path in stage.rglob("*") if path.is_file()]
    taken = [name for name in new if (folder / name).exists() and name not in ours]
    if taken:
        raise ExportError(
            f"{folder / taken[0]} was not written by usummary and would be overwritten. "
            "Choose another folder, or move that file away."
        )
    # If the program is killed midway, the journal tells the next run which files are ours. The
    # record comes last: once it is there, all other files are.
    journal = folder / _JOURNAL
    with beside(journal) as part:
        part.write_text(json.dumps(sorted({*new, *ours})), "utf-8")
    for name in sorted(new, key=lambda name: name == RECORD):
        (folder / name).parent.mkdir(exist_ok=True)
        (stage / name).replace(folder / name)
    for name in ours - set(new):
        if _is_below(folder / name, folder):
            (folder / name).unlink(missing_ok=True)
    for parent in {Path(name).parent for name in ours - set(new)} - {Path()}:
        with contextlib.suppress(OSError):
            (folder / parent).rmdir()
    journal.unlink()
