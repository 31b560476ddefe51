"""Data sets from any recordings, through the application's own pipeline up to the shots.

A step is a clip; its pick is the clip's first frame. Shots are the application's, about five
seconds long, like those that come with SumMe. Where a recording has freeze-frames, the shots that
hold them are its only user summary; other annotations can be imported later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from usummary import readers
from usummary.analysis import feature_cache, freeze_frames
from usummary.analysis import features as features_stage
from usummary.analysis import shots as shots_stage
from usummary.analysis.features import Extraction, InputSpec
from usummary.analysis.sector import find_region
from usummary.errors import InputError, SettingsError
from usummary.networks import runtime
from usummary.networks.weights import Model, load_model
from usummary.progress import Progress, Report
from usummary.research.missing import completed
from usummary.research.videos import Video
from usummary.settings import Settings
from usummary.types import Box, Exam, Features, IntArray, Region, Scores

Kind = Literal["i3d", "st3d", "2d"]
DEFAULT_BACKBONE = "us-i3d-sononet16"
_NETWORKS: dict[Kind, tuple[str, ...]] = {
    "i3d": ("sononet-i3d", "resnet50-i3d"),
    "2d": ("sononet-i3d", "resnet50-i3d"),
    "st3d": ("st3d",),
}


@dataclass(frozen=True)
class FeatureRecipe:
    """How features are computed.

    Attributes:
        kind: ``i3d``: from clips; ``2d``: from each frame by itself, mean over the clip; ``st3d``:
            from clips, by a network that is not inflated from a 2-D one.
        backbone: Name or folder of a model.
        rate: Samples per second, None for every frame (the paper's protocol).
        device: Device that runs networks.
        whole: Use whole pictures, without searching for an ultrasound sector.
    """

    kind: Kind = "i3d"
    backbone: str = DEFAULT_BACKBONE
    rate: float | None = 15.0
    device: runtime.Device = "auto"
    whole: bool = False


class _Pictures:
    """A backbone without motion: runs each frame by itself, and takes the mean over the clip.

    For a clip of one repeated picture, an inflated network gives the output of its 2-D network for
    the picture (`usummary.networks.i3d`). So this is that 2-D network.
    """

    def __init__(self, runner: runtime.Runner) -> None:
        self._runner = runner

    @property
    def device(self) -> str:
        return self._runner.device

    def run(self, inputs: NDArray[np.generic]) -> tuple[NDArray[np.generic], ...]:
        """Like the backbone's `run`, for `inputs` (1, n, H, W)."""
        still = [np.repeat(inputs[:, frame : frame + 1], inputs.shape[1], axis=1)
                 for frame in range(inputs.shape[1])]  # fmt: skip
        answers = zip(*(self._runner.run(clip) for clip in still), strict=True)
        return tuple(np.mean(np.stack(parts), axis=0, dtype=np.float32) for parts in answers)


def backbone_for(wanted: FeatureRecipe) -> Model:
    """The backbone's model folder, checked for the kind of features.

    Raises:
        SettingsError: The backbone is of another kind.
        ModelError: There is no such backbone, or it is damaged.
    """
    if wanted.kind == "st3d" and wanted.backbone == DEFAULT_BACKBONE:
        raise SettingsError(
            "No ST3D network comes with the program: it is made to be trained on one's own clips. "
            "Train one and name its folder with --backbone."
        )
    model = load_model(wanted.backbone, "backbone")
    if model.network not in _NETWORKS[wanted.kind]:
        raise SettingsError(
            f'The backbone "{model.name}" is of the kind {model.network}; features of the kind '
            f"{wanted.kind} need {' or '.join(_NETWORKS[wanted.kind])}."
        )
    return model


def videos(paths: Sequence[Path], wanted: FeatureRecipe, progress: Report) -> Iterator[Video]:
    """One video per path, in order, named ``video_1`` onwards.

    Args:
        paths: Videos, DICOM cines or study folders.
        wanted: How features are computed.
        progress: Called with the share of all recordings that is done, stage ``features``; may
            raise `Cancelled`.

    Raises:
        UsummaryError: A recording cannot be read, or a model or device not be used.
    """
    stems = [path.stem for path in paths]
    if len(set(stems)) < len(stems):
        raise InputError("Two recordings have the same name; annotations could not be told apart.")
    model = backbone_for(wanted)
    with runtime.open_runner(model, wanted.device) as runner:
        for number, path in enumerate(paths):

            def report(step: Progress, done: int = number) -> None:
                progress(Progress("features", (done + step.fraction) / len(paths)))

            with readers.open_exam(path) as exam:
                if exam.frame_count < 2:
                    raise InputError(f"{path.name} holds a single picture, no recording.")
                features = _features(exam, model, runner, wanted, report)
                yield _video(f"video_{number + 1}", path, exam, features)
    progress(Progress("features", 1.0, 0.0))


def _features(
    exam: Exam, model: Model, runner: runtime.Runner, wanted: FeatureRecipe, progress: Report
) -> Features:
    progress(Progress("features", 0.0))
    regions = tuple(
        _whole(r.info.width, r.info.height) if wanted.whole else find_region(r)
        for r in exam.recordings
    )
    hashes = [
        feature_cache.content_hash(r.info.path, lambda: progress(Progress("features", 0.0)))
        for r in exam.recordings
    ]
    alone = wanted.kind == "2d"
    key = features_stage.key_of(model, hashes, regions, wanted.rate, runner.device, alone=alone)
    backbone = _Pictures(runner) if alone else runner
    spec = InputSpec(model.clip_length, (model.height, model.width), model.classes)
    kept = feature_cache.FeatureCache(feature_cache.root(), key)
    return features_stage.compute(
        exam, regions, Extraction(backbone, spec, wanted.rate, kept), progress
    )


def _whole(width: int, height: int) -> Region:
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    return Region(Box(0, 0, width, height), corners, "whole")


def _video(name: str, path: Path, exam: Exam, features: Features) -> Video:
    firsts = np.cumsum([0, *(r.info.frame_count for r in exam.recordings)])
    samples = features.samples
    flat = Scores(  # shots are cut by features; their scores come later
        times_s=samples.times_s.ravel(),
        values=np.zeros(samples.frames.size, np.float32),
        recordings=np.repeat(samples.recordings, samples.frames.shape[1]),
        frames=samples.frames.ravel(),
    )
    shots = shots_stage.make_shots(exam, features, _each_once(flat), Settings())
    borders = np.array(
        [
            [firsts[shot.recording] + shot.start_frame, firsts[shot.recording] + shot.end_frame]
            for shot in shots
        ],
        np.int64,
    )
    saves = freeze_frames.merged(exam.freeze_frames, freeze_frames.find_frozen(features))
    reference = freeze_frames.reference_shots(saves, shots)
    video = Video(
        name=name,
        title=path.stem,
        features=features.maps,
        picks=firsts[samples.recordings] + samples.frames[:, 0],
        frame_count=exam.frame_count,
        shots=borders,
        users=_users(borders, reference, exam.frame_count),
        fps=exam.frame_count / exam.duration_s,
    )
    return completed(video)


def _each_once(scores: Scores) -> Scores:
    """The scores without the repeats that fill up the last clip of each recording."""
    once = np.ones(len(scores.frames), np.bool_)
    once[1:] = (np.diff(scores.frames) != 0) | (np.diff(scores.recordings) != 0)
    return Scores(
        scores.times_s[once], scores.values[once], scores.recordings[once], scores.frames[once]
    )


def _users(borders: IntArray, reference: Sequence[int], frames: int) -> NDArray[np.bool_]:
    """(1, n_frames) the shots that hold freeze-frames; (0, n_frames) without any."""
    if not reference:
        return np.zeros((0, frames), np.bool_)
    chosen = np.zeros((1, frames), np.bool_)
    for shot in reference:
        chosen[0, borders[shot, 0] : borders[shot, 1]] = True
    return chosen
