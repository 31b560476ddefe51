"""DR-DSN's network: a bidirectional LSTM over spatially pooled features, the baseline.

Source: K. Zhou, Y. Qiao and T. Xiang, "Deep Reinforcement Learning for Unsupervised Video
Summarization with Diversity-Representativeness Reward" (AAAI 2018). Inputs and outputs are those
of `usummary.networks.policy.Summariser`; each clip's score is held over its n sampled frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from usummary.networks import both_ways
from usummary.networks.scorer import FeatureNorm, Scorer, logit


@dataclass(frozen=True, slots=True)
class BiLSTMConfig:
    """Size of the network.

    Attributes:
        channels: C of the features.
        samples: n, sampled frames of a clip: scores given per clip.
        hidden: Units of each direction.
    """

    channels: int = 128
    samples: int = 16
    hidden: int = 256


class BiLSTM(Scorer):
    """Features (B, T, C, h, w) -> probabilities (B, T * n) in [0, 1]."""

    def __init__(self, config: BiLSTMConfig) -> None:
        super().__init__()
        self.config = config
        self._norm = FeatureNorm(config.channels)
        self.lstm = nn.LSTM(config.channels, config.hidden, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * config.hidden, 1)

    @property
    def norm(self) -> FeatureNorm:
        return self._norm

    @property
    def last_weight(self) -> Tensor:
        return self.score.weight

    def reduced(self, features: Tensor) -> Tensor:
        """The features' normalised means over space (B, T, C)."""
        pooled: Tensor = self.norm(features.float().mean(dim=(3, 4)))
        return pooled

    def reduced_logits(self, reduced: Tensor) -> Tensor:
        states = both_ways.states(self.lstm, reduced)  # (B, T, 2 * hidden)
        logits: Tensor = self.score(states)  # (B, T, 1)
        return logits.expand(-1, -1, self.config.samples).flatten(1)  # (B, T * n)

    @torch.no_grad()
    def start_even(self, share: float) -> None:
        self.score.bias.fill_(logit(share))
