from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.made_data import write_teacher
from usummary.networks.i3d import SONONET_CLASSES, SonoNet2D, SonoNetI3D, SonoNetI3DConfig
from usummary.training.backbone.pretrain import (
    BackboneRecipe,
    Composer,
    _wanted,
    calibrate,
    train_backbone,
    validate,
)
from usummary.training.composing.clips import as_clips
from usummary.training.composing.pictures import Source, load_sources

RECIPE = BackboneRecipe(
    config=SonoNetI3DConfig(
        stem_kernel=4, stem_stride=4, kernels=(1, 1, 1, 1, 3), pools=(1, 1, 1, 1)
    ),
    frame_steps=2,
    frame_batch=2,
    clip_steps=1,
    clip_batch=1,
    bf16=False,
)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    torch.set_num_threads(1)
    return SonoNet2D.from_arrays(write_teacher(tmp_path_factory.mktemp("w") / "SonoNet16.npz"))


@pytest.fixture(scope="module")
def sources(made_data):
    return load_sources(made_data, "train")


def test_training_goes_on_where_it_stopped(teacher, sources, tmp_path):
    """Stopped after the frames, a second run gives what an unbroken one gives."""
    whole = train_backbone(sources, teacher, RECIPE, tmp_path, lambda _: None)
    (tmp_path / "clips.safetensors").unlink()
    said = []
    again = train_backbone(sources, teacher, RECIPE, tmp_path, said.append)
    assert [line.split(",")[0] for line in said] == ["clips"]
    for (name, one), other in zip(
        whole.state_dict().items(), again.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name


def test_training_moves_weights_but_not_the_norms_statistics(teacher, sources, tmp_path):
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    net = train_backbone(sources, teacher, RECIPE, tmp_path, lambda _: None)
    for name, value in teacher.state_dict().items():
        assert torch.equal(value, before[name]), name
    trained = net.state_dict()
    assert torch.equal(trained["features.1.running_mean"], before["features.1.running_mean"])
    moved = trained["features.0.weight"].sum(dim=2) - before["features.0.weight"]
    assert moved.abs().max() > 1e-4
    assert not net.training


def test_published_weights_are_kept_in_part(teacher, sources, tmp_path):
    nets = [
        train_backbone(sources, teacher, replace(RECIPE, kept=share), tmp_path, lambda _: None)
        for share in (0.0, 0.5, 1.0)
    ]
    none, half, whole = (net.features[0].weight for net in nets)
    assert torch.equal(none[:, :, 1], teacher.features[0].weight)
    assert not none[:, :, [0, 2, 3]].any()
    assert torch.allclose(half, (none + whole) / 2, atol=1e-7)
    assert whole[:, :, 3].any()


def test_targets_follow_motion_label_and_teacher(teacher, sources):
    composer = Composer(sources, teacher, bf16=False)
    batch = composer.batch(16, np.random.default_rng(1), frames=1, seen=[0])
    assert batch.clips.shape == (16, 1, 192, 256)
    assert batch.maps.shape == (16, 1, 128, 12, 16)
    torch.testing.assert_close(batch.planes.sum(1), torch.ones(16))
    background = SONONET_CLASSES.index("Background")
    assert {"steady", "lost"} < set(batch.kinds)
    for kind, wanted, said in zip(batch.kinds, batch.planes, batch.teacher, strict=True):
        if kind == "lost":
            assert wanted[background] == 1
        elif kind != "steady":
            assert torch.equal(wanted, said)


def test_calibration_finds_the_likeliest_temperature(teacher, made_data):
    held_out = [s for s in load_sources(made_data, "validation") if s.planes][:6]
    net = SonoNetI3D(RECIPE.config, teacher).eval()
    with torch.no_grad():
        net.head[-1].weight.mul_(5)  # far too sure
    size = (RECIPE.config.height, RECIPE.config.width)
    clips = [torch.from_numpy(as_clips(source.pictures, size=size)[:1]) for source in held_out]
    with torch.no_grad():
        logits = torch.cat([net.logits(clip) for clip in clips]).double()

    def surprise(temperature):
        """Mean cross-entropy with the labels; the brain's leaves two planes open."""
        said = (logits / temperature).softmax(1)
        allowed = [[name in s.planes for name in SONONET_CLASSES] for s in held_out]
        return -float((said * torch.tensor(allowed)).sum(1).log().mean())

    temperature = calibrate(net, [*held_out, Source("x", held_out[0].pictures, ())])
    assert temperature == pytest.approx(net.temperature.item())
    assert surprise(temperature) <= min(surprise(t) for t in (1.0, temperature / 1.1))
    assert temperature >= 5.9 or surprise(temperature) <= surprise(1.1 * temperature)


def test_validation_tells_agreement_and_surprise(teacher, sources):
    composer = Composer(sources, teacher, bf16=False)
    batches = [composer.batch(4, np.random.default_rng(n), frames=16, seen=[0]) for n in range(2)]
    net = SonoNetI3D(RECIPE.config, teacher).eval()
    figures = validate(net, batches)
    net.temperature.fill_(2.0)
    softer = validate(net, batches)
    assert softer["agreement"] == figures["agreement"]
    assert softer["cross-entropy"] != figures["cross-entropy"]
    assert min(figures["cross-entropy"], softer["cross-entropy"]) >= figures["wanted entropy"]
    kinds = [kind for batch in batches for kind in batch.kinds]
    parts = sum(figures[f"agreement {kind}"] * kinds.count(kind) for kind in {*kinds})
    assert parts / len(kinds) == pytest.approx(figures["agreement"])


def test_a_stand_in_counts_where_the_teacher_takes_it_for_its_plane():
    said = torch.full((14,), 0.05)
    said[SONONET_CLASSES.index("Lips")] = 0.35
    lips = Source("standin/Lips-0", np.zeros((1, 8, 8), np.uint8), ("Lips",))
    femur = Source("standin/Femur-0", np.zeros((1, 8, 8), np.uint8), ("Femur",))
    trusted = _wanted("steady", lips, said)
    assert trusted[SONONET_CLASSES.index("Lips")] == pytest.approx(1)
    assert torch.equal(_wanted("steady", femur, said), said)
