"""SUM-FCN (Rochan et al., ECCV 2018), the closest relative: a fully convolutional network in time.

The source's unsupervised loss is a repelling regulariser, the mean cosine of the chosen frames:
here the diversity reward, alone. Its supervised loss is a cross-entropy against chosen frames; here
it is the squared error that all methods share (leave the rewards out with ``gain = 0``).
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from usummary.networks.sumfcn import SumFCN, SumFCNConfig
from usummary.research.methods import Scorer, Tell
from usummary.research.methods._trained import TrainedOptions
from usummary.research.methods._trained import train as train_network
from usummary.research.videos import Video


class Options(TrainedOptions):
    """Of SUM-FCN."""

    representativeness: float = Field(default=0.0, ge=0)
    width: int = Field(default=32, ge=8, multiple_of=8)
    """Channels of the first block."""
    levels: int = Field(default=5, ge=2)
    """Poolings along time."""


def train(
    learn: Sequence[Video],
    validation: Sequence[Video],
    options: Options,
    seed: int,
    tell: Tell,
) -> Scorer:
    """See `methods`."""

    def fresh(channels: int) -> SumFCN:
        return SumFCN(SumFCNConfig(channels, 1, options.width, options.levels))

    return train_network(fresh, (learn, validation), options, seed, tell)
