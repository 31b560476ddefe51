"""The jobs of an experiment: each is one training with its tests, for any order and process."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import usummary
from usummary.errors import InputError
from usummary.research import methods
from usummary.research.baselines import BASELINES, baseline
from usummary.research.config import Experiment, MethodEntry
from usummary.research.datasets import read_dataset
from usummary.research.protocol import assess
from usummary.research.record import TrainingResult, VideoResult
from usummary.research.splits import (
    Setting,
    Split,
    of_setting,
    random_splits,
    read_splits,
    validation_part,
)
from usummary.research.videos import DataSet, Video


@dataclass(frozen=True, slots=True)
class BenchJob:
    """One training, or the measuring of a baseline (`setting` is then ``baseline``)."""

    method: str
    features: str
    setting: str
    split: int = 0
    seed: int = 0

    @property
    def file(self) -> str:
        """Name of the file that holds its result."""
        return f"{self.setting}-{self.features}-{self.method}-{self.split}-{self.seed}.json"


@dataclass(frozen=True)
class Bench:
    """An experiment with its data: makes its jobs and does them.

    Attributes:
        experiment: What is wanted.
        folder: Where its relative paths start.
    """

    experiment: Experiment
    folder: Path

    @cached_property
    def data(self) -> dict[str, DataSet]:
        """Data sets by kind of features, all with the same videos."""
        found = {
            kind: read_dataset(self.folder / file) for kind, file in self.experiment.data.items()
        }
        first, *rest = found.values()
        for other in rest:
            if [video.name for video in first] != [video.name for video in other]:
                raise InputError(f"{first.path} and {other.path} do not hold the same videos.")
        return found

    @cached_property
    def others(self) -> tuple[DataSet, ...]:
        """Data sets that may join the training; their features must fit."""
        found = tuple(read_dataset(self.folder / file) for file in self.experiment.others)
        (data, *_) = self.data.values()
        shape = data.videos[0].features.shape[1:]
        for other in found:
            theirs = other.videos[0].features.shape[1:]
            if theirs != shape:
                raise InputError(
                    f"Features of {data.path} have the shape {shape} per step, those of "
                    f"{other.path} {theirs}: they cannot be trained on together."
                )
        return found

    @cached_property
    def splits(self) -> dict[Setting, tuple[tuple[Split, bool], ...]]:
        """Splits of every setting, and whether the others join."""
        (data, *_) = self.data.values()
        wanted = self.experiment.splits
        if isinstance(wanted, str):
            splits = read_splits(self.folder / wanted, data)
        else:
            splits = random_splits(
                data, count=wanted.count, test_share=wanted.test_share, seed=wanted.seed
            )
        return {setting: of_setting(setting, splits, data) for setting in self.experiment.settings}

    def tested(self) -> list[str]:
        """Names of all videos that some split tests, in the data set's order."""
        names = {name for splits in self.splits.values() for s, _ in splits for name in s.test}
        (data, *_) = self.data.values()
        return [video.name for video in data if video.name in names]

    def check(self) -> None:
        """Read everything and check every option, so that no fault shows up hours later.

        Raises:
            UsummaryError: Something does not fit.
        """
        names = self.tested()
        for data in self.data.values():
            for name in names:
                if not len(data[name].users):
                    raise InputError(
                        f"{data.path}: {name} would be tested but has no user_summary and no "
                        "ratings. Leave it out of the test splits."
                    )
        for entry in self.experiment.methods:
            method = methods.load(entry.method, self.folder)
            methods.options_of(method, entry.options, where=f'Options of "{entry.name}"')
        if set(self.experiment.settings) != {"canonical"}:
            _ = self.others

    def jobs(self) -> tuple[list[BenchJob], list[BenchJob]]:
        """Baselines and trainings; seeds vary slowest, so that each method is soon done once."""
        wanted = self.experiment
        measured = [BenchJob(name, kind, "baseline") for kind in wanted.data for name in BASELINES]
        trained = [
            BenchJob(entry.name, kind, setting, split, seed)
            for seed in wanted.seeds
            for setting, splits in self.splits.items()
            for split in range(len(splits))
            for kind in wanted.data
            for entry in wanted.methods
        ]
        return measured, trained

    def fingerprint(self, job: BenchJob) -> str:
        """Hash of everything a result depends on; a kept result with another hash is made again."""
        wanted = self.experiment
        parts: dict[str, Any] = {
            "program": usummary.__version__,
            "job": asdict(job),
            "data": self.data[job.features].sha256,
            "lengths": wanted.lengths,
        }
        if job.setting == "baseline":
            parts |= {"draws": wanted.draws, "tested": self.tested()}
        else:
            entry = self._entry(job.method)
            split, joined = self.splits[_setting(job)][job.split]
            source = Path(methods.load(entry.method, self.folder).__file__).read_bytes()
            parts |= {
                "options": entry.options,
                "source": hashlib.sha256(source).hexdigest(),
                "split": asdict(split),
                "validation": wanted.validation,
                "others": [other.sha256 for other in self.others] if joined else [],
            }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def do(self, job: BenchJob, tell: Callable[[str], None]) -> TrainingResult:
        """Train and test, or measure a baseline.

        Args:
            job: One of `jobs`.
            tell: Called now and then with a line; may raise to stop.
        """
        began = time.monotonic()
        curve: list[str] = []

        def heard(line: str) -> None:
            curve.append(line)
            tell(line)

        found = self._measured(job, tell) if job.setting == "baseline" else self._run(job, heard)
        return TrainingResult(
            **asdict(job),
            fingerprint=self.fingerprint(job),
            seconds=round(time.monotonic() - began, 2),
            curve=curve,
            videos=found,
        )

    def _measured(self, job: BenchJob, tell: Callable[[str], None]) -> dict[str, VideoResult]:
        data, wanted = self.data[job.features], self.experiment
        found = {}
        for name in self.tested():
            tell(name)
            result = baseline(job.method, data[name], wanted.lengths, draws=wanted.draws, seed=0)
            found[name] = VideoResult.of(result)
        return found

    def _run(self, job: BenchJob, tell: Callable[[str], None]) -> dict[str, VideoResult]:
        data, entry = self.data[job.features], self._entry(job.method)
        method = methods.load(entry.method, self.folder)
        options = methods.options_of(method, entry.options, where=f'Options of "{entry.name}"')
        split, joined = self.splits[_setting(job)][job.split]
        train: list[Video] = [data[name] for name in split.train]
        if joined:
            train += [video for other in self.others for video in other]
        learn, validation = validation_part(train, share=self.experiment.validation, seed=job.split)
        score = method.train(learn, validation, options, job.seed, tell)
        found = {}
        for name in split.test:
            video = data[name]
            scores = np.asarray(score(video.features), np.float64)
            tested = assess(video, scores, self.experiment.lengths)
            found[name] = VideoResult.of(tested, [round(float(value), 4) for value in scores])
        return found

    def _entry(self, name: str) -> MethodEntry:
        return next(entry for entry in self.experiment.methods if entry.name == name)


def _setting(job: BenchJob) -> Setting:
    return job.setting  # type: ignore[return-value]
