"""DR-DSN (Zhou et al., AAAI 2018), the paper's baseline: a Bi-LSTM trained by the same rewards.

Its diversity reward counts steps more than 20 apart as entirely different. What else the trainer
does differently from the publication (standardised rewards, an even start) both methods share.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from usummary.networks.bilstm import BiLSTM, BiLSTMConfig
from usummary.research.methods import Scorer, Tell
from usummary.research.methods._trained import TrainedOptions
from usummary.research.methods._trained import train as train_network
from usummary.research.videos import Video


class Options(TrainedOptions):
    """Of DR-DSN."""

    cut_off: int | None = Field(default=20, ge=1)
    hidden: int = Field(default=256, ge=1)
    """Units of each direction."""


def train(
    learn: Sequence[Video],
    validation: Sequence[Video],
    options: Options,
    seed: int,
    tell: Tell,
) -> Scorer:
    """See `methods`."""

    def fresh(channels: int) -> BiLSTM:
        return BiLSTM(BiLSTMConfig(channels, 1, options.hidden))

    return train_network(fresh, (learn, validation), options, seed, tell)
