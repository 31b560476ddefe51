"""Makes a backbone from published 2-D weights: the paper's ResNet-50, inflated.

The paper extracts features with this network, before training it further. It has no plane head, so
with it there are neither planes nor the plane reward.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from usummary.errors import ModelError
from usummary.networks.i3d import ResNet50I3D
from usummary.networks.weights import Model, Training, save_model


def inflate_resnet(weights: Path, out: Path, described: str, licence: str) -> Model:
    """A model folder of ResNet-50 inflated from 2-D weights.

    Args:
        weights: State of the 2-D network under its public names (``conv1.weight``, ...), as
            safetensors or as PyTorch saves it; a classifier ``fc`` in it is left out.
        out: Model folder to write.
        described: What the weights were trained on and by whom, for the card.
        licence: Licence of the weights, for the card.

    Raises:
        ModelError: The file cannot be read, or holds another network.
    """
    net = ResNet50I3D.from_resnet(_read(weights))
    return save_model(out, net, Training(data=described, licence=licence))


def _read(path: Path) -> Mapping[str, Tensor]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise ModelError(f"The weights {path} cannot be read: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelError(
            f"{path} holds something else than the weights of a network by name. Save its "
            "state_dict() alone."
        )
    return state
