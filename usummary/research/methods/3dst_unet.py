"""3DST-UNet-RL, the paper's method: the 3DST-UNet with its policy, by rewards or with annotations.

Vector features work as maps of one place (h = w = 1).
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from usummary.networks.policy import Summariser
from usummary.networks.unet3d import UNet3DConfig
from usummary.research.methods import Scorer, Tell
from usummary.research.methods._trained import TrainedOptions
from usummary.research.methods._trained import train as train_network
from usummary.research.videos import Video


class Options(TrainedOptions):
    """Of 3DST-UNet-RL."""

    squeezed: int = Field(default=32, ge=8, multiple_of=8)
    """Channels after the squeeze, doubled at each level."""
    levels: int = Field(default=3, ge=1)
    """Poolings along time."""
    gate: bool = True
    """A squeeze-and-excitation gate follows the squeeze."""


def train(
    learn: Sequence[Video],
    validation: Sequence[Video],
    options: Options,
    seed: int,
    tell: Tell,
) -> Scorer:
    """See `methods`."""

    def fresh(channels: int) -> Summariser:
        size = UNet3DConfig(channels, 1, options.squeezed, options.levels, options.gate)
        return Summariser(size)

    return train_network(fresh, (learn, validation), options, seed, tell)
