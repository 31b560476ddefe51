"""DR-DSN's network: a bidirectional LSTM over spatially pooled features, the baseline.

Source: K. Zhou, Y. Qiao and T. Xiang, "Deep Reinforcement Learning for Unsupervised Video
Summarization with Diversity-Representativeness Reward" (AAAI 2018). Inputs and outputs are those
of `usummary.networks.policy.Summariser`; each clip's score is held over its n sampled frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from usummary.networks.unet3d import FeatureNorm


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


class BiLSTM(nn.Module):
    """Features (B, T, C, h, w) -> probabilities (B, T * n) in [0, 1]."""

    def __init__(self, config: BiLSTMConfig) -> None:
        super().__init__()
        self.config = config
        self.norm = FeatureNorm(config.channels)
        self.lstm = nn.LSTM(config.channels, config.hidden, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * config.hidden, 1)

    def logits(self, features: Tensor) -> Tensor:
        """Logits (B, T * n) of selecting each sampled frame, what training works on."""
        pooled = self.norm(features.float().mean(dim=(3, 4)))  # (B, T, C)
        states, _ = self.lstm(pooled)  # (B, T, 2 * hidden)
        logits: Tensor = self.score(states)  # (B, T, 1)
        return logits.expand(-1, -1, self.config.samples).flatten(1)  # (B, T * n)

    def forward(self, features: Tensor) -> Tensor:
        return torch.sigmoid(self.logits(features))
