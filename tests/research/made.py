"""Data sets of known content, in the shapes of the public benchmarks."""

from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np

STEP = 15


def fields(
    *, frames=200, channels=8, users=3, seed=0, space=None, kind="summe"
) -> dict[str, np.ndarray]:
    """One video's fields as the benchmark called `kind` has them; arrays, shots inclusive.

    The first third of the steps looks one way and every annotator likes it.
    """
    rng = np.random.default_rng(seed)
    picks = np.arange(0, frames, STEP)
    steps = len(picks)
    shape = (steps, channels, *(space or ()))
    features = rng.normal(size=shape).astype(np.float32)
    features[: steps // 3, : channels // 2] += 3
    borders = [0, *range(40, frames - 20, 40), frames]
    shots = np.array([[a, b - 1] for a, b in pairwise(borders)])
    chosen = np.zeros((users, frames), np.uint8)
    for user in range(users):
        chosen[user, : frames // 4] = rng.random(frames // 4) < 0.8
        chosen[user, user] = 1
    found = {
        "features": features,
        "picks": picks,
        "n_frames": np.array(frames),
        "n_steps": np.array(steps),
        "change_points": shots,
        "n_frame_per_seg": shots[:, 1] - shots[:, 0] + 1,
        "gtscore": chosen[:, picks].mean(axis=0).astype(np.float32),
        "gtsummary": (chosen[:, picks].mean(axis=0) > 0.5).astype(np.float32),
        "user_summary": chosen,
    }
    if kind == "summe":
        found["user_score"] = chosen * rng.integers(1, 4, size=chosen.shape).astype(np.uint8)
    if kind == "tvsum":
        ratings = rng.integers(1, 6, size=(users, steps))
        ratings[:, : steps // 3] = 5
        found["user_anno"] = np.repeat(ratings, STEP, axis=1)[:, :frames].T
        del found["user_summary"], found["gtscore"], found["gtsummary"]
    if kind in ("ovp", "youtube"):  # as published: training only
        del found["user_summary"]
    return found


def write(path: Path, videos: dict[str, dict], **attributes) -> Path:
    """A data set file."""
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        for name, values in videos.items():
            group = file.create_group(name)
            for key, value in values.items():
                group[key] = value
    return path


def write_benchmark(path: Path, *, kind="summe", count=6, **options) -> Path:
    """A whole small benchmark; lengths differ."""
    videos = {
        f"video_{number}": fields(frames=180 + 37 * number, seed=number, kind=kind, **options)
        for number in range(1, count + 1)
    }
    return write(path, videos, dataset=f"made, {kind}")
