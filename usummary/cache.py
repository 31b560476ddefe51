"""Finished features on disk, in parts, so that a second run or a crashed one starts where it was.

One folder per key, one file per part, each written beside and renamed: what stands under a part's
name is whole. The key comes from the input's content and from everything that shapes the features.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

Part = dict[str, NDArray[np.generic]]

SIZE_LIMIT = 4 * 2**30
"""Bytes that all kept features may take together."""

BLOCK = 2**22
"""Bytes hashed between two calls of the checkpoint."""


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
        if self.folder.is_dir():
            os.utime(self.folder)
        for number in range(10**6):
            path = self._path(number)
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                    yield {name: stored[name] for name in stored.files}
            except FileNotFoundError:
                return
            except (OSError, ValueError, zipfile.BadZipFile, KeyError):
                path.unlink(missing_ok=True)  # damaged on disk: computed again
                return

    def add(self, number: int, part: Part) -> None:
        """Keep part `number`; on a full or read-only disk nothing is kept, and nobody stops."""
        beside = self.folder / f".{uuid4().hex}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                np.savez(file, allow_pickle=False, **part)
            beside.replace(self._path(number))
        except OSError:
            return
        finally:
            beside.unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.npz"


def prune(root: Path, limit: int = SIZE_LIMIT) -> None:
    """Remove the least recently used features until at most `limit` bytes are kept."""
    if not root.is_dir():
        return
    folders = sorted(
        (folder for folder in root.iterdir() if folder.is_dir()),
        key=lambda folder: folder.stat().st_mtime,
        reverse=True,
    )
    total = 0
    for folder in folders:
        total += _size(folder.iterdir())
        if total > limit:
            shutil.rmtree(folder, ignore_errors=True)


def _size(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files)
