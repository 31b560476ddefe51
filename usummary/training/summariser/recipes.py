"""The summarisers that are trained and compared: a network and a recipe by name.

They are the paper's summariser with and without annotations, with the optional plane reward, and
with rewards left out; and the baseline DR-DSN (Zhou et al., AAAI 2018), a Bi-LSTM whose diversity
reward has a cut-off. All are trained on the same features, exams and epochs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import torch

from usummary.errors import SettingsError
from usummary.networks.bilstm import BiLSTM, BiLSTMConfig
from usummary.networks.policy import Summariser
from usummary.networks.precision import FLOAT32_LSTM, lstm_in_bfloat16
from usummary.networks.scorer import Scorer
from usummary.networks.unet3d import UNet3DConfig
from usummary.training.summariser.trainer import Recipe

NetworkKind = Literal["3dst-unet", "bilstm"]


@dataclass(frozen=True)
class UntrainedSummariser:
    """A summariser before it is trained.

    Attributes:
        title: Name in tables.
        network: Kind of network.
        recipe: How it is trained.
    """

    title: str
    network: NetworkKind
    recipe: Recipe

    def fresh(self, channels: int, samples: int, seed: int) -> tuple[Scorer, Recipe]:
        """An untrained network for features of `channels`, and the recipe with that seed."""
        torch.manual_seed(seed)
        recipe = replace(self.recipe, seed=seed)
        if self.network == "bilstm":
            return BiLSTM(BiLSTMConfig(channels=channels, samples=samples)), recipe
        return Summariser(UNet3DConfig(channels=channels, samples=samples)), recipe

    def notices(self, device: str) -> list[str]:
        """What the training log says about fallbacks on ``cpu`` or ``cuda``, before training."""
        slow = self.network == "bilstm" and self.recipe.bf16 and device == "cpu"
        return [FLOAT32_LSTM] if slow and not lstm_in_bfloat16() else []


_UNSUPERVISED = Recipe(
    epochs=45, optimiser="adam", rate=1e-3, window=256, averaging=0.95, bf16=True
)
_SUPERVISED = replace(_UNSUPERVISED, prediction=1.0, gain=0.1)
_FAST = replace(_SUPERVISED, rate=5e-3)

METHODS: Mapping[str, UntrainedSummariser] = MappingProxyType(
    {
        "3dst-unet-supervised": UntrainedSummariser("3DST-UNet, supervised", "3dst-unet", _FAST),
        "3dst-unet": UntrainedSummariser("3DST-UNet, unsupervised", "3dst-unet", _UNSUPERVISED),
        "3dst-unet-plane": UntrainedSummariser(
            "3DST-UNet, unsupervised, plane reward", "3dst-unet", replace(_UNSUPERVISED, plane=4.0)
        ),
        "3dst-unet-rep": UntrainedSummariser(
            "3DST-UNet, R_rep only", "3dst-unet", replace(_UNSUPERVISED, diversity=0.0)
        ),
        "3dst-unet-no-reward": UntrainedSummariser(
            "3DST-UNet, no reward", "3dst-unet", replace(_UNSUPERVISED, gain=0.0)
        ),
        "dr-dsn-supervised": UntrainedSummariser(
            "DR-DSN Bi-LSTM, supervised", "bilstm", replace(_SUPERVISED, cut_off=20)
        ),
        "dr-dsn": UntrainedSummariser(
            "DR-DSN Bi-LSTM, unsupervised", "bilstm", replace(_UNSUPERVISED, cut_off=20)
        ),
    }
)


def method(name: str) -> UntrainedSummariser:
    """The method of that name.

    Raises:
        SettingsError: There is none.
    """
    if name not in METHODS:
        raise SettingsError(f'There is no method "{name}". Choose one of {", ".join(METHODS)}.')
    return METHODS[name]
