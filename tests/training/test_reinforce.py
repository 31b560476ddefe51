import itertools
import math

import numpy as np
import pytest
import torch

from usummary.networks.unet3d import UNet3DConfig
from usummary.training.exams import ComposedExam
from usummary.training.reinforce import (
    Baseline,
    SummariserRecipe,
    Trainer,
    binary_loss,
    learning_rate,
    policy_gain,
    proportion_loss,
    regularisation_loss,
    supervised_loss,
    unsupervised_loss,
)
from usummary.training.rewards import Rewards

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


def alternating_exam(seed, clips=24):
    """Long stretches of one view with, rarely, a clip of another one that is a plane."""
    rng = np.random.default_rng(seed)
    rare = rng.random(clips) < 0.2
    rare[0] = True
    base = np.where(rare[:, None], [0.0, 3.0], [3.0, 0.0]) + rng.normal(0, 0.1, (clips, 2))
    maps = np.broadcast_to(base[:, :, None, None], (clips, 2, 2, 2)).astype(np.float16)
    steps = np.repeat(base[:, None], 2, axis=1).astype(np.float32)
    planes = np.where(rare[:, None], [0.1, 0.9], [0.9, 0.1]).astype(np.float32)
    nothing = np.zeros(clips, bool)
    return ComposedExam(maps, steps, planes, rare.astype(np.int64) - 1, nothing, nothing), rare


def train_small(epochs, seed=1):
    torch.set_num_threads(1)
    recipe = SummariserRecipe(
        seed=seed,
        config=UNet3DConfig(channels=2, samples=4, squeezed=8, levels=1, gate=False),
        epochs=epochs,
        rate=0.03,
        gain=0.3,
        plane_reward=1.0,
    )
    exams = [alternating_exam(number)[0] for number in range(3)]
    curve = []
    trainer = Trainer(recipe, exams, [alternating_exam(9)[0]], background=0)
    return trainer.train(curve.append), curve


def test_training_learns_to_prefer_the_rare_view():
    net, curve = train_small(30)
    exam, rare = alternating_exam(10)
    with torch.no_grad():
        scores = net(torch.from_numpy(exam.maps)[None])[0].numpy().reshape(-1, 4).mean(axis=1)
    assert np.median(scores[rare]) > 3 * np.median(scores[~rare])
    assert curve[-1].reward > curve[0].reward
    assert curve[-1].spread > 0.1
    assert all(math.isfinite(epoch.signal_to_noise) for epoch in curve)


def test_training_is_repeatable_and_seeded():
    one, other, third = train_small(2)[1], train_small(2)[1], train_small(2, seed=2)[1]
    assert one == other
    assert one != third
