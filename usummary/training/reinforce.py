"""Losses, policy gradient and the trainer of the summariser: 3DST-UNet-RL without annotations.

Equation numbers are those of Liu et al., 3DST-UNet-RL. What the paper leaves open, and what plain
policy gradient needs to learn at all on exams of thousands of frames: the advantage is divided by
its spread over the episodes, of which there are many; log-probabilities are summed over frames, not
averaged, and scaled by one over the root of their number; training starts with all frames alike
and the wanted share of them selected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from usummary.errors import ModelError
from usummary.networks.policy import Summariser
from usummary.networks.unet3d import UNet3DConfig
from usummary.training.exams import ComposedExam
from usummary.training.rewards import Rewards
from usummary.types import FloatArray

_LEAST_SPREAD = 1e-3


def proportion_loss(p: Tensor, share: float = 0.5) -> Tensor:
    """Equation (5): squared distance of the mean probability from the wanted share."""
    return (p.mean() - share).square()


def binary_loss(p: Tensor) -> Tensor:
    """Equation (6): one over the mean distance from 0.5; 1000 at most, where all p are 0.5."""
    return 1 / (p - 0.5).abs().mean().clamp_min(_LEAST_SPREAD)


def regularisation_loss(p: Tensor, share: float = 0.5, weight: float = 0.01) -> Tensor:
    """Equation (7)."""
    return proportion_loss(p, share) + weight * binary_loss(p)


def unsupervised_loss(p: Tensor, reward: Tensor, share: float = 0.5) -> Tensor:
    """Equation (8); `reward` is anything whose gradient is the expected reward's."""
    return regularisation_loss(p, share) - reward


def supervised_loss(p: Tensor, wanted: Tensor, reward: Tensor, share: float = 0.5) -> Tensor:
    """Equations (9) and (10): additionally the mean squared error against annotated scores."""
    return functional.mse_loss(p, wanted) + unsupervised_loss(p, reward, share)


def policy_gain(logits: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    """Equation (11): a scalar whose gradient estimates that of the expected reward, unbiased.

    Args:
        logits: (L,) of selecting each frame.
        actions: (k, L) sampled episodes, 0/1.
        advantages: (k,) reward less baseline.
    """
    spread_out = logits.expand_as(actions)
    log_probability = -functional.binary_cross_entropy_with_logits(
        spread_out, actions, reduction="none"
    ).sum(dim=1)
    return (advantages * log_probability).mean()


def learning_rate(initial: float, epoch: int, *, halve_every: int = 30) -> float:
    """The rate of an epoch, counted from 0: halved every 30 epochs."""
    return float(initial * 0.5 ** (epoch // halve_every))


class Baseline:
    """Moving average of an exam's rewards, the constant c of equation (11).

    The memory is short: were the average to lag behind rewards that rise, all episodes alike would
    seem good, and what is then reinforced is noise.
    """

    def __init__(self, memory: float = 0.1) -> None:
        self._memory = memory
        self._mean: float | None = None

    def advantages(self, rewards: FloatArray) -> FloatArray:
        """(k,) rewards less the average, which they enter first, divided by their spread.

        Equal rewards teach nothing.
        """
        mean = float(rewards.mean())
        before = mean if self._mean is None else self._mean
        self._mean = self._memory * before + (1 - self._memory) * mean
        spread = float(rewards.std())
        return np.zeros_like(rewards) if spread < 1e-9 else (rewards - self._mean) / spread


@dataclass(frozen=True)
class SummariserRecipe:
    """How the summariser is trained.

    Attributes:
        seed: Of weights and episodes.
        config: Size of the 3DST-UNet.
        epochs: Passes over the exams.
        episodes: k, episodes sampled per exam and epoch.
        share: Wanted share of selected frames, epsilon of equation (5).
        rate: Learning rate of SGD (momentum 0.9, weight decay 1e-6), halved every 30 epochs.
        gain: Weight of the policy gradient beside the regularisation. Too much of it, and the mean
            of p drifts with the noise.
        plane_reward: Weight of the optional fourth reward, the mean standard-plane probability of
            the selected frames (Liu et al. 2020, arXiv 2005.09531); 0 leaves it out.
    """

    seed: int = 1
    config: UNet3DConfig = field(default_factory=UNet3DConfig)
    epochs: int = 10
    episodes: int = 30
    share: float = 0.2
    rate: float = 0.03
    gain: float = 0.5
    plane_reward: float = 0.0


@dataclass(frozen=True, slots=True)
class Epoch:
    """One line of the learning curve.

    Attributes:
        number: Counted from 0.
        reward: Mean reward of the training episodes.
        mean, spread: Mean of p, and standard deviation over the clips of a training exam.
        signal_to_noise: Squared mean over mean square deviation of the epoch's gradients of the
            last layer.
        validation: Mean reward of episodes of validation exams, less the regularisation.
        validation_spread: Standard deviation of p over the clips of a validation exam.
    """

    number: int
    reward: float
    mean: float
    spread: float
    signal_to_noise: float
    validation: float
    validation_spread: float


@dataclass(frozen=True)
class _Lesson:
    """An exam as the trainer needs it."""

    maps: Tensor
    rewards: Rewards
    plane: FloatArray
    baseline: Baseline

    def reward(self, actions: NDArray[np.bool_], plane_reward: float) -> FloatArray:
        """(k,) rewards of episodes (k, L)."""
        total = self.rewards.representativeness(actions) + self.rewards.diversity(actions)
        if plane_reward:
            sizes = np.maximum(actions.sum(axis=1), 1)
            total = total + plane_reward * (actions @ self.plane) / sizes
        return total


class Trainer:
    """Trains a summariser on composed exams, one at a time.

    Args:
        recipe: How.
        exams: To learn from.
        validation: To choose the epoch by, without their labels.
        background: Column of `ComposedExam.planes` that is no standard plane.
    """

    def __init__(
        self,
        recipe: SummariserRecipe,
        exams: Sequence[ComposedExam],
        validation: Sequence[ComposedExam],
        background: int,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self._rng = np.random.default_rng(recipe.seed)
        self._net = Summariser(recipe.config)
        self._statistics = _statistics(exams)
        self._net.unet.norm.set_statistics(*map(torch.from_numpy, self._statistics))
        self._start_even()
        self._lessons = [self._lesson(exam, background) for exam in exams]
        self._trials = [self._lesson(exam, background) for exam in validation]
        self._optimiser = torch.optim.SGD(
            self._net.parameters(), lr=recipe.rate, momentum=0.9, weight_decay=1e-6
        )

    def train(self, say: Callable[[Epoch], None]) -> Summariser:
        """The net of the epoch with the best validation reward, its epochs told to `say`."""
        best = -math.inf
        kept = self._net.state_dict()
        for number in range(self._recipe.epochs):
            epoch = self._epoch(number)
            say(epoch)
            if epoch.validation > best:
                best = epoch.validation
                kept = {name: value.clone() for name, value in self._net.state_dict().items()}
        self._net.load_state_dict(kept)
        return self._net.eval()

    def _epoch(self, number: int) -> Epoch:
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self._recipe.rate, number)
        self._net.train()
        told = [self._learn(self._lessons[i]) for i in self._rng.permutation(len(self._lessons))]
        gradients = np.stack([gradient for *_, gradient in told])
        noise = float(np.square(gradients - gradients.mean(axis=0)).sum(axis=1).mean())
        signal = float(np.square(gradients.mean(axis=0)).sum())
        reward, mean, spread = np.mean([values for *values, _ in told], axis=0)
        trials = np.mean([self._try(trial) for trial in self._trials], axis=0)
        return Epoch(
            number,
            float(reward),
            float(mean),
            float(spread),
            signal / noise if noise > 0 else 0.0,
            float(trials[0]),
            float(trials[1]),
        )

    def _learn(self, lesson: _Lesson) -> tuple[float, float, float, FloatArray]:
        """One step; mean reward, mean and spread of p, and the last layer's gradient."""
        recipe = self._recipe
        logits = self._net.logits(lesson.maps)[0]
        p = logits.sigmoid()
        chances = p.detach().numpy()
        if not np.isfinite(chances).all():
            raise ModelError("Training of the summariser diverged. Lower the learning rate.")
        actions = self._rng.random((recipe.episodes, len(chances))) < chances
        rewards = lesson.reward(actions, recipe.plane_reward)
        advantages = torch.from_numpy(lesson.baseline.advantages(rewards)).float()
        gain = policy_gain(logits, torch.from_numpy(actions).float(), advantages)
        loss = unsupervised_loss(p, gain * recipe.gain / math.sqrt(len(chances)), recipe.share)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._net.parameters(), 5.0)
        gradient = self._net.unet.to_frames.weight.grad
        assert gradient is not None
        told = gradient.flatten().numpy().copy()
        self._optimiser.step()
        return float(rewards.mean()), float(chances.mean()), self._spread(chances), told

    @torch.no_grad()
    def _try(self, trial: _Lesson) -> tuple[float, float]:
        """Mean reward of sampled episodes less the regularisation, and the spread of p."""
        self._net.eval()
        p = self._net(trial.maps)[0]
        chances = p.numpy()
        rng = np.random.default_rng(self._recipe.seed)  # the same luck in every epoch
        actions = rng.random((self._recipe.episodes, len(chances))) < chances
        reward = float(trial.reward(actions, self._recipe.plane_reward).mean())
        return reward - float(regularisation_loss(p, self._recipe.share)), self._spread(chances)

    def _spread(self, chances: FloatArray) -> float:
        return float(chances.reshape(-1, self._recipe.config.samples).mean(axis=1).std())

    @torch.no_grad()
    def _start_even(self) -> None:
        """All frames of a clip alike, and about the wanted share of them selected."""
        share = self._recipe.share
        self._net.policy.conv.bias.fill_(math.log(share / (1 - share)))  # type: ignore[union-attr]
        kernel = self._net.unet.to_frames.weight  # (C', 1, samples)
        kernel.copy_(kernel.mean(dim=2, keepdim=True).expand_as(kernel))

    def _lesson(self, exam: ComposedExam, background: int) -> _Lesson:
        samples = self._recipe.config.samples
        mean, std = self._statistics
        steps = (exam.steps.reshape(-1, exam.steps.shape[2]) - mean) / np.maximum(std, 1e-6)
        plane = np.repeat(1 - exam.planes[:, background], samples)
        hold = samples // exam.steps.shape[1]
        maps = torch.from_numpy(exam.maps)[None]
        return _Lesson(maps, Rewards(steps, hold=hold), plane, Baseline())


def _statistics(exams: Sequence[ComposedExam]) -> tuple[FloatArray, FloatArray]:
    """Mean and spread of every channel over all training exams."""
    values = np.concatenate(
        [exam.maps.transpose(0, 2, 3, 1).reshape(-1, exam.maps.shape[1]) for exam in exams]
    )
    mean = values.mean(axis=0, dtype=np.float64)
    std = values.std(axis=0, dtype=np.float64)
    return mean.astype(np.float32), std.astype(np.float32)
