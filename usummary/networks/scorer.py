"""What every summariser network is: features of an exam in, a probability for each frame out.

It works in two steps. Features are `reduced` clip by clip, so that they can be made small in parts;
then the whole exam is scored. A network of its own kind says how in two methods and two properties.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FeatureNorm(nn.Module):
    """Features with zero mean and unit spread per channel, by the training data's statistics.

    Fixed statistics, not those of the exam at hand: a clip then keeps its meaning in a short exam
    of one plane, and features can be squeezed while they stream in. Identity until they are set.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Take the (C,) statistics of the training features; dead channels stay at zero."""
        self.mean.copy_(mean)
        self.std.copy_(std.clamp(min=1e-6))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise features (..., C)."""
        return (features - self.mean) / self.std

    def folded_into(self, conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
        """Kernel and bias of a 1x1 convolution that normalises its input first.

        Spares the copies that normalising a whole exam's features would take.
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
        """The small form (B, T, ...) of features; clip by clip, so it can be made in parts."""
        raise NotImplementedError

    def reduced_logits(self, reduced: Tensor) -> Tensor:
        """Logits (B, T * n) from the `reduced` features of a whole exam."""
        raise NotImplementedError

    def start_even(self, share: float) -> None:
        """Before training: all frames of a clip alike, about `share` of all frames selected."""
        raise NotImplementedError

    def scores(self, reduced: Tensor) -> Tensor:
        """Probabilities (B, T * n) from the `reduced` features of a whole exam."""
        return torch.sigmoid(self.reduced_logits(reduced))

    def logits(self, features: Tensor) -> Tensor:
        """Logits (B, T * n) of selecting each sampled frame, what training works on."""
        return self.reduced_logits(self.reduced(features))

    def forward(self, features: Tensor) -> Tensor:
        return self.scores(self.reduced(features))


def logit(share: float) -> float:
    """The logit whose probability is `share`."""
    return math.log(share / (1 - share))
