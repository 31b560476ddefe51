"""Annotations as their authors publish them, joined to a data set that has features only.

* SumMe (M. Gygli et al., ECCV 2014): one ``GT/NAME.mat`` per video; ``user_score`` (frames, users)
  is 0 where a person did not choose a frame, else how early they chose its segment.
* TVSum (Y. Song et al., CVPR 2015): ``ydata-tvsum50.mat``, a MATLAB v7.3 (HDF5) file of references
  with ``video`` and ``user_anno`` per video; or ``ydata-anno.tsv``, a line per person with video,
  category and ratings from 1 to 5, separated by commas, per frame or per two seconds.

* Another data set of the same videos, such as one that somebody's features came with.

A video is found by the name of its file without the ending; case, spaces and underscores are alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from usummary.errors import InputError, UnreadableFile
from usummary.research.datasets import read_dataset
from usummary.research.missing import completed
from usummary.research.videos import Video

SHOT_S = 2.0
"""What one rating of TVSum stands for where it is not given per frame."""


@dataclass(frozen=True)
class Annotation:
    """What people said of one video.

    Attributes:
        name: Of the video.
        ratings: (U, n) per frame, or per `SHOT_S`.
        choices: (U, n) which frames each person chose; None where they only rated.
        source: File, for messages.
    """

    name: str
    ratings: NDArray[np.float64]
    choices: NDArray[np.bool_] | None
    source: Path


def read_annotations(path: Path) -> list[Annotation]:
    """All annotations of a file; of a folder, those of all ``.mat`` and ``.tsv`` files in it.

    ``.h5`` is a data set, whose annotated videos are taken.

    Raises:
        UnreadableFile: Missing, or of another kind.
        InputError: It lacks what its kind must have.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in (".mat", ".tsv"))
        if not files:
            raise UnreadableFile(f"The folder {path} holds no .mat and no .tsv file.")
        return [annotation for file in files for annotation in read_annotations(file)]
    if not path.is_file():
        raise UnreadableFile(f"There is no annotation file {path}.")
    if path.suffix.lower() == ".tsv":
        return _tvsum_lines(path)
    if path.suffix.lower() in (".h5", ".hdf5"):
        return _data_set(path)
    if h5py.is_hdf5(path):
        return _tvsum_mat(path)
    return [_summe_mat(path)]


def annotated(
    videos: Iterable[Video], annotations: Sequence[Annotation]
) -> tuple[list[Video], list[str]]:
    """The videos with user summaries, ratings, importance and oracle from their annotations.

    Returns:
        All videos, and a sentence for every video or annotation that was left alone.

    Raises:
        InputError: No annotation belongs to any video, two belong to one, or one is of another
            length.
    """
    wanted = {_plain(annotation.name): annotation for annotation in annotations}
    if len(wanted) < len(annotations):
        raise InputError("Two annotations are of the same video. Import one source at a time.")
    found, alone = [], []
    for video in videos:
        annotation = wanted.pop(_plain(video.title), None) or wanted.pop(_plain(video.name), None)
        if annotation is None:
            alone.append(f"{video.title} has no annotation and is as it was.")
        found.append(video if annotation is None else _joined(video, annotation))
    if len(alone) == len(found):
        raise InputError(
            f"The data set has none of the {len(annotations)} annotated videos. A video is found "
            "by the name of its file."
        )
    if wanted:
        names = ", ".join(annotation.name for annotation in wanted.values())
        alone.append(f"Not in the data set, and left out: {names}.")
    return found, alone


def _joined(video: Video, annotation: Annotation) -> Video:
    ratings = _per_frame(annotation.ratings, video, annotation)
    users = np.zeros((0, video.frame_count), np.bool_)
    if annotation.choices is not None:
        users = _per_frame(annotation.choices, video, annotation) > 0
    return completed(
        replace(video, users=users, ratings=ratings[:, video.picks], importance=None, oracle=None)
    )


def _per_frame(values: NDArray[Any], video: Video, annotation: Annotation) -> NDArray[Any]:
    """(U, n_frames); one frame more or less is left out or repeated, as in the published files."""
    frames = video.frame_count
    more = values.shape[1] - frames
    if abs(more) > 1 and annotation.choices is None and video.fps is not None:
        shots = (np.arange(frames) / video.fps // SHOT_S).astype(np.int64)
        if abs(int(shots[-1]) + 1 - values.shape[1]) <= 1:
            return values[:, np.minimum(shots, values.shape[1] - 1)]
    if abs(more) > 1:
        raise InputError(
            f"{annotation.source.name}: {annotation.name} is annotated for {values.shape[1]} "
            f"frames, but the video {video.title} has {frames}. Was it converted to another frame "
            "rate, or cut?"
        )
    return values[:, :frames] if more >= 0 else np.concatenate([values, values[:, -1:]], axis=1)


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_")


# --- Files ----------------------------------------------------------------------------------------


def _summe_mat(path: Path) -> Annotation:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path)
    except (MatReadError, OSError, ValueError, NotImplementedError, TypeError) as error:
        raise UnreadableFile(f"{path} is no MATLAB file, or damaged: {error}") from error
    if "user_score" not in content:
        raise InputError(f"{path} has no user_score; it is no annotation of SumMe.")
    values = np.asarray(content["user_score"], np.float64)
    if "nFrames" in content and values.ndim == 2:
        frames = int(np.ravel(content["nFrames"])[0])
        if values.shape[0] != frames:
            raise InputError(f"{path}: user_score has {values.shape[0]} rows, nFrames is {frames}.")
    ratings = _checked(values.T, path, path.stem)
    return Annotation(path.stem, ratings, ratings > 0, path)


def _data_set(path: Path) -> list[Annotation]:
    found = []
    for video in read_dataset(path):
        if len(video.users):
            ratings = np.repeat(video.opinions, video.held, axis=1)
            found.append(Annotation(video.title, ratings, video.users, path))
    return found


def _tvsum_mat(path: Path) -> list[Annotation]:
    with h5py.File(path) as file:
        group = next((file[name] for name in ("tvsum50", "tvsum") if name in file), None)
        if group is None or not {"video", "user_anno"} <= set(group):
            raise InputError(f"{path} has no tvsum50 with video and user_anno in it.")
        names, annos = (np.ravel(group[key][()]) for key in ("video", "user_anno"))
        found = []
        for name_at, anno_at in zip(names, annos, strict=True):
            name = "".join(map(chr, np.ravel(file[name_at][()])))
            values = np.asarray(file[anno_at][()], np.float64)
            users_first = values if values.shape[0] < values.shape[-1] else values.T
            found.append(Annotation(name, _checked(users_first, path, name), None, path))
    return found


def _tvsum_lines(path: Path) -> list[Annotation]:
    lines: dict[str, list[list[float]]] = defaultdict(list)
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path} cannot be read as text: {error}") from error
    for number, row in enumerate(rows, start=1):
        if not row.strip():
            continue
        try:
            name, _, ratings = row.split("\t")
            lines[name].append([float(value) for value in ratings.split(",")])
        except ValueError as error:
            raise InputError(
                f"{path}, line {number}: video, category and ratings separated by commas are "
                "needed, with a tab between them."
            ) from error
    for name, given in lines.items():
        if len({len(ratings) for ratings in given}) > 1:
            raise InputError(f"{path}: the annotators of {name} gave ratings of unequal number.")
    return [
        Annotation(name, _checked(np.array(given), path, name), None, path)
        for name, given in lines.items()
    ]


def _checked(values: NDArray[Any], path: Path, name: str) -> NDArray[np.float64]:
    if values.ndim != 2 or 0 in values.shape or not np.isfinite(values).all():
        raise InputError(f"{path}: the annotations of {name} are no table of numbers.")
    return np.asarray(values, np.float64)
