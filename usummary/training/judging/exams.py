"""Exams for training and measuring: recordings with freeze-frames, as features and shots.

Composed recordings and a person's own are read in the same way: the program opens the files, and
freeze-frames are in them or listed beside them (`*.freeze.csv`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from usummary import pipeline, readers
from usummary.analysis import freeze_frames, planes, scores, shots
from usummary.networks.weights import Model
from usummary.progress import Report, silent
from usummary.selection.choose import MODES, Mode
from usummary.settings import Settings
from usummary.training.composing.truth import Truth, read_truth
from usummary.training.summariser.trainer import Lesson
from usummary.types import (
    BACKGROUND,
    STANDARD_PLANES,
    Analysis,
    Exam,
    Features,
    FloatArray,
    Provenance,
    Scores,
    Shot,
)


@dataclass(frozen=True)
class ReadExam:
    """One exam, read and segmented once, to be scored by any number of summarisers.

    Attributes:
        name: File name, for people.
        features: Features of the backbone in use.
        analyses: For each mode of selection, the analysis without scores: shots have score 0.
        truth: The truth of a composed recording, None for any other.
    """

    name: str
    features: Features
    analyses: dict[Mode, Analysis]
    truth: Truth | None = None

    @property
    def reference(self) -> list[int]:
        """Positions of the shots (application mode) that hold a freeze-frame of a plane."""
        analysis = self.analyses["application"]
        return freeze_frames.reference_shots(analysis.freeze_frames, analysis.shots)

    def scored(self, values: FloatArray, mode: Mode = "application") -> Analysis:
        """The exam with scores (T n,) of its sampled frames."""
        given = scores.score(self.features, _Given(values))
        analysis = self.analyses[mode]
        return replace(analysis, scores=given, shots=shots.scored(analysis.shots, given))

    def wanted(self) -> FloatArray:
        """(T n,) 1 for sampled frames of reference shots, else 0."""
        wanted = np.zeros(self.features.samples.frames.shape, np.float32)
        for index in self.reference:
            wanted[self.sampled_in(self.analyses["application"].shots[index])] = 1
        return wanted.ravel()

    def sampled_in(self, shot: Shot) -> NDArray[np.bool_]:
        """(T, n) for each sampled frame, whether it lies in a shot."""
        samples = self.features.samples
        inside = (samples.frames >= shot.start_frame) & (samples.frames < shot.end_frame)
        return np.asarray(inside & (samples.recordings == shot.recording)[:, None], np.bool_)

    def held(self, planes: Iterable[str] = STANDARD_PLANES) -> NDArray[np.bool_]:
        """(T, n) for each sampled frame of a composed exam, whether one of these planes is held."""
        assert self.truth is not None
        held = self.truth.holds(planes)
        return np.asarray(held[np.minimum(self.features.samples.frames, len(held) - 1)], np.bool_)

    def plane_confidence(self) -> FloatArray | None:
        """(T,) probability that a clip shows a standard plane; None without a plane head."""
        if BACKGROUND not in self.features.classes:
            return None
        return 1 - self.features.planes[:, self.features.classes.index(BACKGROUND)]

    def lesson(self) -> Lesson:
        """The exam as the trainer needs it."""
        steps = self.features.steps
        return Lesson(
            torch.from_numpy(self.features.maps),
            steps.reshape(-1, steps.shape[2]),
            self.plane_confidence(),
            self.wanted(),
        )


@dataclass(frozen=True, slots=True)
class _Given:
    """Takes a summariser runner's place and returns scores that are known already."""

    values: FloatArray

    def run(self, _: NDArray[np.generic]) -> tuple[NDArray[np.generic], ...]:
        return (np.asarray(self.values, np.float32),)


def read_exam(
    path: Path, backbone: Model, settings: Settings, progress: Report = silent
) -> ReadExam:
    """Features and shots of one exam; finished features are kept and used again."""
    with readers.open_exam(path) as exam:
        features = pipeline.features_of(exam, backbone, settings, progress)
        analyses: dict[Mode, Analysis] = {
            mode: _unscored(exam, features, settings, mode) for mode in MODES
        }
        return ReadExam(path.name, features, analyses, read_truth(path))


def _unscored(exam: Exam, features: Features, settings: Settings, mode: Mode) -> Analysis:
    settings = settings.model_copy(update={"mode": mode})
    nothing = np.zeros(0)
    return Analysis(
        path=exam.path,
        duration_s=exam.duration_s,
        frame_count=exam.frame_count,
        regions=features.regions,
        scores=Scores(
            nothing, nothing.astype(np.float32), nothing.astype(int), nothing.astype(int)
        ),
        shots=shots.segment(exam, features, settings),
        freeze_frames=freeze_frames.merged(exam.freeze_frames, freeze_frames.find_frozen(features)),
        provenance=Provenance({}, (), "", settings.model_dump(mode="json"), {}, {}),
        planes=planes.plane_track(features),
        frame_times_s=tuple(
            recording.times_s + offset
            for recording, offset in zip(exam.recordings, exam.offsets_s, strict=True)
        ),
    )
