"""Trains any summariser network, by rewards alone or by rewards and annotated scores.

A plain policy gradient learns nothing on exams of thousands of frames: any random half of the
frames has a high reward already, so the gradient is mostly noise. The paper leaves open what is
needed. Here it is: many episodes; advantages divided by their spread over the episodes;
log-probabilities summed over frames and divided by the root of their number; and a start with equal
scores and the wanted share selected. Figures: docs/decisions/training.md.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from usummary.errors import InputError, ModelError
from usummary.networks.scorer import Scorer
from usummary.training.checkpoint import load_checkpoint, save_checkpoint
from usummary.training.summariser.losses import (
    Baseline,
    learning_rate,
    policy_gain,
    regularisation_loss,
    supervised_loss,
    unsupervised_loss,
)
from usummary.training.summariser.rewards import Rewards
from usummary.types import FloatArray

_LONGEST_GRADIENT = 5.0
_KEPT_BYTES = 512_000_000
"""Most bytes of Gram matrices that are kept from epoch to epoch."""


@dataclass(frozen=True)
class Recipe:
    """How a summariser is trained.

    Attributes:
        seed: Random seed of weights, stretches and episodes.
        epochs: Passes over the lessons.
        episodes: k, episodes sampled per lesson and epoch.
        share: Wanted share of selected frames, epsilon of equation (5).
        optimiser: ``sgd`` (momentum 0.9, weight decay 1e-6: the paper's) or ``adam``.
        rate: Learning rate, halved every 30 epochs.
        gain: Weight of the policy gradient beside the other losses; 0 leaves rewards out. If it is
            too large, the mean of p drifts with the noise.
        representativeness, diversity: Weights of the rewards of equations (3) and (4).
        plane: Weight of the optional fourth reward, the mean standard-plane probability of the
            selected frames (Liu et al. 2020, arXiv 2005.09531).
        cut_off: See `usummary.training.summariser.rewards.Rewards`; the baseline DR-DSN has 20.
        prediction: Weight of equation (10), the squared error against wanted scores; 0: annotations
            are not used.
        window: Number of clips in the random stretch of a lesson that one step sees; None: all.
        averaging: Share of the weights' running average that stays in each step. Policy gradients
            are noisy, so the average is judged and kept. 0: the weights as they are.
        bf16: Compute in bfloat16, for processors that are fast at it.
    """

    seed: int = 1
    epochs: int = 20
    episodes: int = 30
    share: float = 0.2
    optimiser: Literal["sgd", "adam"] = "sgd"
    rate: float = 0.03
    gain: float = 0.5
    representativeness: float = 1.0
    diversity: float = 1.0
    plane: float = 0.0
    cut_off: int | None = None
    prediction: float = 0.0
    window: int | None = None
    averaging: float = 0.0
    bf16: bool = False


@dataclass(frozen=True)
class Lesson:
    """An exam or a video as the trainer needs it: T clips of n frames.

    Attributes:
        features: (T, C, h, w) input of the network.
        steps: (P, D) features that rewards compare, P a multiple of T; each row is shared by
            T n / P frames.
        plane: (T,) standard-plane probability of each clip, None without a plane head.
        wanted: (T n,) annotated scores in [0, 1], None without annotations.
    """

    features: Tensor
    steps: FloatArray
    plane: FloatArray | None = None
    wanted: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Epoch:
    """One line of the learning curve.

    Attributes:
        number: Counted from 0.
        loss: Mean of the losses without the policy gradient, whose value means nothing.
        reward: Mean reward of the training episodes.
        mean, spread: Mean of p, and standard deviation over the clips of a lesson.
        signal_to_noise: Squared mean over mean square deviation of the epoch's gradients of the
            last layer.
        validation: The value that epochs are judged by; more is better.
        validation_spread: Standard deviation of p over the clips of a validation exam.
    """

    number: int
    loss: float
    reward: float
    mean: float
    spread: float
    signal_to_noise: float
    validation: float
    validation_spread: float

    def line(self) -> str:
        """The epoch as a line for the training log."""
        return (
            f"epoch {self.number}: loss {self.loss:.4f}, reward {self.reward:.4f}, mean p "
            f"{self.mean:.3f}, spread {self.spread:.3f}, validation {self.validation:.4f}"
        )


Judge = Callable[[Sequence[FloatArray]], float]
"""Judges the scores (T n,) of all validation exams; more is better."""


class Trainer:
    """Trains a network on lessons, one step per lesson and epoch.

    Random numbers depend on seed and epoch alone, so a resumed run gives the same network as an
    uninterrupted one.

    Args:
        net: A fresh network, made after `torch.manual_seed`; it is trained in place.
        recipe: How it is trained.
        lessons: Exams to learn from.
        validation: Exams to measure the spread of p on, and to judge by if there is no `judge`.
        judge: Chooses the epoch. The default is the reward of validation episodes minus the
            regularisation, which needs no annotations.
        device: ``cpu`` or ``cuda``, which trains the network; rewards are computed on the CPU.

    Raises:
        InputError: A lesson lacks what the recipe needs.
    """

    def __init__(
        self,
        net: Scorer,
        recipe: Recipe,
        lessons: Sequence[Lesson],
        validation: Sequence[Lesson],
        judge: Judge | None = None,
        device: str = "cpu",
    ) -> None:
        for lesson in lessons:
            if recipe.prediction and lesson.wanted is None:
                raise InputError("Supervised training needs annotated scores for every exam.")
            if recipe.plane and lesson.plane is None:
                raise InputError("The plane reward needs features with plane probabilities.")
        self._net, self._recipe, self._device = net.to(device), recipe, device
        self._lessons, self._validation = lessons, validation
        self._judge = judge or self._reward_of
        self._baselines = [Baseline() for _ in lessons]
        self._grams: dict[int, Rewards] = {}
        net.norm.set_statistics(*map(torch.from_numpy, _statistics(_values(lessons))))
        steps = (torch.from_numpy(lesson.steps).T for lesson in lessons)
        self._mean, self._std = _statistics(steps)
        net.start_even(recipe.share)
        self._optimiser = _optimiser(net, recipe)
        decay = get_ema_multi_avg_fn(recipe.averaging)  # type: ignore[no-untyped-call]
        self._averaged = AveragedModel(net, multi_avg_fn=decay)

    def train(self, say: Callable[[Epoch], None], checkpoint: Path | None = None) -> Scorer:
        """The network of the best epoch, ready for use; epochs are reported to `say` as they end.

        Args:
            say: Called with every epoch that is trained now.
            checkpoint: File to resume from, and to save to after every epoch.

        Raises:
            ModelError: The training diverged, or the checkpoint belongs to another training.
        """
        best, first = -math.inf, 0
        kept, about = _copied(self._average), self._about()
        if checkpoint is not None and checkpoint.exists():
            first, best, kept = self._resumed(checkpoint, about)
        for number in range(first, self._recipe.epochs):
            epoch = self._epoch(number)
            say(epoch)
            if epoch.validation > best:
                best, kept = epoch.validation, _copied(self._average)
            if checkpoint is not None:
                more = {f"kept.{name}": value for name, value in kept.items()}
                more |= {f"averaged.{n}": v for n, v in self._averaged.state_dict().items()}
                more["about"] = about
                more["best"] = torch.tensor(best, dtype=torch.float64)
                means = [baseline.mean for baseline in self._baselines]
                more["baselines"] = torch.tensor(means, dtype=torch.float64)
                save_checkpoint(checkpoint, self._net, self._optimiser, number + 1, more)
        self._net.load_state_dict(kept)
        return self._net.cpu().eval()

    def _resumed(self, checkpoint: Path, about: Tensor) -> tuple[int, float, dict[str, Tensor]]:
        """Number of epochs done, the best judgement so far, and that epoch's weights."""
        done, more = load_checkpoint(checkpoint, self._net, self._optimiser)
        if "about" not in more or not torch.equal(more.pop("about"), about):
            raise ModelError(
                f"The checkpoint {checkpoint} is of another training: other exams, or another "
                "method. Delete it to train anew."
            )
        best = float(more.pop("best"))
        for baseline, mean in zip(self._baselines, more.pop("baselines"), strict=True):
            baseline.restore(float(mean))
        self._averaged.load_state_dict(_under("averaged.", more))
        return done, best, _under("kept.", more)

    @property
    def _average(self) -> Scorer:
        """The network with weights averaged over the last steps, which is judged and kept."""
        net = self._averaged.module
        assert isinstance(net, Scorer)
        return net

    def _about(self) -> Tensor:
        """Hash of everything that a step depends on, to recognise a checkpoint of another training.

        The number of epochs is left out: a finished training may be continued.
        """
        digest = hashlib.sha256(repr(replace(self._recipe, epochs=0)).encode())
        for lesson in self._lessons:
            for values in (lesson.steps, lesson.plane, lesson.wanted):
                if values is not None:
                    digest.update(np.ascontiguousarray(values).tobytes())
        return torch.tensor(list(digest.digest()), dtype=torch.uint8)

    def _epoch(self, number: int) -> Epoch:
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self._recipe.rate, number)
        self._net.train()
        # By seed and epoch alone: a resumed epoch draws the same as an uninterrupted one.
        rng = np.random.default_rng((self._recipe.seed, number))
        lessons = [self._learn(int(i), rng) for i in rng.permutation(len(self._lessons))]
        gradients = np.stack([gradient for *_, gradient in lessons])
        noise = float(np.square(gradients - gradients.mean(axis=0)).sum(axis=1).mean())
        signal = float(np.square(gradients.mean(axis=0)).sum())
        loss, reward, mean, spread = np.mean([values for *values, _ in lessons], axis=0)
        scores = self._validation_scores()
        spreads = [
            _spread(p, len(trial.features))
            for trial, p in zip(self._validation, scores, strict=True)
        ]
        return Epoch(
            number,
            float(loss),
            float(reward),
            float(mean),
            float(spread),
            signal / noise if noise > 0 else 0.0,
            self._judge(scores),
            float(np.mean(spreads)) if spreads else 0.0,
        )

    def _learn(
        self, which: int, rng: np.random.Generator
    ) -> tuple[float, float, float, float, FloatArray]:
        """Takes one step; loss, mean reward, mean and spread of p, the last layer's gradient."""
        recipe = self._recipe
        lesson = _stretch(self._lessons[which], recipe.window, rng)
        with torch.autocast(self._device, torch.bfloat16, enabled=recipe.bf16):
            logits = self._net.logits(lesson.features[None].to(self._device))[0].float()
        p = logits.sigmoid()
        chances = p.detach().cpu().numpy()
        if not np.isfinite(chances).all():
            raise ModelError("Training of the summariser diverged. Lower the learning rate.")
        gained, reward = torch.zeros((), device=self._device), 0.0
        if recipe.gain:
            actions = rng.random((recipe.episodes, len(chances))) < chances
            rewards = self._rewards(lesson, actions)
            advantages = torch.from_numpy(self._baselines[which].advantages(rewards)).float()
            chosen = torch.from_numpy(actions).float().to(self._device)
            gain = policy_gain(logits, chosen, advantages.to(self._device))
            # A sum over L frames has noise of order sqrt(L): so `gain` fits exams of any length.
            gained = gain * recipe.gain / math.sqrt(len(chances))
            reward = float(rewards.mean())
        if recipe.prediction:
            wanted = torch.from_numpy(np.asarray(lesson.wanted, np.float32)).to(self._device)
            objective = supervised_loss(p, wanted, gained, recipe.share, recipe.prediction)
        else:
            objective = unsupervised_loss(p, gained, recipe.share)
        self._optimiser.zero_grad()
        objective.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._net.parameters(), _LONGEST_GRADIENT)
        gradient = self._net.last_weight.grad
        assert gradient is not None
        flat = gradient.flatten().cpu().numpy().copy()
        self._optimiser.step()
        self._averaged.update_parameters(self._net)
        spread = _spread(chances, len(lesson.features))
        loss = float((objective + gained).detach())  # without the policy gradient, see `Epoch`
        return loss, reward, float(chances.mean()), spread, flat

    def _rewards(self, lesson: Lesson, actions: NDArray[np.bool_]) -> FloatArray:
        """(k,) rewards of episodes (k, L)."""
        recipe, frames = self._recipe, actions.shape[1]
        rewards = self._gram(lesson, frames // len(lesson.steps))
        total = np.zeros(len(actions))
        if recipe.representativeness:
            total += recipe.representativeness * rewards.representativeness(actions)
        if recipe.diversity:
            total += recipe.diversity * rewards.diversity(actions)
        if recipe.plane and lesson.plane is not None:
            held = np.repeat(lesson.plane, frames // len(lesson.plane))
            shown = np.asarray(actions @ held, np.float64)
            total += recipe.plane * shown / np.maximum(actions.sum(axis=1), 1)
        return total

    def _gram(self, lesson: Lesson, hold: int) -> Rewards:
        """The rewards of a lesson; for whole lessons they are kept while there is room."""
        if (kept := self._grams.get(id(lesson))) is not None:
            return kept
        # Normalised per channel, or a few channels of large values would decide all distances.
        steps = np.asarray(lesson.steps - self._mean, np.float32) / np.maximum(self._std, 1e-6)
        rewards = Rewards(steps, hold=hold, cut_off=self._recipe.cut_off)
        whole = any(lesson is other for other in (*self._lessons, *self._validation))
        taken = sum(gram.size for gram in self._grams.values())
        if whole and taken + rewards.size <= _KEPT_BYTES:
            # By identity: only whole lessons live as long as the trainer, stretches' ids come back.
            self._grams[id(lesson)] = rewards
        return rewards

    @torch.no_grad()
    def _validation_scores(self) -> list[FloatArray]:
        """Scores (T n,) of every validation exam."""
        net = self._average.eval()
        with torch.autocast(self._device, torch.bfloat16, enabled=self._recipe.bf16):
            return [
                net(trial.features[None].to(self._device))[0].float().cpu().numpy()
                for trial in self._validation
            ]

    def _reward_of(self, scores: Sequence[FloatArray]) -> float:
        """Mean reward of sampled validation episodes minus the regularisation."""
        values = []
        for trial, p in zip(self._validation, scores, strict=True):
            rng = np.random.default_rng(self._recipe.seed)  # every epoch has the same luck
            actions = rng.random((self._recipe.episodes, len(p))) < p
            cost = float(regularisation_loss(torch.from_numpy(p), self._recipe.share))
            values.append(float(self._rewards(trial, actions).mean()) - cost)
        return float(np.mean(values))


def _stretch(lesson: Lesson, window: int | None, rng: np.random.Generator) -> Lesson:
    """A random stretch of `window` clips; the whole lesson if it is not longer."""
    clips = len(lesson.features)
    if window is None or clips <= window:
        return lesson
    start = int(rng.integers(clips - window + 1))

    def part(values: FloatArray | None) -> FloatArray | None:
        if values is None:
            return None
        each = len(values) // clips
        return values[start * each : (start + window) * each]

    steps = part(lesson.steps)
    assert steps is not None
    features = lesson.features[start : start + window]
    return Lesson(features, steps, part(lesson.plane), part(lesson.wanted))


def _optimiser(net: Scorer, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimiser == "adam":
        return torch.optim.Adam(net.parameters(), lr=recipe.rate, weight_decay=1e-6)
    return torch.optim.SGD(net.parameters(), lr=recipe.rate, momentum=0.9, weight_decay=1e-6)


def _under(prefix: str, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The values whose names begin with `prefix`, which is removed from the names."""
    return {n.removeprefix(prefix): v for n, v in values.items() if n.startswith(prefix)}


def _copied(net: Scorer) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def _spread(chances: FloatArray, clips: int) -> float:
    return float(chances.reshape(clips, -1).mean(axis=1).std())


def _values(lessons: Sequence[Lesson]) -> Iterator[Tensor]:
    for lesson in lessons:
        yield lesson.features.transpose(0, 1).flatten(1)  # (C, T * h * w)


def _statistics(parts: Iterable[Tensor]) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation (C,) of every channel, over the values of all parts (C, N)."""
    count, total, square = 0, np.zeros(1), np.zeros(1)
    for part in parts:
        values = part.double()
        count += values.shape[1]
        total = total + values.sum(dim=1).numpy()
        square = square + values.square().sum(dim=1).numpy()
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 0))
    return mean.astype(np.float32), std.astype(np.float32)
