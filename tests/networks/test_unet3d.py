"""3DST-UNet with policy, the Bi-LSTM and SUM-FCN: any exam length, one score per sampled frame."""

import pytest
import torch

from usummary.networks.bilstm import BiLSTM, BiLSTMConfig
from usummary.networks.policy import Policy, Summariser
from usummary.networks.sumfcn import SumFCN, SumFCNConfig
from usummary.networks.unet3d import FeatureNorm, UNet3D, UNet3DConfig

SMALL = UNet3DConfig(channels=4, samples=3, squeezed=8, levels=3)


def small_nets():
    return (
        Summariser(SMALL),
        BiLSTM(BiLSTMConfig(channels=4, samples=3, hidden=8)),
        SumFCN(SumFCNConfig(channels=4, samples=3, width=8, levels=3)),
    )


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(1)


@pytest.mark.parametrize("clips", [1, 2, 3, 5, 8, 7313])
@pytest.mark.parametrize("size", [(1, 1), (2, 3)])
@torch.inference_mode()
def test_any_number_of_clips_gives_every_sample_a_score(clips, size):
    features = torch.randn(1, clips, 4, *size)
    for net in small_nets():
        scores = net.eval()(features)
        assert scores.shape == (1, clips * 3)
        assert torch.isfinite(scores).all()
        assert scores.min() >= 0
        assert scores.max() <= 1
        assert torch.allclose(torch.sigmoid(net.logits(features)), scores)


@pytest.mark.parametrize("levels", [1, 2, 4])
@torch.inference_mode()
def test_levels_and_gate_are_choices(levels):
    config = UNet3DConfig(channels=4, samples=2, squeezed=8, levels=levels, gate=False)
    assert UNet3D(config)(torch.randn(2, 7, 4, 3, 3)).shape == (2, 14)


@torch.inference_mode()
def test_scores_follow_the_exam_in_time():
    """A change in one clip moves the scores around it most: frames stand with their clip."""
    net = Summariser(UNet3DConfig(channels=4, samples=3, squeezed=8, levels=2)).eval()
    features = torch.randn(1, 64, 4, 2, 2)
    changed = features.clone()
    changed[0, 40] += 3
    moved = (net.logits(changed) - net.logits(features))[0].abs().reshape(64, 3).amax(dim=1)
    assert 36 <= int(moved.argmax()) <= 44


@torch.inference_mode()
def test_padding_does_not_move_scores_in_time():
    net = UNet3D(SMALL).eval()
    features = torch.randn(1, 13, 4, 2, 2)
    padded = torch.cat([features, features[:, -1:].expand(-1, 3, -1, -1, -1)], dim=1)
    assert torch.allclose(net(features), net(padded)[:, : 13 * 3], atol=1e-6)


@torch.inference_mode()
def test_squeezing_in_parts_is_squeezing_at_once():
    net = UNet3D(SMALL).eval()
    features = torch.randn(1, 10, 4, 2, 3)
    parts = torch.cat([net.squeezed(part) for part in features.split(3, dim=1)], dim=1)
    assert torch.allclose(parts, net.squeezed(features), atol=1e-6)
    assert torch.allclose(net.latent(parts), net(features), atol=1e-5)


@torch.inference_mode()
def test_vectors_are_scored_as_pictures_of_one_place():
    """The short way along time gives what the convolutions in space and time give."""
    block = UNet3D(SMALL).eval().decoder[0]
    conv, upsample = block.convs[0][0], block.upsample
    x = torch.randn(1, conv.in_channels, 9, 1, 1)
    whole = torch.nn.functional.conv3d(x, conv.weight, padding=1)
    assert torch.allclose(conv(x), whole, atol=1e-5)
    x = torch.randn(1, upsample.in_channels, 9, 1, 1)
    whole = torch.nn.ConvTranspose3d.forward(upsample, x)[:, :, :, :-1, :-1]
    assert torch.allclose(upsample(x), whole, atol=1e-5)


@torch.inference_mode()
def test_feature_statistics_undo_scale_and_shift():
    """A network that was given the statistics scores shifted features as it scored plain ones."""
    scale, shift = torch.tensor([1.0, 20.0, 0.05, 3.0]), torch.tensor([0.0, 5.0, -1.0, 100.0])
    features = torch.randn(1, 6, 4, 2, 2)
    shape = (1, 1, 4, 1, 1)
    for net in small_nets():
        plain = net.eval()(features)
        net.norm.set_statistics(shift, scale)
        assert torch.allclose(
            net(features * scale.view(shape) + shift.view(shape)), plain, atol=1e-4
        )


def test_dead_channels_do_not_blow_up():
    norm = FeatureNorm(2)
    norm.set_statistics(torch.zeros(2), torch.tensor([0.0, 1.0]))
    assert torch.isfinite(norm(torch.zeros(5, 2))).all()


@torch.inference_mode()
def test_policy_starts_as_the_identity():
    latent = torch.randn(2, 9)
    assert torch.equal(Policy()(latent), latent)


def test_every_parameter_learns():
    for net in (
        Summariser(UNet3DConfig(channels=4, samples=3)),
        *small_nets()[1:],
    ):
        net.logits(torch.randn(1, 9, 4, 2, 2)).square().sum().backward()
        still = [name for name, value in net.named_parameters() if not value.grad.abs().sum() > 0]
        assert still == []


def test_a_network_without_spread_can_be_driven_apart():
    """Normalisation keeps the U-Net alive: a few steps tell two kinds of clip apart."""
    net = Summariser(SMALL)
    features = torch.randn(1, 16, 4, 2, 2)
    target = (features.mean(dim=(2, 3, 4)) > 0).float().repeat_interleave(3, dim=1)
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(40):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net.logits(features), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert net(features).std() > 0.3


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_training_starts_with_all_frames_of_a_clip_alike(share):
    """The mean is near the wanted share, and no frame of a clip stands out."""
    features = torch.randn(1, 64, 4, 2, 2)
    for net in (
        Summariser(UNet3DConfig(channels=4, samples=8)),
        BiLSTM(BiLSTMConfig(channels=4, samples=8, hidden=8)),
    ):
        net.start_even(share)
        with torch.no_grad():
            scores = net(features)[0].reshape(64, 8)
        assert scores.mean().item() == pytest.approx(share, abs=0.2 * share + 0.05)
        # the policy mixes neighbours, so only the frames well inside a clip are quite alike
        torch.testing.assert_close(scores[:, 2:6], scores[:, 2:3].expand(-1, 4))


def test_the_last_weight_is_the_one_that_makes_scores():
    for net in (Summariser(SMALL), BiLSTM(BiLSTMConfig(channels=4, samples=3, hidden=8))):
        assert any(net.last_weight is value for value in net.parameters())
        with torch.no_grad():
            net.last_weight.zero_()
        scores = net(torch.randn(1, 5, 4, 2, 2))
        assert (scores == scores[0, 0]).all()
