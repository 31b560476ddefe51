"""The trainer, on lessons whose answer is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from usummary.errors import InputError, ModelError
from usummary.networks.bilstm import BiLSTM, BiLSTMConfig
from usummary.networks.policy import Summariser
from usummary.networks.unet3d import UNet3DConfig
from usummary.training.summariser.trainer import Lesson, Recipe, Trainer, _stretch

SAMPLES = 4
RECIPE = Recipe(epochs=3, episodes=20)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def lesson(seed, clips=24):
    """A view that is seen most of the time and, rarely, another one that is a plane and wanted."""
    rng = np.random.default_rng(seed)
    rare = rng.random(clips) < 0.2
    rare[0] = True
    base = np.where(rare[:, None], [0.0, 3.0], [3.0, 0.0]) + rng.normal(0, 0.1, (clips, 2))
    features = np.broadcast_to(base[:, :, None, None], (clips, 2, 2, 2)).astype(np.float16)
    return Lesson(
        torch.from_numpy(features),
        np.repeat(base, 2, axis=0).astype(np.float32),
        np.where(rare, 0.9, 0.1).astype(np.float32),
        np.repeat(rare, SAMPLES).astype(np.float32),
    )


LESSONS = [lesson(number) for number in range(3)]
TRIAL = [lesson(9)]


def unet(seed=1):
    torch.manual_seed(seed)
    config = UNet3DConfig(channels=2, samples=SAMPLES, squeezed=8, levels=1, gate=False)
    return Summariser(config)


def bilstm(seed=1):
    torch.manual_seed(seed)
    return BiLSTM(BiLSTMConfig(channels=2, samples=SAMPLES, hidden=8))


NETS = pytest.mark.parametrize("fresh", [unet, bilstm])


def trained(recipe, net=None, lessons=LESSONS, checkpoint=None, judge=None):
    """The network and its learning curve."""
    curve = []
    trainer = Trainer(net or unet(), recipe, lessons, TRIAL, judge)
    return trainer.train(curve.append, checkpoint), curve


def scores_of(net, one):
    """Mean score of each clip."""
    with torch.no_grad():
        return net(one.features[None].float())[0].numpy().reshape(-1, SAMPLES).mean(axis=1)


def same(one, other):
    pairs = zip(one.state_dict().items(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for (_, a), b in pairs)


@NETS
@pytest.mark.parametrize("plane", [0.0, 1.0])
def test_without_annotations_it_learns_to_prefer_the_rare_view(fresh, plane):
    recipe = replace(RECIPE, epochs=30, episodes=30, plane=plane)
    blind = [replace(one, wanted=None) for one in LESSONS]
    net, curve = trained(recipe, fresh(), blind)
    new = lesson(10)
    rare, scores = new.plane > 0.5, scores_of(net, new)
    assert np.median(scores[rare]) > 2 * np.median(scores[~rare])
    assert curve[-1].reward > curve[0].reward
    assert curve[-1].spread > max(0.05, curve[0].spread)
    assert all(math.isfinite(epoch.signal_to_noise) for epoch in curve)


@NETS
def test_with_annotations_it_learns_the_wanted_scores(fresh):
    recipe = replace(RECIPE, epochs=30, optimiser="adam", rate=0.01, gain=0.0, prediction=4.0)
    # the common view is wanted: nothing but the annotation says so
    turned = [replace(one, wanted=1 - one.wanted) for one in LESSONS]

    def judge(scores):
        common = TRIAL[0].plane < 0.5
        return -float(np.abs(scores[0].reshape(-1, SAMPLES).mean(axis=1) - common).mean())

    net, curve = trained(recipe, fresh(), turned, judge=judge)
    new = lesson(10)
    rare, scores = new.plane > 0.5, scores_of(net, new)
    assert np.median(scores[~rare]) > 0.6
    assert np.median(scores[rare]) < 0.4
    assert curve[-1].loss < curve[0].loss


def test_annotations_are_not_looked_at_without_a_weight():
    blind = [replace(one, wanted=None) for one in LESSONS]
    assert same(trained(RECIPE)[0], trained(RECIPE, lessons=blind)[0])


def test_training_is_repeatable_and_seeded():
    one, other = trained(RECIPE), trained(RECIPE)
    third = trained(replace(RECIPE, seed=2))
    assert one[1] == other[1]
    assert same(one[0], other[0])
    assert one[1] != third[1]


@NETS
@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_resumed_run_is_an_unbroken_one(fresh, optimiser, tmp_path):
    """Stopped after two of five epochs, with the best one behind it."""

    def judge_by(values):
        told = iter(values)
        return lambda _: next(told)

    recipe = replace(RECIPE, epochs=5, optimiser=optimiser, rate=0.01, averaging=0.5)
    path = tmp_path / "run.safetensors"
    for values, best in (([9.0, 1, 1, 1, 1], 0), ([1.0, 1, 1, 9, 1], 3)):
        path.unlink(missing_ok=True)
        whole, curve = trained(recipe, fresh(), judge=judge_by(values))
        _, begun = trained(replace(recipe, epochs=2), fresh(), LESSONS, path, judge_by(values))
        again, rest = trained(recipe, fresh(), LESSONS, path, judge_by(values[2:]))
        assert [epoch.number for epoch in rest] == [2, 3, 4]
        assert begun + rest == curve
        assert same(whole, again), best
    finished, nothing = trained(recipe, fresh(), LESSONS, path)
    assert nothing == []
    assert same(finished, whole)


def test_the_best_epoch_is_kept():
    seen = []

    def judge(scores):
        seen.append(scores)
        return [0.0, 5.0, 1.0, 5.0][len(seen) - 1]

    net, _ = trained(replace(RECIPE, epochs=4), judge=judge)
    assert not net.training
    for one, scores in zip(TRIAL, seen[1], strict=True):
        np.testing.assert_allclose(net(one.features[None].float())[0].detach(), scores, atol=1e-6)


def test_the_average_of_the_weights_is_kept_and_lags_behind():
    def moved(averaging):
        net, _ = trained(replace(RECIPE, epochs=1, averaging=averaging))
        pairs = zip(net.parameters(), unet().parameters(), strict=True)
        return sum(float((one - fresh).detach().abs().sum()) for one, fresh in pairs)

    assert 0 < moved(0.999) < moved(0.0)


def test_without_a_judge_the_validation_reward_decides():
    _, curve = trained(RECIPE)
    # two rewards of at most 1 and 2, less a regularisation of at least 0.02
    assert all(0 < epoch.validation < 3 for epoch in curve)
    assert all(epoch.validation_spread >= 0 for epoch in curve)


@pytest.mark.parametrize(
    ("change", "recipe", "words"),
    [
        ({"wanted": None}, replace(RECIPE, prediction=1.0), "annotated scores"),
        ({"plane": None}, replace(RECIPE, plane=1.0), "plane probabilities"),
    ],
)
def test_lessons_that_lack_something_are_refused(change, recipe, words):
    lessons = [LESSONS[0], replace(LESSONS[1], **change)]
    with pytest.raises(InputError, match=words):
        trained(recipe, lessons=lessons)
    trained(replace(RECIPE, epochs=1), lessons=lessons)


def test_divergence_is_told():
    with pytest.raises(ModelError, match="learning rate"):
        trained(replace(RECIPE, rate=1e38, epochs=4))


@pytest.mark.parametrize("change", ["recipe", "lessons", "fewer"])
def test_a_checkpoint_of_another_training_is_refused(change, tmp_path):
    path = tmp_path / "run.safetensors"
    trained(replace(RECIPE, epochs=1), checkpoint=path)
    recipe = replace(RECIPE, prediction=1.0) if change == "recipe" else RECIPE
    lessons = {"lessons": [*LESSONS[:2], lesson(7)], "fewer": LESSONS[:2]}.get(change, LESSONS)
    with pytest.raises(ModelError, match=r"run\.safetensors"):
        trained(recipe, lessons=lessons, checkpoint=path)


def test_a_window_is_a_stretch_of_everything():
    clips = 10
    whole = Lesson(
        torch.arange(clips)[:, None, None, None],
        np.repeat(np.arange(clips), 2)[:, None].astype(np.float32),
        np.arange(clips, dtype=np.float32),
        np.repeat(np.arange(clips), SAMPLES).astype(np.float32),
    )
    rng = np.random.default_rng(0)
    starts = set()
    for _ in range(60):
        part = _stretch(whole, 4, rng)
        first = int(part.features[0])
        starts.add(first)
        wanted = np.arange(first, first + 4)
        assert part.features.flatten().tolist() == wanted.tolist() == part.plane.tolist()
        assert part.steps[:, 0].tolist() == np.repeat(wanted, 2).tolist()
        assert part.wanted.tolist() == np.repeat(wanted, SAMPLES).tolist()
    assert starts == {*range(7)}
    assert _stretch(whole, 10, rng) is whole
    assert _stretch(whole, None, rng) is whole
    bare = _stretch(replace(whole, plane=None, wanted=None), 4, rng)
    assert bare.plane is bare.wanted is None


def test_steps_see_no_more_than_the_window():
    lengths = set()

    class Watched(BiLSTM):
        def reduced(self, features):
            if self.training:
                lengths.add(features.shape[1])
            return super().reduced(features)

    net = Watched(BiLSTMConfig(channels=2, samples=SAMPLES, hidden=4))
    trained(replace(RECIPE, epochs=2, window=8), net)
    assert lengths == {8}


@NETS
def test_bfloat16_trains_too(fresh):
    recipe = replace(RECIPE, epochs=20, rate=0.1, gain=0.1, prediction=4.0, bf16=True)
    net, curve = trained(recipe, fresh())
    assert all(value.dtype == torch.float32 for value in net.parameters())
    assert curve[-1].loss < curve[0].loss
    new = lesson(10)
    rare, scores = new.plane > 0.5, scores_of(net, new)
    assert np.median(scores[rare]) > np.median(scores[~rare]) + 0.2
    assert not same(net, trained(replace(recipe, bf16=False), fresh())[0])


@NETS
def test_features_are_normalised_by_the_lessons(fresh):
    net, _ = trained(replace(RECIPE, epochs=0), fresh())
    every = torch.cat([one.features for one in LESSONS]).float()
    torch.testing.assert_close(net.norm.mean, every.mean(dim=(0, 2, 3)), atol=1e-4, rtol=0)
    torch.testing.assert_close(
        net.norm.std, every.std(dim=(0, 2, 3), unbiased=False), atol=1e-4, rtol=0
    )
    assert scores_of(net, LESSONS[0]).mean() == pytest.approx(RECIPE.share, abs=0.15)


def test_a_line_of_the_curve_reads_well():
    _, curve = trained(replace(RECIPE, epochs=1))
    assert curve[0].line().startswith("epoch 0: loss ")
    assert "validation" in curve[0].line()
