"""The benchmarks' HDF5 layout: reading it, with every fault said plainly, and writing it.

One group a video (SumMe, TVSum, OVP and YouTube as K. Zhou's DR-DSN distributes them):

=================  ===========================  ================================================
``features``       (T, C) or (T, C, h, w)       needed
``picks``          (T,)                         needed; frame of each step
``n_frames``       number                       needed
``change_points``  (S, 2)                       first and *last* frame of each shot; else our KTS
``user_summary``   (U, n_frames) 0/1            needed for testing; else made from the ratings
``user_anno``      (U, n_frames), or turned     ratings; also as ``user_score``, ``user_scores``
``gtscore``        (T,)                         mean importance; else computed
``gtsummary``      (T,)                         oracle; else computed
``n_steps``, ``n_frame_per_seg``                checked if there
``video_name``, ``fps``                         read if there
=================  ===========================  ================================================

What is odd but unambiguous is read and told in `DataSet.notices`: shots whose ends are exclusive,
and SumMe's mismatches, where annotations or the last shot are one frame longer or shorter than the
video. Everything else that does not fit is an error.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from usummary.errors import ExportError, InputError, UnreadableFile
from usummary.files import beside
from usummary.research import missing
from usummary.research.videos import DataSet, Video
from usummary.types import IntArray

NEEDED = ("features", "picks", "n_frames")
RATINGS = ("user_anno", "user_score", "user_scores")


def read_dataset(path: Path) -> DataSet:
    """All videos of a file, checked; fields that may be missing are computed.

    Raises:
        UnreadableFile: No such file, no HDF5, or no video in it.
        InputError: Something in it does not fit; video, field and fault are named.
    """
    try:
        with path.open("rb") as raw:
            sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
        file = h5py.File(path)
    except FileNotFoundError as error:
        raise UnreadableFile(f"There is no data set {path}.") from error
    except OSError as error:
        raise UnreadableFile(f"{path} is no HDF5 file, or damaged: {error}") from error
    notices: list[str] = []
    with file:
        names = sorted((name for name in file if isinstance(file[name], h5py.Group)), key=_natural)
        if not names:
            raise UnreadableFile(
                f"{path} holds no video. A data set has one HDF5 group per video, with "
                f"{', '.join(NEEDED)} in it."
            )
        videos = tuple(_Group(path.name, name, file[name], notices).video() for name in names)
        title = _text(file.attrs.get("dataset", path.stem))
    return DataSet(path, title, sha256, videos, tuple(notices))


def write_dataset(path: Path, videos: Iterable[Video], title: str) -> None:
    """Write videos in the benchmarks' layout, ends of shots inclusive; beside, then renamed.

    Raises:
        ExportError: It cannot be written.
    """
    try:
        with beside(path) as part, h5py.File(part, "w") as file:
            file.attrs["dataset"] = title
            for video in videos:
                _write(file.create_group(video.name), video)
    except OSError as error:
        raise ExportError(f"The data set {path} could not be written: {error}") from error


def _write(group: h5py.Group, video: Video) -> None:
    features = video.features
    flat = features.shape[2:] == (1, 1)
    fields: dict[str, Any] = {
        "features": features[:, :, 0, 0] if flat else features,
        "picks": video.picks,
        "n_frames": video.frame_count,
        "n_steps": len(video.picks),
        "change_points": video.shots - np.array([0, 1]),
        "n_frame_per_seg": video.shots[:, 1] - video.shots[:, 0],
        "video_name": video.title,
    }
    if len(video.users):
        fields["user_summary"] = video.users.astype(np.uint8)
    if video.ratings is not None:
        fields["user_anno"] = np.repeat(video.ratings, video.held, axis=1).astype(np.float32)
    if video.importance is not None:
        fields["gtscore"] = video.importance.astype(np.float32)
    if video.oracle is not None:
        fields["gtsummary"] = video.oracle.astype(np.float32)
    if video.fps is not None:
        fields["fps"] = video.fps
    for name, value in fields.items():
        packed = {"compression": "gzip", "compression_opts": 1} if np.ndim(value) > 1 else {}
        group.create_dataset(name, data=value, **packed)


class _Group:
    """Reads one video, naming file, video and field in whatever goes wrong."""

    def __init__(self, file: str, name: str, group: h5py.Group, notices: list[str]) -> None:
        self._name = name
        self._where = f"{file}, {name}"
        self._group = group
        self._notices = notices

    def video(self) -> Video:
        lacking = [key for key in NEEDED if key not in self._group]
        if lacking:
            raise InputError(
                f"{self._where}: {', '.join(lacking)} missing. "
                f"A video needs {', '.join(NEEDED)}; all other fields can be computed."
            )
        frames = self._frame_count()
        features = self._features()
        picks = self._picks(len(features), frames)
        shots = self._shots(frames)
        ratings = self._ratings(picks, frames)
        steps = len(picks)
        video = Video(
            name=self._name,
            title=_text(self._group["video_name"][()])
            if "video_name" in self._group
            else self._name,
            features=features,
            picks=picks,
            frame_count=frames,
            shots=missing.shots(features, picks, frames) if shots is None else shots,
            users=self._users(frames),
            ratings=ratings,
            importance=self._per_step("gtscore", steps),
            oracle=self._oracle(steps),
            fps=self._fps(),
        )
        return missing.completed(video)

    def _fault(self, text: str) -> InputError:
        return InputError(f"{self._where}: {text}")

    def _array(self, key: str) -> NDArray[Any]:
        value = self._group[key]
        if not isinstance(value, h5py.Dataset) or value.dtype.kind not in "biuf":
            raise self._fault(f"{key} holds no numbers.")
        return np.asarray(value[()])

    def _frame_count(self) -> int:
        value = self._array("n_frames")
        if value.size != 1 or int(value.item()) != value.item() or value.item() < 1:
            raise self._fault("n_frames must be one whole number, 1 or more.")
        return int(value.item())

    def _features(self) -> NDArray[np.floating]:
        features = self._array("features")
        if features.ndim not in (2, 4) or 0 in features.shape:
            raise self._fault(
                f"features have the shape {features.shape}; (steps, channels) or "
                "(steps, channels, height, width) is needed."
            )
        if features.dtype != np.float16:
            features = features.astype(np.float32, copy=False)
        finite = np.isfinite(features).reshape(len(features), -1).all(axis=1)
        if not finite.all():
            raise self._fault(f"features of step {int((~finite).argmax())} are not numbers (NaN).")
        return features[:, :, None, None] if features.ndim == 2 else features

    def _whole(self, key: str) -> IntArray:
        values = self._array(key)
        whole = values.astype(np.int64)
        if not np.array_equal(whole, values):
            raise self._fault(f"{key} must hold whole numbers.")
        return whole

    def _picks(self, steps: int, frames: int) -> IntArray:
        picks = self._whole("picks")
        if picks.ndim != 1 or len(picks) != steps:
            raise self._fault(
                f"there are features of {steps} steps but picks of shape {picks.shape}. "
                "Each step needs one pick."
            )
        if picks[0] != 0 or (np.diff(picks) <= 0).any():
            raise self._fault("picks must start at frame 0 and ascend.")
        if picks[-1] >= frames:
            raise self._fault(f"the last pick is frame {picks[-1]}, but there are {frames} frames.")
        if "n_steps" in self._group and self._array("n_steps").item() != steps:
            raise self._fault(f"n_steps is {self._array('n_steps')}, but there are {steps} steps.")
        return picks

    def _shots(self, frames: int) -> IntArray | None:
        """Half-open shots from the file's inclusive ones; None if it has none."""
        if "change_points" not in self._group:
            return None
        shots = self._whole("change_points")
        if shots.ndim != 2 or shots.shape[1] != 2 or len(shots) == 0:
            raise self._fault(f"change_points have the shape {shots.shape}; (shots, 2) is needed.")
        if self._ends_are_exclusive(shots, frames):
            self._notices.append(
                f"{self._where}: the ends of change_points are exclusive, not inclusive as in the "
                "benchmarks, and were read as such."
            )
        else:
            shots = shots + np.array([0, 1])
        if shots[-1, 1] == frames + 1 and shots[-1, 0] < frames:
            self._notices.append(f"{self._where}: the last shot was one frame too long and is cut.")
            shots[-1, 1] = frames
        if shots[0, 0] < 0 or shots[-1, 1] > frames or (shots[:, 0] >= shots[:, 1]).any():
            raise self._fault(
                f"change_points must hold shots of 1 frame or more within {frames} frames."
            )
        if (shots[1:, 0] < shots[:-1, 1]).any():
            late = int((shots[1:, 0] < shots[:-1, 1]).argmax()) + 1
            raise self._fault(f"shot {late} begins before the end of the one before it.")
        self._check_shot_lengths(shots)
        return shots

    def _ends_are_exclusive(self, shots: IntArray, frames: int) -> bool:
        """Every shot begins where the last one ended, up to exactly the number of frames."""
        return bool(shots[-1, 1] == frames and (shots[1:, 0] == shots[:-1, 1]).all())

    def _check_shot_lengths(self, shots: IntArray) -> None:
        if "n_frame_per_seg" not in self._group:
            return
        stated, found = self._whole("n_frame_per_seg").ravel(), shots[:, 1] - shots[:, 0]
        if len(stated) != len(found):
            raise self._fault(
                f"there are {len(found)} shots but {len(stated)} lengths in n_frame_per_seg."
            )
        wrong = np.flatnonzero(stated != found)
        if wrong.size and not (wrong.tolist() == [len(found) - 1] and stated[-1] - found[-1] == 1):
            raise self._fault(
                f"shot {wrong[0]} has {found[wrong[0]]} frames by change_points and "
                f"{stated[wrong[0]]} by n_frame_per_seg. Are the ends of change_points inclusive?"
            )

    def _per_frame(self, key: str, frames: int) -> NDArray[Any]:
        """(U, n_frames) annotations, turned and fitted to the video where that is unambiguous."""
        values = np.atleast_2d(self._array(key))
        if values.ndim != 2:
            raise self._fault(f"{key} has the shape {values.shape}; (users, frames) is needed.")
        near = [axis for axis in (1, 0) if abs(values.shape[axis] - frames) <= 1]
        if not near:
            raise self._fault(
                f"{key} has the shape {values.shape}, but the video has {frames} frames. "
                "It must have one row per annotator with one value per frame."
            )
        values = values if near[0] == 1 else values.T
        if not np.isfinite(values).all():
            user, frame = np.argwhere(~np.isfinite(values))[0]
            raise self._fault(f"{key} of annotator {user} at frame {frame} is not a number (NaN).")
        more = values.shape[1] - frames
        if more:
            stated = "one frame longer than the video; it is" if more > 0 else "one frame shorter;"
            done = "left out" if more > 0 else "the last value is repeated"
            self._notices.append(f"{self._where}: {key} is {stated} {done}.")
            values = values[:, :frames] if more > 0 else np.c_[values, values[:, -1:]]
        return values

    def _users(self, frames: int) -> NDArray[np.bool_]:
        if "user_summary" not in self._group:
            return np.zeros((0, frames), np.bool_)
        values = self._per_frame("user_summary", frames)
        users: NDArray[np.bool_] = values > 0
        if not np.array_equal(users, values):
            raise self._fault("user_summary must hold only 0 and 1; ratings belong in user_anno.")
        return users

    def _ratings(self, picks: IntArray, frames: int) -> NDArray[np.float64] | None:
        key = next((key for key in RATINGS if key in self._group), None)
        if key is None:
            return None
        values = self._array(key)
        if values.ndim == 2 and values.shape[1] == len(picks) != frames:
            return values.astype(np.float64)  # per step already
        return self._per_frame(key, frames)[:, picks].astype(np.float64)

    def _per_step(self, key: str, steps: int) -> NDArray[np.float64] | None:
        if key not in self._group:
            return None
        values = self._array(key).astype(np.float64)
        if values.shape != (steps,):
            raise self._fault(f"{key} has the shape {values.shape}, but there are {steps} steps.")
        if not np.isfinite(values).all():
            step = int((~np.isfinite(values)).argmax())
            raise self._fault(f"{key} of step {step} is not a number (NaN).")
        return values

    def _oracle(self, steps: int) -> NDArray[np.bool_] | None:
        values = self._per_step("gtsummary", steps)
        if values is None:
            return None
        if not np.isin(values, (0, 1)).all():
            raise self._fault("gtsummary must hold only 0 and 1.")
        return values > 0

    def _fps(self) -> float | None:
        value = float(self._array("fps").item()) if "fps" in self._group else None
        if value is not None and not 0 < value < 10_000:
            raise self._fault(f"fps is {value}.")
        return value


def _natural(name: str) -> list[str | int]:
    """Sorting key by which ``video_9`` comes before ``video_10``."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
