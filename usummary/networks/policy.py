"""The policy network, and the summariser that it makes together with the 3DST-UNet.

Source: T. Liu et al., "3DST-UNet-RL", section III-D: ``p_t = sigmoid(W * x_t + b)``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from usummary.networks.unet3d import UNet3D, UNet3DConfig


class Policy(nn.Module):
    """One convolution over the latent scores (B, L) -> logits (B, L) of selecting a frame.

    It starts as the identity, so that at first a frame's probability is its own latent score.
    """

    def __init__(self, kernel: int = 5) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, kernel, padding=kernel // 2)
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.weight[0, 0, kernel // 2] = 1.0
            nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    def forward(self, latent: Tensor) -> Tensor:
        logits: Tensor = self.conv(latent[:, None])  # (B, 1, L)
        return logits[:, 0]


class Summariser(nn.Module):
    """3DST-UNet and policy: features (B, T, C, h, w) -> probabilities (B, T * n) in [0, 1]."""

    def __init__(self, config: UNet3DConfig) -> None:
        super().__init__()
        self.config = config
        self.unet = UNet3D(config)
        self.policy = Policy()

    @property
    def norm(self) -> nn.Module:
        """The per-channel normalisation of features (`unet3d.FeatureNorm`)."""
        return self.unet.norm

    def reduced(self, features: Tensor) -> Tensor:
        """The small form (B, T, C', h, w) of features; clip by clip, so it can be made in parts."""
        return self.unet.squeezed(features)

    def scores(self, reduced: Tensor) -> Tensor:
        """Probabilities (B, T * n) from the `reduced` features of a whole exam."""
        return torch.sigmoid(self._logits(reduced))

    def logits(self, features: Tensor) -> Tensor:
        """Logits (B, T * n) of selecting each sampled frame, what training works on."""
        return self._logits(self.reduced(features))

    def forward(self, features: Tensor) -> Tensor:
        return self.scores(self.reduced(features))

    def _logits(self, reduced: Tensor) -> Tensor:
        logits: Tensor = self.policy(self.unet.latent(reduced))
        return logits
