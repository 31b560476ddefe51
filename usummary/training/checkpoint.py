"""Checkpoints of a training run: network and optimiser, to resume from.

Safetensors instead of pickle: loading a pickle from somebody else can run any code.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from usummary.errors import ModelError
from usummary.files import beside


def save_checkpoint(
    path: Path,
    net: nn.Module,
    optimiser: Optimizer,
    step: int,
    more: Mapping[str, Tensor] | None = None,
) -> None:
    """Writes everything that is needed to go on after `step` steps; `more` holds further values.

    The file is written beside the old one and then renamed.
    """
    tensors = {f"net.{name}": tensor for name, tensor in net.state_dict().items()}
    for number, values in optimiser.state_dict()["state"].items():
        for name, value in values.items():
            if value is not None:
                tensors[f"optimiser.{number}.{name}"] = torch.as_tensor(value)
    tensors |= {f"more.{name}": value for name, value in (more or {}).items()}
    whole = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    with beside(path) as part:
        save_file(whole, part, {"step": str(step)})


def load_checkpoint(
    path: Path, net: nn.Module, optimiser: Optimizer
) -> tuple[int, dict[str, Tensor]]:
    """Restores `net` and `optimiser`; returns the number of steps already done, and `more`.

    Raises:
        ModelError: The file is damaged or belongs to another network.
    """
    weights: dict[str, Tensor] = {}
    state: dict[int, dict[str, Tensor]] = {}
    more: dict[str, Tensor] = {}
    try:
        with safe_open(path, framework="pt") as file:
            step = int(file.metadata()["step"])
            for key in file.keys():  # noqa: SIM118 - the handle is no mapping
                kind, _, rest = key.partition(".")
                if kind == "net":
                    weights[rest] = file.get_tensor(key)
                elif kind == "more":
                    more[rest] = file.get_tensor(key)
                else:
                    number, name = rest.split(".")
                    state.setdefault(int(number), {})[name] = file.get_tensor(key)
        net.load_state_dict(weights)
    except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The checkpoint {path} cannot be used; delete it. {error}") from error
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return step, more


def write_curve(path: Path, epoch: Any) -> None:
    """Appends an epoch, a dataclass of numbers, to a learning curve (CSV); epoch 0 starts it."""
    values = asdict(epoch)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w" if epoch.number == 0 else "a", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, values.keys())
        if epoch.number == 0:
            rows.writeheader()
        rows.writerow(values)


def read_curve(path: Path, column: str) -> list[float]:
    """One column of a learning curve, one value for each epoch."""
    with path.open(encoding="utf-8", newline="") as file:
        return [float(row[column]) for row in csv.DictReader(file)]
