"""Losses and the policy gradient of 3DST-UNet-RL.

Equation numbers are those of Liu et al., 3DST-UNet-RL. Two things that the paper leaves open are
needed to learn anything on exams of thousands of frames. The advantage is divided by its spread
over the episodes. Log-probabilities are summed over frames, not averaged; `trainer` divides the sum
by the root of the number of frames.
"""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor
from torch.nn import functional

from usummary.types import FloatArray

_LEAST_SPREAD = 1e-3


def proportion_loss(p: Tensor, share: float = 0.5) -> Tensor:
    """Equation (5): squared distance of the mean probability from the wanted share."""
    return (p.mean() - share).square()


def binary_loss(p: Tensor) -> Tensor:
    """Equation (6): one over the mean distance from 0.5; at most 1000, also if all p are 0.5."""
    return 1 / (p - 0.5).abs().mean().clamp_min(_LEAST_SPREAD)


def regularisation_loss(p: Tensor, share: float = 0.5, weight: float = 0.01) -> Tensor:
    """Equation (7)."""
    return proportion_loss(p, share) + weight * binary_loss(p)


def unsupervised_loss(p: Tensor, reward: Tensor, share: float = 0.5) -> Tensor:
    """Equation (8); `reward` is any scalar whose gradient is that of the expected reward."""
    return regularisation_loss(p, share) - reward


def supervised_loss(
    p: Tensor, wanted: Tensor, reward: Tensor, share: float = 0.5, prediction: float = 1.0
) -> Tensor:
    """Equations (9) and (10): equation (8) plus the mean squared error against annotated scores.

    `prediction` is the weight of that error; it is 1 in the paper.
    """
    return prediction * functional.mse_loss(p, wanted) + unsupervised_loss(p, reward, share)


def policy_gain(logits: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    """Equation (11): a scalar whose gradient is an unbiased estimate of the expected reward's.

    The value itself means nothing: REINFORCE only needs the gradient.

    Args:
        logits: (L,) logits of selecting each frame.
        actions: (k, L) sampled episodes, 0/1.
        advantages: (k,) reward minus baseline.
    """
    # The log-probability of a whole episode is the sum over its frames.
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

    The memory is short. If the average lagged behind rising rewards, every episode would seem good,
    and the gradient would reinforce whatever was sampled.
    """

    def __init__(self, memory: float = 0.1) -> None:
        self._memory = memory
        self._mean = math.nan

    @property
    def mean(self) -> float:
        """The average so far, NaN before the first rewards."""
        return self._mean

    def restore(self, mean: float) -> None:
        """Continues from a saved average."""
        self._mean = mean

    def advantages(self, rewards: FloatArray) -> FloatArray:
        """(k,) rewards minus the average, divided by the rewards' spread; 0 for equal rewards.

        The average takes in these rewards first, so that it does not lag behind them.
        """
        mean = float(rewards.mean())
        before = mean if math.isnan(self._mean) else self._mean
        self._mean = self._memory * before + (1 - self._memory) * mean
        spread = float(rewards.std())
        return np.zeros_like(rewards) if spread < 1e-9 else (rewards - self._mean) / spread
