"""The base of every summariser network: features of an exam in, a probability for each frame out.

It works in two steps. First features are `reduced` clip by clip, so that a long exam can be made
small in parts; then the whole exam is scored. A subclass fills in these steps, the properties and
`start_even`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FeatureNorm(nn.Module):
    """Brings features to zero mean and unit spread per channel, by the training data's statistics.

    The statistics are fixed. With those of the exam at hand, a clip would mean something else in a
    short exam of one plane, and features could not be reduced in parts. Identity until set.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Take the (C,) statistics of the training features; channels that never vary become 0."""
        self.mean.copy_(mean)
        self.std.copy_(std.clamp(min=1e-6))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise features (..., C)."""
        return (features - self.mean) / self.std

    def folded_into(self, conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
        """Kernel and bias of a 1x1 convolution that normalises its input first.

        Normalising first would need a second copy of a whole exam's features.
        """
        weight = conv.weight / self.std[:, None, None]  # (O, C, 1, 1)
        bias = (weight[:, :, 0, 0] * -self.mean).sum(dim=1)
        return weight, bias if conv.bias is None else bias + conv.bias


class Scorer(nn.Module):
    """Features (B, T, C, h, w) -> probabilities (B, T * n) in [0, 1]."""

    @property
    def norm(self) -> FeatureNorm:
        """The per-channel normalisation of features."""
        raise NotImplementedError

    @property
    def last_weight(self) -> Tensor:
        """Weight of the layer that makes frame scores; training watches its gradient."""
        raise NotImplementedError

    def reduced(self, features: Tensor) -> Tensor:
        """The small form (B, T, ...) of features; each clip by itself, so parts can be joined."""
        raise NotImplementedError

    def reduced_logits(self, reduced: Tensor) -> Tensor:
        """Logits (B, T * n) from the `reduced` features of a whole exam."""
        raise NotImplementedError

    def start_even(self, share: float) -> None:
        """For the start of training: equal scores within a clip, about `share` of all selected."""
        raise NotImplementedError

    def scores(self, reduced: Tensor) -> Tensor:
        """Probabilities (B, T * n) from the `reduced` features of a whole exam."""
        return torch.sigmoid(self.reduced_logits(reduced))

    def logits(self, features: Tensor) -> Tensor:
        """Logits (B, T * n) of selecting each sampled frame; losses are computed on these."""
        return self.reduced_logits(self.reduced(features))

    def forward(self, features: Tensor) -> Tensor:
        return self.scores(self.reduced(features))


def logit(share: float) -> float:
    """The logit whose probability is `share`."""
    return math.log(share / (1 - share))
