"""SUM-FCN: a fully convolutional network along time, as used for image segmentation.

Source: M. Rochan, L. Ye and Y. Wang, "Video Summarization Using Fully Convolutional Sequence
Networks" (ECCV 2018), after FCN-16s. Blocks of convolutions have poolings between them; two
transposed convolutions bring the scores of the coarsest steps back to full length, and the scores
of the last but one pooling are added on the way.

Differences from the source: fewer channels (the source ends with 4,096, for a thousand times as
much data), group normalisation for the reason given in `usummary.networks.unet3d`, no dropout. Like
a 3DST-UNet without space and with a single skip.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usummary.networks.scorer import FeatureNorm, Scorer, logit

_GROUPS = 8


@dataclass(frozen=True, slots=True)
class SumFCNConfig:
    """Size of the network.

    Attributes:
        channels: C of the features.
        samples: n, sampled frames of a clip: scores given per clip.
        width: Channels of the first block; doubled at each pooling, up to eight times.
        levels: Number of poolings along time, 2 or more; the source has 5.
    """

    channels: int = 128
    samples: int = 16
    width: int = 32
    levels: int = 5


class SumFCN(Scorer):
    """Features (B, T, C, h, w) -> probabilities (B, T * n) in [0, 1]."""

    def __init__(self, config: SumFCNConfig) -> None:
        super().__init__()
        self.config = config
        self._norm = FeatureNorm(config.channels)
        widths = [config.width * min(2**level, 8) for level in range(config.levels)]
        self.blocks = nn.ModuleList(
            _block(before, after) for before, after in pairwise([config.channels, *widths])
        )
        self.head = _conv(widths[-1], widths[-1], 1)
        self.coarse = nn.Conv1d(widths[-1], 1, 1)
        self.skip = nn.Conv1d(widths[-2], 1, 1)
        self.up = _interpolation(2)
        self.up_all = _interpolation(2 ** (config.levels - 1))

    @property
    def norm(self) -> FeatureNorm:
        return self._norm

    @property
    def last_weight(self) -> Tensor:
        return self.coarse.weight

    def reduced(self, features: Tensor) -> Tensor:
        """The features' normalised means over space (B, T, C)."""
        pooled: Tensor = self.norm(features.float().mean(dim=(3, 4)))
        return pooled

    def reduced_logits(self, reduced: Tensor) -> Tensor:
        clips = reduced.shape[1]
        missing = -clips % 2**self.config.levels
        last = reduced[:, -1:].expand(-1, missing, -1)  # no branch on T: see `unet3d`
        x = torch.cat([reduced, last], dim=1).transpose(1, 2)  # (B, C, T')
        before = x
        for block in self.blocks:
            before, x = x, F.max_pool1d(block(x), 2)  # (B, width, T' / 2**level)
        scores = self.up(self.coarse(self.head(x))) + self.skip(before)
        logits: Tensor = self.up_all(scores)[:, 0, :clips]  # (B, T)
        return logits[:, :, None].expand(-1, -1, self.config.samples).flatten(1)  # (B, T * n)

    @torch.no_grad()
    def start_even(self, share: float) -> None:
        self.coarse.bias.fill_(logit(share))  # type: ignore[union-attr]
        self.skip.bias.zero_()  # type: ignore[union-attr]


def _conv(channels: int, width: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(channels, width, kernel, padding=kernel // 2, bias=False),
        nn.GroupNorm(_GROUPS, width),
        nn.ReLU(inplace=True),
    )


def _block(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(_conv(channels, width, 3), _conv(width, width, 3))


def _interpolation(factor: int) -> nn.ConvTranspose1d:
    """Transposed convolution T -> T * factor, which starts training as linear interpolation."""
    layer = nn.ConvTranspose1d(1, 1, 2 * factor, stride=factor, padding=factor // 2, bias=False)
    places = torch.arange(2 * factor) + 0.5
    with torch.no_grad():
        layer.weight[0, 0] = 1 - (places - factor).abs() / factor
    return layer
