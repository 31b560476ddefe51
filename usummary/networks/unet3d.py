"""3DST-UNet: latent importance scores from spatio-temporal features.

Source: T. Liu et al., "3DST-UNet-RL", section III-C and figure 3; O. Ronneberger et al., "U-Net"
(MICCAI 2015); J. Hu et al., "Squeeze-and-Excitation Networks" (CVPR 2018) for the gate.

Group normalisation follows every convolution, although the paper names no normalisation: without it
training ends at one constant score. Batch normalisation does not work because a batch is one exam.
Instance normalisation does not work on a single clip of 1x1 features: it has one value to normalise
over, a group has several. Each place in time is normalised by itself, so that a clip's score
depends on the clips around it and not on how long the exam is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usummary.networks.scorer import FeatureNorm

_GROUPS = 8
_GROUP_CHANNELS = 4
"""Fewest channels of a group: normalised by itself, a channel of 1x1 features would become 0."""


@dataclass(frozen=True, slots=True)
class UNet3DConfig:
    """Size of the network.

    Attributes:
        channels: C of the features.
        samples: n, sampled frames of a clip: scores given per clip.
        squeezed: Channels after the squeeze; doubled at each level.
        levels: Number of poolings along time.
        gate: A squeeze-and-excitation gate over the whole exam follows the squeeze.
    """

    channels: int = 128
    samples: int = 16
    squeezed: int = 16
    levels: int = 3
    gate: bool = False


class _Gate(nn.Module):
    """Weighs channels by their means over the whole exam; (B, C, T, h, w) -> same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = nn.Linear(channels, channels // 4)
        self.up = nn.Linear(channels // 4, channels)

    def forward(self, x: Tensor) -> Tensor:
        weights = torch.sigmoid(self.up(F.relu(self.down(x.mean(dim=(2, 3, 4))))))  # (B, C)
        return x * weights[:, :, None, None, None]


class _ClipNorm(nn.GroupNorm):
    """Group normalisation of each place in time; (B, C, T, h, w) -> same."""

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, clips, height, width = x.shape
        # (B, C, T, h, w) -> (B * T, C, h, w): groups of channels over space, and back
        each = x.transpose(1, 2).reshape(batch * clips, channels, height, width)
        normal: Tensor = super().forward(each)
        return normal.reshape(batch, clips, channels, height, width).transpose(1, 2)


class _Conv(nn.Conv3d):
    """A 3x3x3 convolution that keeps the size; (B, C, T, h, w) -> (B, C', T, h, w).

    On 1x1 features the outer rows and columns of the kernel see only padding. Then only its middle
    counts, a convolution along time with a ninth of the work.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(channels, width, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[3:] != (1, 1):
            return super().forward(x)
        middle = self.weight[:, :, :, 1, 1]  # (C', C, 3)
        return F.conv1d(x[:, :, :, 0, 0], middle, padding=1)[:, :, :, None, None]


class _Upsample(nn.ConvTranspose3d):
    """Doubles the number of places in time; (B, 2c, T, h, w) -> (B, c, 2T, h, w).

    The 2x2x2 kernel moves by 2 along time, which doubles T, and by 1 in space, which gives
    (h + 1, w + 1). The last row and column are cut, so that h and w stay as they are. On 1x1
    features that leaves only the kernel's first row and column.
    """

    def __init__(self, width: int) -> None:
        super().__init__(2 * width, width, 2, stride=(2, 1, 1))

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if x.shape[3:] != (1, 1):
            return super().forward(x, output_size)[:, :, :, :-1, :-1]
        first = self.weight[:, :, :, 0, 0]  # (2c, c, 2)
        longer = F.conv_transpose1d(x[:, :, :, 0, 0], first, self.bias, stride=2)  # (B, c, 2T)
        return longer[:, :, :, None, None]


def _conv_block(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        _Conv(channels, width),
        _ClipNorm(max(1, min(_GROUPS, width // _GROUP_CHANNELS)), width),
        nn.ReLU(inplace=True),
    )


class _Up(nn.Module):
    """One decoder level: (B, 2c, T, h, w) and skip (B, c, 2T, h, w) -> (B, c, 2T, h, w)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.upsample = _Upsample(width)
        self.convs = nn.Sequential(_conv_block(2 * width, width), _conv_block(width, width))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.upsample(x)
        result: Tensor = self.convs(torch.cat([skip, x], dim=1))  # (B, 2c, 2T, h, w) inside
        return result


class UNet3D(nn.Module):
    """Features (B, T, C, h, w) -> latent scores (B, T * samples), for any T, h, w of 1 or more."""

    def __init__(self, config: UNet3DConfig) -> None:
        super().__init__()
        self.config = config
        width = config.squeezed
        self.norm = FeatureNorm(config.channels)
        self.squeeze = nn.Conv2d(config.channels, width, 1)
        self.gate = _Gate(width) if config.gate else nn.Identity()
        widths = [width * 2**level for level in range(config.levels + 1)]
        self.encoder = nn.ModuleList(
            _conv_block(before, after)
            for before, after in zip([width, *widths[:-1]], widths, strict=True)
        )
        self.decoder = nn.ModuleList(_Up(width) for width in reversed(widths[:-1]))
        self.pool = nn.MaxPool3d((2, 1, 1))
        self.to_frames = nn.ConvTranspose1d(width, 1, config.samples, stride=config.samples)

    def squeezed(self, features: Tensor) -> Tensor:
        """Features (B, T, C, h, w) squeezed to (B, T, C', h, w), each clip by itself."""
        batch, clips, channels, height, width = features.shape
        weight, bias = self.norm.folded_into(self.squeeze)
        # A 2-D convolution on one picture per clip: a 3-D one would need T behind C, and with that
        # a transposed copy of the largest array there is.
        pictures = features.float().reshape(batch * clips, channels, height, width)
        squeezed = F.conv2d(pictures, weight, bias)
        return squeezed.reshape(batch, clips, -1, height, width)

    def latent(self, squeezed: Tensor) -> Tensor:
        """Latent scores (B, T * samples) of a whole exam's squeezed features."""
        clips = squeezed.shape[1]
        squeezed = squeezed.transpose(1, 2)  # (B, C', T, h, w)
        x = self.gate(_pad_time(squeezed, 2**self.config.levels))
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(x)  # (B, C' * 2**level, T / 2**level, h, w)
            if level < self.config.levels:
                skips.append(x)
                x = self.pool(x)
        for up in self.decoder:
            x = up(x, skips.pop())
        x = x.mean(dim=(3, 4))[:, :, :clips]  # (B, C', T)
        frames: Tensor = self.to_frames(x)  # (B, 1, T * samples)
        return frames[:, 0]

    def forward(self, features: Tensor) -> Tensor:
        return self.latent(self.squeezed(features))


def _pad_time(x: Tensor, multiple: int) -> Tensor:
    """Repeats the last clip until T is a multiple of `multiple`; (B, C, T, h, w).

    There is no branch on T: the converter traces one example, and would keep that example's branch
    for every T.
    """
    missing = -x.shape[2] % multiple
    last = x[:, :, -1:]
    return torch.cat([x, last.expand(-1, -1, missing, -1, -1)], dim=2)
