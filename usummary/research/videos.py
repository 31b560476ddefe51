"""A benchmark's video and data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from usummary.types import IntArray


@dataclass(frozen=True, eq=False)
class Video:
    """One annotated video of a data set. Intervals are half-open, frames count from 0.

    Attributes:
        name: Its key in the file, such as ``video_12``.
        title: Its authors' name for it; the key if the file does not say.
        features: (T, C, h, w) float16 or float32; vectors have h = w = 1.
        picks: (T,) frame of each step, ascending, the first one 0. A step stands for the frames up
            to the next one.
        frame_count: Frames of the video.
        shots: (S, 2) first frame and frame after the last of each shot, ascending, not overlapping.
        users: (U, frame_count) which frames each annotator chose; U can be 0 if the video is only
            for training.
        ratings: (U, T) each annotator's rating of each step, on any scale; None if only choices are
            known.
        importance: (T,) mean importance by all annotators, in [0, 1]; None without annotators.
        oracle: (T,) the steps that agree best with all annotators; None without annotators.
        fps: Frames per second, None if unknown.
    """

    name: str
    title: str
    features: NDArray[np.floating]
    picks: IntArray
    frame_count: int
    shots: IntArray
    users: NDArray[np.bool_]
    ratings: NDArray[np.float64] | None = None
    importance: NDArray[np.float64] | None = None
    oracle: NDArray[np.bool_] | None = None
    fps: float | None = None

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(T, C) features, mean over space."""
        pooled: NDArray[np.float32] = self.features.mean(axis=(2, 3), dtype=np.float32)
        return pooled

    @property
    def held(self) -> IntArray:
        """(T,) how many frames each step stands for."""
        return np.diff(np.append(self.picks, self.frame_count))

    @property
    def opinions(self) -> NDArray[np.float64]:
        """(U, T) the opinions for rank correlations: the ratings, or else the choices, per step.

        SumMe's annotators graded the frames that they chose, so its files hold both. Published
        correlations between its annotators use the grades.
        """
        if self.ratings is not None:
            return self.ratings
        return self.users[:, self.picks].astype(np.float64)


@dataclass(frozen=True, eq=False)
class DataSet:
    """A benchmark file.

    Attributes:
        path: The file.
        title: Its own title, for people: data set and features.
        sha256: Hash of the file.
        videos: By natural order of their names.
        notices: What was odd about the file and how it was read, each a sentence.
    """

    path: Path
    title: str
    sha256: str
    videos: tuple[Video, ...]
    notices: tuple[str, ...] = ()
    _places: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._places.update({video.name: place for place, video in enumerate(self.videos)})

    def __iter__(self) -> Iterator[Video]:
        return iter(self.videos)

    def __len__(self) -> int:
        return len(self.videos)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __getitem__(self, name: str) -> Video:
        """The video of that name; KeyError if there is none."""
        return self.videos[self._places[name]]
