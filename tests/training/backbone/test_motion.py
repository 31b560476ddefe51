"""The motion stream learns what is held from composed recordings."""

import re

import numpy as np
import pytest
import torch

from usummary.errors import InputError
from usummary.networks.i3d import MotionStream
from usummary.readers.find_exams import find_exams
from usummary.training.backbone.motion import (
    HeldClips,
    MotionRecipe,
    area_under_curve,
    chances_held,
    take_clips,
    train_motion,
)
from usummary.training.composing.truth import read_truth

RECIPE = MotionRecipe(stretches=3, clips=4, epochs=6, batch=8, rate=1e-2)
SIZE = (64, 96)


def made_clips(count):
    """Textures that stand still but for noise, or move by two pixels a frame, one each in turn."""
    rng = np.random.default_rng(1)
    clips, held = [], []
    for number in range(count):
        step = 0 if number % 2 else 2
        wide = rng.integers(0, 200, (SIZE[0], SIZE[1] + 40))
        shown = [wide[:, step * t :][:, : SIZE[1]] for t in range(16)]
        clips.append(np.stack(shown) + rng.integers(0, 3, (16, *SIZE)))
        held.append(step == 0)
    return HeldClips(np.stack(clips).astype(np.uint8), np.array(held, np.float32))


def test_it_learns_to_tell_held_clips():
    torch.manual_seed(0)
    net, said = MotionStream(4), []
    train_motion(net, made_clips(32), RECIPE, said.append)
    later = made_clips(8)
    chances = chances_held(net, later.clips)
    assert area_under_curve(chances, later.held > 0.5) == 1.0
    assert [line.split(",")[:2] for line in said] == [["motion", str(n)] for n in range(1, 7)]
    assert not net.training


def test_the_same_seed_gives_the_same_stream():
    nets = []
    for _ in range(2):
        torch.manual_seed(0)
        nets.append(MotionStream(4))
        train_motion(nets[-1], made_clips(8), RECIPE, lambda _: None)
    for one, other in zip(*(net.state_dict().values() for net in nets), strict=True):
        assert torch.equal(one, other)


def test_clips_are_taken_with_their_truth(composed):
    paths = find_exams(composed["test"])
    known = take_clips(paths, RECIPE, 16, SIZE)
    assert known.clips.shape[1:] == (16, *SIZE)
    assert known.clips.dtype == np.uint8
    assert len(known.clips) == len(known.held) == 3 * 4
    assert 0 <= known.held.min() < known.held.max() <= 1
    truth = read_truth(paths[0])
    assert 0 < truth.still().mean() < 1


def test_exams_without_truth_are_refused(tmp_path):
    with pytest.raises(InputError, match="No composed exam"):
        take_clips([], RECIPE, 16, SIZE)
    with pytest.raises(InputError, match=re.escape(str(tmp_path / "a.mp4"))):
        take_clips([tmp_path / "a.mp4"], RECIPE, 16, SIZE)


def test_the_area_under_the_curve_by_hand():
    positive = np.array([True, True, False, False])
    assert area_under_curve(np.array([4.0, 3.0, 2.0, 1.0]), positive) == 1.0
    assert area_under_curve(np.array([1.0, 2.0, 3.0, 4.0]), positive) == 0.0
    assert area_under_curve(np.array([3.0, 1.0, 2.0, 1.0]), positive) == 0.625
    assert area_under_curve(np.ones(4), positive) == 0.5
