"""Checkpoints and learning curves on disk."""

import csv
from dataclasses import dataclass

import pytest
import torch

from usummary.errors import ModelError
from usummary.training.checkpoint import load_checkpoint, save_checkpoint, write_curve


@pytest.fixture
def stepped():
    """A network and an optimiser after one step."""
    net = torch.nn.Linear(3, 2)
    optimiser = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    return net, optimiser


def fresh(inputs=3):
    net = torch.nn.Linear(inputs, 2)
    return net, torch.optim.Adam(net.parameters())


def test_what_was_saved_comes_back(stepped, tmp_path):
    path = tmp_path / "deep" / "c.safetensors"
    save_checkpoint(path, *stepped, 7, {"best.of": torch.tensor(0.5)})
    net, optimiser = fresh()
    step, more = load_checkpoint(path, net, optimiser)
    assert step == 7
    assert more == {"best.of": torch.tensor(0.5)}
    assert torch.equal(net.weight, stepped[0].weight)
    assert torch.equal(optimiser.state_dict()["state"][0]["exp_avg"], torch.full((2, 3), 0.1))
    assert [p.name for p in path.parent.iterdir()] == ["c.safetensors"]


def test_saving_again_replaces(stepped, tmp_path):
    path = tmp_path / "c.safetensors"
    for step in (7, 8):
        save_checkpoint(path, *stepped, step)
    assert load_checkpoint(path, *fresh()) == (8, {})


def test_a_checkpoint_of_another_network_is_refused(stepped, tmp_path):
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, *stepped, 7)
    with pytest.raises(ModelError, match=r"c\.safetensors"):
        load_checkpoint(path, *fresh(4))
    path.write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"c\.safetensors"):
        load_checkpoint(path, *fresh())


@dataclass
class Point:
    number: int
    loss: float


def test_a_curve_begins_anew_at_epoch_0(tmp_path):
    path = tmp_path / "deep" / "curve.csv"
    for point in (Point(0, 9.0), Point(0, 0.5), Point(1, 0.25)):
        write_curve(path, point)
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [
            {"number": "0", "loss": "0.5"},
            {"number": "1", "loss": "0.25"},
        ]
