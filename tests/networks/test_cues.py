"""Plane cues: what class scores tell, whichever plane they tell of."""

import numpy as np
import pytest
import torch

from usummary.networks.cues import CUES, PlaneCues
from usummary.networks.policy import Summariser
from usummary.networks.unet3d import UNet3DConfig

BACKGROUND = 3


@pytest.fixture
def scores():
    return torch.randn(6, 14, 3, 4, generator=torch.Generator().manual_seed(1)) * 3


def test_which_plane_it_is_does_not_matter(scores):
    planes = [place for place in range(14) if place != BACKGROUND]
    exchanged = scores.clone()
    exchanged[:, planes] = scores[:, planes[::-1]]
    cues = PlaneCues(BACKGROUND)
    torch.testing.assert_close(cues(exchanged), cues(scores))


def test_cues_are_the_probabilities_of_the_plane_head(scores):
    scores = scores / 2  # so that no probability is too small to be told
    odds, some, best, here, best_here = PlaneCues(BACKGROUND)(scores).unbind(dim=1)
    chances = scores.mean(dim=(2, 3)).softmax(dim=1).numpy()
    planes = np.delete(chances, BACKGROUND, axis=1)
    np.testing.assert_allclose(some[:, 0, 0], planes.sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(best[:, 2, 3], planes.max(axis=1), rtol=1e-5)
    expected = np.log(planes.sum(axis=1) / chances[:, BACKGROUND]) / 5
    np.testing.assert_allclose(odds[:, 1, 1], expected, atol=1e-4)
    place = np.delete(scores.softmax(dim=1).numpy(), BACKGROUND, axis=1)
    np.testing.assert_allclose(here, place.sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(best_here, place.max(axis=1), rtol=1e-5)


def test_scores_that_are_sure_stay_finite():
    scores = torch.zeros(2, 14, 1, 1)
    scores[0, BACKGROUND], scores[1, 0] = 200.0, 200.0
    cues = PlaneCues(BACKGROUND)(scores)
    assert cues.shape == (2, CUES, 1, 1)
    assert torch.isfinite(cues).all()
    assert cues[0].max() < 0.01
    assert cues[1].min() > 0.99


@torch.inference_mode()
def test_cues_reach_a_summarisers_scores_through_their_own_weights(scores):
    torch.manual_seed(1)
    config = UNet3DConfig(channels=20, samples=2, squeezed=8, levels=1, classes=14, background=3)
    net = Summariser(config).eval()
    net.unet.squeeze.weight.zero_()
    features = torch.cat([torch.randn(6, 6, 3, 4), scores], dim=1)[None]
    exchanged = features.clone()
    exchanged[:, :, 6], exchanged[:, :, 7] = features[:, :, 7], features[:, :, 6]
    torch.testing.assert_close(net(exchanged), net(features))
    background = features.clone()
    background[:, 2, 6 + BACKGROUND] += 20
    assert (net(background) - net(features)).abs().max() > 1e-3
