"""Trains one summariser on exams with freeze-frames; validation exams choose its best epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from usummary import pipeline
from usummary.networks.scorer import Scorer
from usummary.networks.weights import Model, build
from usummary.training.judging.exams import ReadExam
from usummary.training.judging.measures import network_scores
from usummary.training.judging.table import ScoreExam
from usummary.training.summariser.recipes import UntrainedSummariser
from usummary.training.summariser.trainer import Epoch, Judge, Trainer
from usummary.types import FloatArray

LENGTH = "15%"
"""The summary length at which epochs of supervised training are judged."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What is to be trained: a method with a seed, and on which device (``cpu`` or ``cuda``)."""

    method: UntrainedSummariser
    seed: int
    device: str = "cpu"


def train_summariser(
    wanted: TrainingPlan,
    exams: Sequence[ReadExam],
    validation: Sequence[ReadExam],
    *,
    checkpoint: Path | None = None,
    say: Callable[[Epoch], None] = lambda _: None,
) -> Scorer:
    """The network of the best epoch.

    Supervised training keeps the epoch with the best F1 on validation exams at `LENGTH`. Training
    without annotations keeps the epoch with the best validation reward minus regularisation, so it
    never sees a freeze-frame.
    """
    lessons = [exam.lesson() for exam in exams]
    trials = [exam.lesson() for exam in validation]
    channels = lessons[0].features.shape[1]
    samples = exams[0].features.samples.frames.shape[1]
    net, recipe = wanted.method.fresh(channels, samples, wanted.seed)
    judge = f1_judge(validation) if recipe.prediction else None
    return Trainer(net, recipe, lessons, trials, judge, wanted.device).train(say, checkpoint)


def f1_judge(validation: Sequence[ReadExam]) -> Judge:
    """Mean F1 over exams at `LENGTH`, application mode."""

    def judge(scores: Sequence[FloatArray]) -> float:
        f1 = [
            pipeline.select(exam.scored(values), LENGTH).metrics["f1"]
            for exam, values in zip(validation, scores, strict=True)
        ]
        return float(np.mean(f1))

    return judge


def scores_of(model: Model) -> ScoreExam:
    """A function that gives a trained summariser's scores of an exam."""
    net = build(model)
    assert isinstance(net, Scorer)
    return lambda exam, _: network_scores(net, exam)
