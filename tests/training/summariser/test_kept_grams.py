"""Gram matrices are kept from epoch to epoch, and training is none the wiser."""

import numpy as np
import pytest
import torch

from usummary.networks.bilstm import BiLSTM, BiLSTMConfig
from usummary.training.summariser import trainer
from usummary.training.summariser.trainer import Lesson, Recipe, Trainer


def learnt(window=None):
    rng = np.random.default_rng(0)
    lessons = []
    for steps in (12, 20, 15):
        rows = rng.normal(size=(steps, 6)).astype(np.float32)
        lessons.append(Lesson(torch.from_numpy(rows)[:, :, None, None], rows))
    torch.manual_seed(1)
    net = BiLSTM(BiLSTMConfig(channels=6, samples=1, hidden=4))
    recipe = Recipe(epochs=3, episodes=5, cut_off=4, window=window)
    epochs = []
    Trainer(net, recipe, lessons[:2], lessons[2:]).train(epochs.append)
    return epochs


@pytest.mark.parametrize("window", [None, 13])
def test_kept_matrices_change_nothing(window, monkeypatch):
    made = []
    real = trainer.Rewards

    def counted(*args, **options):
        made.append(args)
        return real(*args, **options)

    monkeypatch.setattr(trainer, "Rewards", counted)
    kept, few = learnt(window), len(made)
    monkeypatch.setattr(trainer, "_KEPT_BYTES", 0)
    assert learnt(window) == kept
    # three lessons once each; of the windowed one, a new stretch every epoch
    assert few == (3 if window is None else 5)
    assert len(made) - few == 9
