"""Inflation answers to a still clip as the 2-D network does; every backbone keeps its shapes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from tests.shared_data import SHARED, needs_shared
from usummary.errors import ModelError
from usummary.networks.i3d import (
    SONONET_CLASSES,
    MotionStream,
    ResNet50,
    ResNet50I3D,
    ResNet50I3DConfig,
    SonoNet2D,
    SonoNetI3D,
    SonoNetI3DConfig,
    inflate,
    middle,
    standardise,
)
from usummary.networks.st3d import ST3D, ST3DConfig
from usummary.types import BACKGROUND, STANDARD_PLANES

SONONET = SHARED / "ultrasound" / "sononet"


def still_clip(height: int, width: int, frames: int = 16) -> torch.Tensor:
    picture = torch.randint(0, 256, (2, 1, height, width), dtype=torch.uint8)
    return picture.expand(-1, frames, -1, -1)


def with_lively_norms(net: nn.Module) -> nn.Module:
    """Batch norms with statistics unlike those of a new network, so that copying them matters."""
    generator = torch.Generator().manual_seed(5)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                with torch.no_grad():
                    values.copy_(torch.rand(values.shape, generator=generator) + 0.5)
    return net.eval()


@pytest.fixture(scope="module", autouse=True)
def _seed() -> None:
    torch.manual_seed(3)


@pytest.mark.parametrize(
    "config",
    [
        SonoNetI3DConfig(height=32, width=48),
        SonoNetI3DConfig(height=32, width=48, stem_kernel=4, stem_stride=2, pools=(1, 2, 2, 1)),
        SonoNetI3DConfig(height=32, width=48, kernels=(3, 2, 5, 1, 3), pools=(1, 1, 1, 1)),
    ],
)
@pytest.mark.parametrize("centred", [False, True])
@torch.inference_mode()
def test_inflated_sononet_sees_in_a_still_clip_what_the_2d_network_sees(config, centred):
    flat = SonoNet2D()
    with_lively_norms(flat)
    clip = still_clip(32, 48)
    maps, steps, planes = SonoNetI3D(config, flat, centred=centred).eval()(clip)
    features = flat.features(standardise(clip[:, :1]))
    assert torch.allclose(maps, features, atol=1e-4 * float(features.abs().max()))
    assert torch.allclose(planes, flat(clip[:, :1]), atol=1e-4)
    assert torch.allclose(steps, features.mean(dim=(2, 3))[:, None].expand_as(steps), atol=1e-4)


@torch.inference_mode()
def test_inflated_resnet_sees_in_a_still_clip_what_the_2d_network_sees():
    flat = ResNet50().eval()
    clip = still_clip(64, 64)
    maps, steps, planes = ResNet50I3D(ResNet50I3DConfig(height=64, width=64), flat).eval()(clip)
    grey = clip[:, :1].float() / 255
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    features = flat((grey - mean) / std)
    assert torch.allclose(maps, features, atol=1e-4 * float(features.abs().max()))
    assert (maps.shape, steps.shape, planes.shape) == ((2, 2048, 2, 2), (2, 4, 2048), (2, 0))


@needs_shared
@torch.inference_mode()
def test_published_sononet_names_every_example():
    with np.load(SONONET / "SonoNet16.npz") as file:
        net = SonoNet2D.from_arrays(dict(file))
    seen = {}
    for path in sorted((SONONET / "examples").glob("*.png")):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[115:734, 81:874]
        grey = cv2.resize(grey, (288, 224), interpolation=cv2.INTER_CUBIC)
        seen[path.stem] = SONONET_CLASSES[int(net(torch.from_numpy(grey)[None, None]).argmax())]
    names = {"Brain (Cb.)": "BRAIN-CB", "Brain (Tv.)": "BRAIN-TV"}
    names |= {"Spine (cor.)": "SPINE-CORONAL", "Spine (sag.)": "SPINE-SAGITTAL"}
    assert seen == {names.get(plane, plane.upper()): plane for plane in STANDARD_PLANES}


@needs_shared
@torch.inference_mode()
def test_published_weights_inflate_exactly():
    with np.load(SONONET / "SonoNet16.npz") as file:
        arrays = dict(file)
    flat, clip = SonoNet2D.from_arrays(arrays), still_clip(112, 144)
    maps, _, planes = SonoNetI3D.from_sononet(arrays)(clip)
    assert torch.allclose(maps, flat.features(standardise(clip[:, :1])), atol=1e-4)
    assert torch.allclose(planes, flat(clip[:, :1]), atol=1e-4)


def test_sononet_refuses_other_arrays():
    with pytest.raises(ModelError, match="arr_0"):
        SonoNet2D.from_arrays({"arr_0": np.zeros((16, 1, 3, 3), np.float32)})


def test_resnet_takes_public_names_and_refuses_others():
    state = dict(ResNet50().state_dict())
    assert {"conv1.weight", "layer1.0.downsample.0.weight", "layer4.2.bn3.running_var"} <= set(
        state
    )
    assert len(state) == 318  # what public 2-D ResNet-50 weights hold beside fc.weight and fc.bias
    state["fc.weight"], state["fc.bias"] = torch.zeros(1000, 2048), torch.zeros(1000)
    state["bn1.weight"] = torch.full((64,), 7.0)
    assert ResNet50.from_state(state).bn1.weight[0] == 7
    del state["layer3.5.conv2.weight"]
    with pytest.raises(ModelError, match=r"layer3\.5\.conv2"):
        ResNet50.from_state(state)


def test_sononet_classes_are_the_standard_planes_and_background():
    assert sorted(SONONET_CLASSES) == sorted((*STANDARD_PLANES, BACKGROUND))


@torch.inference_mode()
def test_centred_sononet_sees_single_frames_of_a_moving_clip():
    config = SonoNetI3DConfig(
        height=32, width=48, stem_kernel=4, stem_stride=8, kernels=(1, 1, 3, 1, 2), pools=(1,) * 4
    )
    flat = with_lively_norms(SonoNet2D())
    clip = torch.randint(0, 256, (1, 16, 32, 48), dtype=torch.uint8)
    features = SonoNetI3D(config, flat, centred=True).eval().last_features(clip)
    seen = [middle(4), 8 + middle(4)]
    assert seen == [1, 9]
    alone = flat.features(standardise(clip[0, seen, None]))
    assert torch.allclose(features[0].transpose(0, 1), alone, atol=1e-3)


@torch.inference_mode()
def test_any_2d_network_inflates_with_chosen_times():
    flat = nn.Sequential(
        nn.Conv2d(2, 4, (5, 3), stride=2, padding=1, dilation=1, groups=2),
        with_lively_norms(nn.BatchNorm2d(4)),
        nn.SiLU(),
        nn.AvgPool2d(2),
        nn.Sequential(nn.Dropout2d(0.5), nn.Conv2d(4, 3, 1), nn.MaxPool2d(3, 2, padding=1)),
    ).eval()
    deep = inflate(flat, kernels={"4.1": 3}, strides={"0": 2, "3": 2, "4.2": 1})
    picture = torch.randn(2, 2, 21, 30)
    answer = deep(picture[:, :, None].expand(-1, -1, 8, -1, -1))
    assert answer.shape[2] == 2
    assert torch.allclose(answer, flat(picture)[:, :, None].expand_as(answer), atol=1e-5)
    assert deep[4][1].kernel_size == (3, 1, 1)
    assert isinstance(flat[0], nn.Conv2d), "the 2-D network stays as it was"


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()), r"1 of type Flatten"),
        (nn.Sequential(nn.Sequential(nn.Linear(3, 3))), r"0\.0 of type Linear"),
        (nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"), "padding"),
        (nn.Conv2d(1, 2, 3, padding="same"), "same"),
    ],
)
def test_layers_without_a_rule_are_named(net, message):
    with pytest.raises(ModelError, match=message):
        inflate(net)


def test_a_misspelt_layer_name_is_refused():
    with pytest.raises(ModelError, match="no layer conv9"):
        inflate(nn.Sequential(nn.Conv2d(1, 1, 3)), strides={"conv9": 2})


def test_movement_reaches_the_features():
    """Not a still clip: the order of the frames matters somewhere."""
    net = SonoNetI3D(SonoNetI3DConfig(height=32, width=48)).eval()
    clip = torch.randint(0, 256, (1, 16, 32, 48), dtype=torch.uint8)
    with torch.inference_mode():
        ordered, interleaved = net(clip)[0], net(torch.cat([clip[:, ::2], clip[:, 1::2]], dim=1))[0]
    assert (ordered - interleaved).abs().max() > 0.01 * ordered.abs().max()


@pytest.mark.parametrize("value", [0, 255, 7])
def test_a_flat_picture_is_standardised_to_zeros(value):
    flat = torch.full((1, 2, 8, 8), value, dtype=torch.uint8)
    assert torch.equal(standardise(flat), torch.zeros(1, 2, 8, 8))


def test_standardise_has_spread_255():
    x = standardise(torch.randint(0, 256, (3, 40, 50), dtype=torch.uint8))
    assert torch.allclose(x.std(dim=(1, 2), correction=0), torch.full((3,), 255.0))
    assert x.mean(dim=(1, 2)).abs().max() < 1e-2


@torch.inference_mode()
def test_backbones_keep_their_contract():
    black = torch.zeros(1, 16, 112, 144, dtype=torch.uint8)
    for net in (SonoNetI3D(SonoNetI3DConfig()), ST3D(ST3DConfig())):
        maps, steps, planes = net.eval()(black)
        assert (maps.shape, steps.shape) == ((1, 128, 7, 9), (1, 4, 128))
        assert planes.shape == (1, 14)
        assert torch.allclose(planes.sum(), torch.tensor(1.0))
        assert all(torch.isfinite(output).all() for output in (maps, steps, planes))
    assert ST3D(ST3DConfig(classes=0)).eval()(black)[2].shape == (1, 0)


@torch.inference_mode()
def test_temperature_softens_planes_and_leaves_logits():
    net = SonoNetI3D(SonoNetI3DConfig(height=32, width=48)).eval()
    clip = torch.randint(0, 256, (1, 16, 32, 48), dtype=torch.uint8)
    net.temperature.fill_(2.0)
    expected = (net.logits(clip) / 2).softmax(dim=1)
    assert torch.allclose(net(clip)[2], expected)


@torch.inference_mode()
def test_maps_can_hold_class_scores_and_be_means_over_squares():
    """Evidence adds 14 channels, pooling halves the sides; steps and planes stay as they are."""
    torch.manual_seed(0)
    plain_config = SonoNetI3DConfig(height=32, width=64)
    plain = SonoNetI3D(plain_config).eval()
    rich = SonoNetI3D(replace(plain_config, map_pool=2, evidence=True)).eval()
    rich.load_state_dict(plain.state_dict())
    clips = torch.randint(0, 256, (1, 16, 32, 64), dtype=torch.uint8)
    maps, steps, planes = plain(clips)
    more, same_steps, same_planes = rich(clips)
    assert maps.shape == (1, 128, 2, 4)
    assert more.shape == (1, 142, 1, 2)
    torch.testing.assert_close(more[:, :128], torch.nn.functional.avg_pool2d(maps, 2))
    torch.testing.assert_close(more[:, 128:].mean(dim=(2, 3)).softmax(1), planes)
    assert torch.equal(steps, same_steps)
    assert torch.equal(planes, same_planes)
    # an odd side leaves a rim of its own
    assert rich(clips[:, :, :, :48])[0].shape == (1, 142, 1, 2)


def moving_clip(step: int, frames: int = 16) -> torch.Tensor:
    """(1, frames, 64, 96) a picture that moves to the right by `step` pixels a frame."""
    wide = torch.randint(0, 256, (64, 96 + 8 * frames), generator=torch.Generator().manual_seed(1))
    shown = [wide[:, 8 * frames - step * t :][:, :96] for t in range(frames)]
    return torch.stack(shown)[None].to(torch.uint8)


def test_motion_tells_still_moving_and_backward_clips_apart():
    torch.manual_seed(0)
    stream = MotionStream(6).eval()
    moving = moving_clip(2)
    with torch.no_grad():
        still, moved, back = (
            stream(clip) for clip in (moving[:, :1].expand(-1, 16, -1, -1), moving, moving.flip(1))
        )
    assert still.shape == (1, 7, 4, 6)
    assert torch.allclose(still, still[:, :, :1, :1].expand_as(still), atol=0.2)  # nothing moves
    spread = float(moved.std())
    assert float((moved - still).abs().mean()) > 0.5 * spread
    assert float((moved - back).abs().mean()) > 1e-3


def test_motion_does_not_depend_on_brightness():
    torch.manual_seed(0)
    stream = MotionStream(6).eval()
    clip = moving_clip(2)
    darker = (clip.float() * 0.5).to(torch.uint8)
    with torch.no_grad():
        assert torch.allclose(stream(clip), stream(darker), atol=0.05)


def test_a_motion_stream_adds_its_channels_to_the_maps_alone():
    torch.manual_seed(0)
    plain = SonoNetI3DConfig(height=64, width=96, map_pool=2, evidence=True)
    net = SonoNetI3D(replace(plain, motion=6)).eval()
    clip = moving_clip(1)
    with torch.no_grad():
        maps, steps, planes = net(clip)
        bare = SonoNetI3D(plain).eval()
        bare.load_state_dict(net.state_dict(), strict=False)
        fewer, same_steps, same_planes = bare(clip)
    assert maps.shape == (1, 128 + 14 + 7, 2, 3)
    assert torch.equal(maps[:, :142], fewer)
    assert torch.equal(steps, same_steps)
    assert torch.equal(planes, same_planes)
