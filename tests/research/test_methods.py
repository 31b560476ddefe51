"""The methods that come with the program: learning, choosing an epoch, options, what they see."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.research.made import write_benchmark
from usummary import metrics
from usummary.errors import InputError, SettingsError
from usummary.research import methods
from usummary.research.datasets import read_dataset
from usummary.research.pairwise import REACHES, relations

TRAINED = {
    "3dst-unet": {"squeezed": 8, "levels": 2},
    "dr-dsn": {"hidden": 8},
    "sum-fcn": {"width": 8, "levels": 2},
}


@pytest.fixture
def videos(tmp_path):
    return list(read_dataset(write_benchmark(tmp_path / "set.h5", count=6)))


def trained(name, learn, validation, *, seed=1, tell=lambda _: None, **options):
    method = methods.load(name, Path())
    wanted = methods.options_of(method, TRAINED.get(name, {}) | options, where="test")
    return method.train(learn, validation, wanted, seed, tell)


@pytest.mark.parametrize("name", [*TRAINED, "ridge"])
def test_annotations_are_learnt_and_hold_for_other_videos(name, videos):
    """Every annotator likes what looks one way, in videos that were not learnt from too."""
    options = {} if name == "ridge" else {"supervised": True, "epochs": 30, "gain": 0.0}
    score = trained(name, videos[:4], videos[4:5], **options)
    tau = metrics.kendall_tau(score(videos[5].features), videos[5].opinions)
    assert tau > 0.3


@pytest.mark.parametrize("name", TRAINED)
def test_the_same_seed_gives_the_same_scores_and_another_one_others(name, videos):
    def scores(seed):
        return trained(name, videos[:3], videos[3:4], epochs=2, seed=seed)(videos[5].features)

    assert np.array_equal(scores(1), scores(1))
    assert not np.array_equal(scores(1), scores(2))
    assert scores(1).shape == (len(videos[5].picks),)


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("inputs", ["features", "relations"])
def test_maps_are_as_good_as_vectors(name, inputs, tmp_path):
    videos = list(read_dataset(write_benchmark(tmp_path / "set.h5", count=3, space=(2, 3))))
    scores = trained(name, videos[:2], videos[2:], epochs=1, inputs=inputs)(videos[2].features)
    assert scores.shape == (len(videos[2].picks),)
    assert np.isfinite(scores).all()


def test_without_validation_the_last_epoch_is_taken(videos):
    def scores(epochs, validation):
        score = trained("3dst-unet", videos[:2], validation, epochs=epochs, rate=0.1)
        return score(videos[5].features)

    lines = []
    trained("3dst-unet", videos[:2], [], epochs=3, tell=lines.append)
    assert [line.split(":")[0] for line in lines] == ["epoch 0", "epoch 1", "epoch 2"]
    assert not np.array_equal(scores(1, []), scores(4, []))


def test_reward_terms_can_be_left_out(videos):
    def rewards(**options):
        lines = []
        trained("3dst-unet", videos[:2], videos[2:3], epochs=1, tell=lines.append, **options)
        return float(lines[0].split("reward ")[1].split(",")[0])

    # one lesson is learnt with what the other one taught, so sums agree only roughly
    first, second = rewards(diversity=0), rewards(representativeness=0)
    assert 0 < first <= 1
    assert rewards(gain=0) == 0
    assert rewards() == pytest.approx(first + second, abs=0.1)


def test_supervision_needs_annotations_and_can_follow_the_oracle(videos):
    bare = replace(videos[0], importance=None, oracle=None)
    for target in ("importance", "oracle"):
        with pytest.raises(InputError, match="video_1 has no annotations"):
            trained("dr-dsn", [bare], videos[1:2], supervised=True, target=target)
    only_oracle = [replace(one, importance=None) for one in videos]
    score = trained("sum-fcn", only_oracle[:4], [], supervised=True, target="oracle", epochs=1)
    assert len(score(videos[5].features)) == len(videos[5].picks)


def test_options_are_checked():
    with pytest.raises(SettingsError, match="squeezed"):
        trained("3dst-unet", [], [], squeezed=12)
    with pytest.raises(SettingsError, match="hidden"):
        trained("3dst-unet", [], [], hidden=12)


def test_relations_follow_their_definition(videos):
    video = videos[0]
    rows = video.vectors / np.linalg.norm(video.vectors, axis=1, keepdims=True)
    found = relations(video.features)
    assert found.shape == (len(rows), 2 * len(REACHES), 1, 1)
    before = [
        np.mean([rows[step] @ rows[other] for other in range(max(step - 2, 0), step + 1)])
        for step in range(len(rows))
    ]
    expected = (before - np.mean(before)) / np.std(before)
    assert np.allclose(found[:, 0, 0, 0], expected, atol=1e-4)


def test_relations_of_a_still_video_are_zero():
    assert np.abs(relations(np.ones((7, 4, 1, 1), np.float32))).max() < 0.5
    assert np.isfinite(relations(np.zeros((1, 4, 2, 2), np.float32))).all()
