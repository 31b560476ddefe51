"""Splits: the videos that a method learns from, and those it is tested on.

A splits file is a JSON list with ``train_keys`` and ``test_keys`` per split; a key is a video's
name, or ends in it after a slash (``.../file.h5/video_1``). Settings (K. Zhang et al., ECCV 2016):

* canonical: the file's splits,
* augmented: the same tests; all videos of other data sets join the training,
* transfer: only other data sets train, so one split tests all videos.

Nothing is ever chosen on test videos: `validation_part` takes some of the training videos.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from usummary.errors import InputError, UnreadableFile
from usummary.research.videos import DataSet, Video

Setting = Literal["canonical", "augmented", "transfer"]
SETTINGS: tuple[Setting, ...] = ("canonical", "augmented", "transfer")


@dataclass(frozen=True)
class Split:
    """Names of the training and test videos of one split."""

    train: tuple[str, ...]
    test: tuple[str, ...]


def read_splits(path: Path, data: DataSet) -> tuple[Split, ...]:
    """The splits of a file, each video known to the data set.

    Raises:
        UnreadableFile: The file is missing or no JSON.
        InputError: It holds something else than splits, a video that the data set lacks, or one
            that is both trained on and tested.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnreadableFile(f"There is no splits file {path}.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UnreadableFile(f"The splits file {path} is no JSON: {error}") from error
    entries = [found] if isinstance(found, dict) and "test_keys" in found else found
    if isinstance(entries, dict):
        entries = list(entries.values())
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path} holds no splits. It must be a list of train_keys and test_keys.")
    return tuple(_split(entry, number, path, data) for number, entry in enumerate(entries))


def _split(entry: Any, number: int, path: Path, data: DataSet) -> Split:
    where = f"{path}, split {number}"
    if not isinstance(entry, dict) or not {"train_keys", "test_keys"} <= entry.keys():
        raise InputError(f"{where}: train_keys and test_keys are needed.")
    sides = []
    for key in ("train_keys", "test_keys"):
        names = tuple(str(name).rpartition("/")[2] for name in entry[key])
        unknown = [name for name in names if name not in data]
        if unknown:
            raise InputError(
                f"{where}: {data.path} has no video {', '.join(unknown)}. "
                "Use a splits file of this data set, or random splits."
            )
        if not names or len(set(names)) != len(names):
            raise InputError(f"{where}: {key} is empty, or names a video twice.")
        sides.append(names)
    both = set(sides[0]) & set(sides[1])
    if both:
        raise InputError(f"{where}: {', '.join(sorted(both))} would be trained on and tested.")
    return Split(*sides)


def random_splits(data: DataSet, *, count: int, test_share: float, seed: int) -> tuple[Split, ...]:
    """Independent random splits; the same seed gives the same ones.

    Raises:
        InputError: Too few videos to train on some and test others.
    """
    names = [video.name for video in data]
    tests = max(1, round(len(names) * test_share))
    if tests >= len(names):
        raise InputError(
            f"{data.path} has {len(names)} videos: too few to test on {test_share:.0%} of them."
        )
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        order = rng.permutation(len(names))
        chosen = {names[place] for place in order[:tests]}
        found.append(
            Split(
                tuple(name for name in names if name not in chosen),
                tuple(name for name in names if name in chosen),
            )
        )
    return tuple(found)


def of_setting(
    setting: Setting, splits: Sequence[Split], data: DataSet
) -> tuple[tuple[Split, bool], ...]:
    """The splits of a setting, and whether the other data sets' videos are trained on too."""
    if setting == "transfer":
        return ((Split((), tuple(video.name for video in data)), True),)
    return tuple((split, setting == "augmented") for split in splits)


def validation_part(
    videos: Sequence[Video], *, share: float, seed: int
) -> tuple[list[Video], list[Video]]:
    """Divides training videos into those to learn from and those to choose an epoch by.

    With two or more videos there is at least one of each; a single video is both.
    """
    if len(videos) < 2 or share <= 0:
        return list(videos), list(videos) if share > 0 else []
    count = min(max(1, round(len(videos) * share)), len(videos) - 1)
    order = np.random.default_rng(seed).permutation(len(videos))
    held = set(order[:count].tolist())
    return (
        [video for place, video in enumerate(videos) if place not in held],
        [video for place, video in enumerate(videos) if place in held],
    )
