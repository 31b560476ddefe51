"""What the trained methods share: options, lessons made of videos, and how an epoch is chosen.

A step of a data set is a clip of one sample: networks give one score a step, rewards compare the
steps themselves. An epoch is chosen on the validation videos: by their rewards without
annotations, else by tau, the mean over annotators and videos (constant scores count as 0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from usummary import metrics
from usummary.errors import InputError
from usummary.networks.scorer import Scorer
from usummary.research import methods
from usummary.research.pairwise import Inputs, inputs_of
from usummary.research.videos import Video
from usummary.training.summariser.trainer import Epoch, Judge, Lesson, Recipe, Trainer
from usummary.types import FloatArray


class TrainedOptions(BaseModel):
    """Of every trained method; `usummary.training.summariser.trainer.Recipe` says the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: Inputs = "features"
    """What the network sees; rewards always compare the features."""
    supervised: bool = False
    """Learn from annotations beside the rewards, and choose the epoch by them."""
    target: Literal["importance", "oracle"] = "importance"
    """Wanted scores: the annotators' mean importance, or the oracle summary's 0s and 1s."""
    prediction: float = Field(default=1.0, ge=0)
    """Weight of the squared error against them, where supervised."""
    gain: float = Field(default=0.5, ge=0)
    """Weight of the rewards' policy gradient; 0 leaves rewards out."""
    representativeness: float = Field(default=1.0, ge=0)
    """Weight of the first reward term."""
    diversity: float = Field(default=1.0, ge=0)
    """Weight of the second one."""
    cut_off: int | None = Field(default=None, ge=1)
    """Steps further apart count as entirely different."""
    share: float = Field(default=0.5, gt=0, lt=1)
    """Wanted share of selected steps, epsilon of equation (5)."""
    epochs: int = Field(default=20, ge=1)
    episodes: int = Field(default=5, ge=2)
    optimiser: Literal["sgd", "adam"] = "sgd"
    rate: float = Field(default=0.03, gt=0)

    def recipe(self, seed: int) -> Recipe:
        """For the trainer."""
        shared = set(TrainedOptions.model_fields) - {"inputs", "supervised", "target"}
        values = self.model_dump(include=shared) | {"seed": seed}
        return Recipe(**(values if self.supervised else values | {"prediction": 0.0}))


def train(
    fresh: Callable[[int], Scorer],
    videos: tuple[Sequence[Video], Sequence[Video]],
    options: TrainedOptions,
    seed: int,
    tell: methods.Tell,
) -> methods.Scorer:
    """A network trained on videos.

    Args:
        fresh: Makes the network for features of so many channels.
        videos: To learn from, and to choose the epoch by; without the latter the last one is taken.
        options: How.
        seed: Of everything.
        tell: Told every epoch.

    Raises:
        InputError: Supervised training on a video that nobody annotated.
    """
    torch.manual_seed(seed)
    net = fresh(inputs_of(videos[0][0].features, options.inputs).shape[1])
    lessons, validation = ([_lesson(one, options) for one in part] for part in videos)
    trainer = Trainer(net, options.recipe(seed), lessons, validation, _judge(videos[1], options))

    def heard(epoch: Epoch) -> None:
        tell(epoch.line())

    trained = trainer.train(heard)
    return lambda features: _scores(trained, features, options.inputs)


def _lesson(video: Video, options: TrainedOptions) -> Lesson:
    wanted: FloatArray | None = None
    if options.supervised:
        found = video.importance if options.target == "importance" else video.oracle
        if found is None:
            raise InputError(
                f"{video.name} has no annotations, which supervised training needs. "
                "Leave it out of the training, or train unsupervised."
            )
        wanted = found.astype(np.float32)
    seen = torch.from_numpy(inputs_of(video.features, options.inputs))
    return Lesson(seen, video.vectors, wanted=wanted)


def _judge(validation: Sequence[Video], options: TrainedOptions) -> Judge | None:
    """What chooses the epoch; None leaves it to the validation videos' rewards."""
    if not validation:
        return _Latest()
    if not options.supervised:
        return None
    if not any(len(video.users) for video in validation):
        return _Latest()  # OVP and YouTube have no annotators, only an oracle

    def mean_tau(scores: Sequence[FloatArray]) -> float:
        found = [
            metrics.kendall_tau(values, video.opinions)
            for values, video in zip(scores, validation, strict=True)
            if len(video.users)
        ]
        return float(np.mean([tau or 0.0 for tau in found]))

    return mean_tau


class _Latest:
    """Every epoch is better than the one before it."""

    def __init__(self) -> None:
        self._epoch = 0

    def __call__(self, _: Sequence[FloatArray]) -> float:
        self._epoch += 1
        return float(self._epoch)


@torch.inference_mode()
def _scores(net: Scorer, features: NDArray[np.floating], inputs: Inputs) -> NDArray[np.float64]:
    """(T,) probabilities for (T, C, h, w) features."""
    seen = torch.from_numpy(inputs_of(features, inputs))
    return np.asarray(net(seen[None])[0].double().numpy())
