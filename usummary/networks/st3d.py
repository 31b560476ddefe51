"""ST3D: three 3-D convolution layers, the paper's backbone that is trained from scratch.

Source: T. Liu et al., "3DST-UNet-RL", section III-B.1; layer form after D. Tran et al., "Learning
Spatiotemporal Features with 3D Convolutional Networks" (ICCV 2015). Inputs and outputs are those
of every backbone, see `usummary.networks.i3d`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from usummary.networks.i3d import standardise


@dataclass(frozen=True, slots=True)
class ST3DConfig:
    """Size of the network.

    Attributes:
        clip_length: Frames of a clip; divisible by 4.
        height, width: Input size in pixels; divisible by 16.
        widths: Channels of the three layers; the last one is C.
        classes: Columns of the plane head, 0 for none.
    """

    clip_length: int = 16
    height: int = 112
    width: int = 144
    widths: tuple[int, int, int] = (32, 64, 128)
    classes: int = 14


class ST3D(nn.Module):
    """(N, 16, 112, 144) -> maps (N, 128, 7, 9), steps (N, 4, 128), planes (N, classes)."""

    temperature: Tensor

    def __init__(self, config: ST3DConfig) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        channels = 1
        # time / space: 1 / 4, then 2 / 2, then 2 / 2
        pools = ((1, 4, 4), (2, 2, 2), (2, 2, 2))
        for width, pool in zip(config.widths, pools, strict=True):
            layers += [
                nn.Conv3d(channels, width, 3, padding=1, bias=False),
                nn.BatchNorm3d(width),
                nn.ReLU(inplace=True),
                nn.MaxPool3d(pool),
            ]
            channels = width
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(channels, config.classes) if config.classes else None
        self.register_buffer("temperature", torch.ones(()))

    def last_features(self, clips: Tensor) -> Tensor:
        """Features (N, C, s, h, w) of uint8 clips (N, T, H, W)."""
        # `standardise` has SonoNet's scale of 255; a fresh network trains best at unit spread.
        x = standardise(clips)[:, None] / 255.0  # (N, 1, T, H, W)
        features: Tensor = self.features(x)
        return features

    def logits(self, clips: Tensor) -> Tensor:
        """Class scores (N, classes) of clips; the training loss is computed on these."""
        return self.head_logits(self.last_features(clips))

    def head_logits(self, features: Tensor) -> Tensor:
        """Class scores (N, classes) of `last_features`, before the softmax."""
        pooled = features.mean(dim=(2, 3, 4))  # (N, C)
        return pooled[:, :0] if self.head is None else self.head(pooled)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.last_features(clips)
        planes = (self.head_logits(features) / self.temperature).softmax(dim=1)
        # (N, C, s, h, w) -> maps (N, C, h, w), steps (N, s, C)
        return features.mean(dim=2), features.mean(dim=(3, 4)).transpose(1, 2), planes
