"""The policy network, and the summariser: 3DST-UNet, then policy.

Source: T. Liu et al., "3DST-UNet-RL", section III-D: ``p_t = sigmoid(W * x_t + b)``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from usummary.networks.scorer import FeatureNorm, Scorer, logit
from usummary.networks.unet3d import UNet3D, UNet3DConfig


class Policy(nn.Module):
    """One convolution over the latent scores (B, L) -> logits (B, L) of selecting a frame.

    It starts as the identity: the first gradients then reach the U-Net undamped.
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


class Summariser(Scorer):
    """3DST-UNet and policy: features (B, T, C, h, w) -> probabilities (B, T * n) in [0, 1]."""

    def __init__(self, config: UNet3DConfig) -> None:
        super().__init__()
        self.config = config
        self.unet = UNet3D(config)
        self.policy = Policy()

    @property
    def norm(self) -> FeatureNorm:
        return self.unet.norm

    @property
    def last_weight(self) -> Tensor:
        return self.unet.to_frames.weight

    def reduced(self, features: Tensor) -> Tensor:
        """The squeezed features (B, T, C', h, w)."""
        return self.unet.squeezed(features)

    def reduced_logits(self, reduced: Tensor) -> Tensor:
        logits: Tensor = self.policy(self.unet.latent(reduced))
        return logits

    @torch.no_grad()
    def start_even(self, share: float) -> None:
        self.policy.conv.bias.fill_(logit(share))  # type: ignore[union-attr]
        # One mean kernel for all n frames of a clip: random ones would prefer a place in the clip.
        kernel = self.unet.to_frames.weight  # (C', 1, samples)
        kernel.copy_(kernel.mean(dim=2, keepdim=True).expand_as(kernel))
