"""A summariser that is trained already: a model folder, used as it is.

For data sets whose features come from the backbone that the summariser was trained on (``usummary
features``), on recordings that it was not trained on. Nothing is learnt here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from usummary.errors import InputError
from usummary.research.methods import Scorer, Tell
from usummary.research.videos import Video
from usummary.settings import DEFAULT_MODEL


class Options(BaseModel):
    """Of a trained summariser."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = DEFAULT_MODEL
    """Name or folder of the summariser."""


def train(
    learn: Sequence[Video],
    validation: Sequence[Video],
    options: Options,
    seed: int,
    tell: Tell,
) -> Scorer:
    """Only loads."""
    import torch

    from usummary.networks.weights import build, load_model

    model = load_model(options.model, "summariser")
    net = build(model)
    tell(f"{model.name} {model.sha256}")

    @torch.inference_mode()
    def score(features: NDArray[np.floating]) -> NDArray[np.floating]:
        if features.shape[1] != model.config["channels"]:
            raise InputError(
                f'The summariser "{model.name}" takes features of {model.config["channels"]} '
                f"channels by {model.backbone}; these have {features.shape[1]}."
            )
        frames = net(torch.from_numpy(features.astype(np.float32))[None])[0]  # (T n,)
        return np.asarray(frames.reshape(len(features), -1).mean(dim=1).numpy())

    return score
