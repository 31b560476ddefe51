"""Finished features on disk, in parts: a second run, or one after a crash, goes on from there.

One folder per key, one file per part. Each file is written beside its place and renamed, so a file
under a part's name is whole. The key comes from everything that shapes the features.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from usummary import paths
from usummary.files import beside

Part = dict[str, NDArray[np.generic]]

SIZE_LIMIT = 4 * 2**30
"""Bytes that all kept features may take together, unless the person chose another limit."""

_KEY = re.compile(r"[0-9a-f]{32}")

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
    SyntaxError,
    KeyError,
    ValueError,
    TypeError,
    EOFError,
    RuntimeError,
    MemoryError,
)
"""What `zipfile` and numpy raise for damaged archives of arrays."""

BLOCK = 2**22
"""Bytes hashed between two calls of the checkpoint."""


@dataclass
class _Place:
    """Where this process keeps features, and how much; no part of a run's settings or results."""

    folder: Path | None = None
    limit: int = SIZE_LIMIT


_place = _Place()


def keep_in(folder: Path | None = None, limit: int = SIZE_LIMIT) -> None:
    """Keep features in `folder` (None: the usual one) from now on, at most `limit` bytes."""
    _place.folder, _place.limit = folder, limit


def usual_root() -> Path:
    """Folder of kept features where no other was chosen."""
    return paths.cache_dir() / "features"


def root() -> Path:
    """Folder of all kept features."""
    return _place.folder or usual_root()


def size() -> int:
    """Bytes that all kept features take now."""
    return sum(_size(folder) for folder in _kept(root()))


def clear() -> None:
    """Delete all kept features; other files in the folder stay."""
    for folder in _kept(root()):
        shutil.rmtree(folder, ignore_errors=True)


def content_hash(path: Path, checkpoint: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of a file's bytes, as hex; `checkpoint` is called every few milliseconds."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            checkpoint()
    return digest.hexdigest()


def make_key(*facts: object) -> str:
    """A folder name that changes whenever one of the facts does."""
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class FeatureCache:
    """The parts kept under one key, in the order they were added.

    Args:
        root: Folder of all kept features.
        key: See `make_key`.
    """

    def __init__(self, root: Path, key: str) -> None:
        self.folder = root / key

    def parts(self) -> Iterator[Part]:
        """The parts from the first on, up to the first that is missing or damaged."""
        with suppress(FileNotFoundError):  # nothing kept yet, or pruned by another process
            os.utime(self.folder)  # `prune` removes the folders of the oldest time first
        for number in range(10**6):
            path = self._path(number)
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                    yield {name: stored[name] for name in stored.files}
            except FileNotFoundError:
                return
            except (OSError, *DAMAGE):
                path.unlink(missing_ok=True)  # damaged on disk: computed again
                return

    def add(self, number: int, part: Part) -> None:
        """Keep part `number`; if the disk is full or read-only, go on without keeping it."""
        with suppress(OSError), beside(self._path(number)) as made, made.open("wb") as file:
            np.savez(file, allow_pickle=False, **part)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.npz"


def prune(root: Path, limit: int | None = None) -> None:
    """Remove the least recently used features until at most `limit` bytes are kept."""
    limit = _place.limit if limit is None else limit
    total = 0
    for folder in sorted(_kept(root), key=_last_used, reverse=True):
        total += _size(folder)
        if total > limit:
            shutil.rmtree(folder, ignore_errors=True)


def _kept(root: Path) -> list[Path]:
    """The folders under `root` that are named as `make_key` names them."""
    if not root.is_dir():
        return []
    return [folder for folder in root.iterdir() if _KEY.fullmatch(folder.name) and folder.is_dir()]


def _size(folder: Path) -> int:
    """Bytes of a folder's files; a file that another process deletes meanwhile counts as 0."""
    total = 0
    with suppress(FileNotFoundError):
        for file in folder.iterdir():
            with suppress(FileNotFoundError):
                total += file.stat().st_size
    return total


def _last_used(folder: Path) -> float:
    with suppress(FileNotFoundError):
        return folder.stat().st_mtime
    return 0.0
