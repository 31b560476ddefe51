import itertools
import math

import numpy as np
import pytest
import torch

from usummary.training.summariser.losses import (
    Baseline,
    binary_loss,
    learning_rate,
    policy_gain,
    proportion_loss,
    regularisation_loss,
    supervised_loss,
    unsupervised_loss,
)
from usummary.training.summariser.rewards import Rewards

P = torch.tensor([0.9, 0.1, 0.8, 0.2])
LOGITS = (0.2, -0.4, 0.7)
GRADIENT = (0.030175646, 0.141926908, 0.041960531)
EXPECTED = 0.455427211


def halved_reward(actions):
    rewards = Rewards([(1.0, 0.0), (0.0, 1.0), (1.0, 0.0)])
    return (rewards.diversity(actions) + rewards.representativeness(actions)) / 2


def test_losses_worked_case():
    assert proportion_loss(P).item() == pytest.approx(0, abs=1e-12)
    assert 0.01 * binary_loss(P).item() == pytest.approx(0.028571429)
    assert regularisation_loss(P).item() == pytest.approx(0.028571429)
    assert unsupervised_loss(P, torch.tensor(1.25)).item() == pytest.approx(0.028571429 - 1.25)
    wanted = torch.tensor([1.0, 0.0, 1.0, 0.0])
    assert supervised_loss(P, wanted, torch.tensor(1.25)).item() == pytest.approx(
        0.025 + 0.028571429 - 1.25
    )


def test_losses_pull_towards_the_share_and_away_from_undecided():
    p = torch.tensor([0.6, 0.5, 0.4, 0.9], requires_grad=True)
    proportion_loss(p, 0.2).backward()
    assert (p.grad > 0).all()
    p.grad = None
    binary_loss(p).backward()
    assert p.grad[0] < 0 < p.grad[2]


def test_all_undecided_is_finite():
    p = torch.full((5,), 0.5, requires_grad=True)
    loss = regularisation_loss(p)
    loss.backward()
    assert math.isfinite(loss.item())
    assert torch.isfinite(p.grad).all()


@pytest.mark.parametrize(
    ("epoch", "rate"), [(0, 1e-5), (29, 1e-5), (30, 5e-6), (59, 5e-6), (60, 2.5e-6)]
)
def test_learning_rate_worked_case(epoch, rate):
    assert learning_rate(1e-5, epoch) == pytest.approx(rate, rel=1e-12)


def test_gradient_of_the_expected_reward_by_enumeration():
    """Weighing every possible episode by its probability gives the exact gradient."""
    logits = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    episodes = np.array(list(itertools.product([0, 1], repeat=3)))
    rewards = halved_reward(episodes)
    p = 1 / (1 + np.exp(-np.array(LOGITS)))
    chance = np.where(episodes == 1, p, 1 - p).prod(axis=1)
    assert (chance * rewards).sum() == pytest.approx(EXPECTED, abs=1e-9)
    weights = torch.from_numpy(chance * (rewards - 0.3) * len(episodes))  # any baseline will do
    policy_gain(logits, torch.from_numpy(episodes).double(), weights).backward()
    np.testing.assert_allclose(logits.grad.numpy(), GRADIENT, atol=1e-9)


def test_sampled_gradient_is_unbiased():
    rng = np.random.default_rng(0)
    logits = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    p = 1 / (1 + np.exp(-np.array(LOGITS)))
    episodes = (rng.random((200_000, 3)) < p).astype(float)
    rewards = halved_reward(episodes)
    policy_gain(logits, torch.from_numpy(episodes), torch.from_numpy(rewards - EXPECTED)).backward()
    # one episode's gradient spreads by about 0.15, so the mean of 200,000 by 0.0004
    np.testing.assert_allclose(logits.grad.numpy(), GRADIENT, atol=0.002)


def test_baseline_moves_with_the_rewards():
    baseline = Baseline(memory=0.5)
    np.testing.assert_allclose(baseline.advantages(np.array([1.0, 3.0])), [-1, 1])
    # the average was 2 and moves half of the way to the 6 of these rewards, then to 5
    np.testing.assert_allclose(baseline.advantages(np.array([5.0, 7.0])), [1, 3])
    np.testing.assert_allclose(baseline.advantages(np.array([4.0, 6.0])), [-0.5, 1.5])


def test_equal_rewards_teach_nothing():
    assert not Baseline().advantages(np.array([0.7, 0.7, 0.7])).any()


def test_a_restored_baseline_goes_on():
    one, other = Baseline(), Baseline()
    one.advantages(np.array([1.0, 3.0]))
    other.restore(one.mean)
    again = np.array([2.0, 5.0])
    np.testing.assert_array_equal(one.advantages(again), other.advantages(again))
    fresh = Baseline()
    fresh.restore(math.nan)  # saved before the first rewards
    np.testing.assert_array_equal(fresh.advantages(again), Baseline().advantages(again))
