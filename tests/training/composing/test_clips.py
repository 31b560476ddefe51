import numpy as np
import pytest

from usummary.training.composing.clips import LOST, STEADY, as_clips, blend, compose, shrink
from usummary.training.composing.pictures import Source


def still(value=None):
    rng = np.random.default_rng(3)
    picture = np.kron(rng.integers(20, 255, (9, 12)), np.ones((30, 30))).astype(np.uint8)
    if value is not None:
        picture[:] = value
    return Source("still", picture[None], ("Abdominal",))


def steps_between(clip):
    return np.abs(np.diff(clip.astype(float), axis=0)).mean()


def test_same_seed_same_clip():
    one, two, other = (compose(still(), STEADY, np.random.default_rng(s)) for s in (1, 1, 2))
    assert one.shape == (16, 224, 288)
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_source_is_left_alone():
    source = still()
    before = source.pictures.copy()
    compose(source, LOST, np.random.default_rng(0))
    assert np.array_equal(source.pictures, before)


def test_motion_is_smooth_and_some_clips_are_frozen():
    clips = [compose(still(), STEADY, np.random.default_rng(seed)) for seed in range(40)]
    frozen = [c for c in clips if steps_between(c) == 0]
    assert 1 <= len(frozen) <= 12
    for clip in clips:
        shuffled = clip[[0, 8, 1, 9, 2, 10, 3, 11]]
        assert steps_between(clip) <= steps_between(shuffled)


def test_a_held_plane_shows_more_of_the_picture_than_a_lost_one():
    def brightness(motion):
        clips = [compose(still(200), motion, np.random.default_rng(s), frames=1) for s in range(20)]
        return np.mean(clips)

    assert brightness(STEADY) > 1.5 * brightness(LOST)


def test_a_real_clip_plays_forward_and_back():
    pictures = np.stack([np.full((60, 80), 40 + 20 * n, np.uint8) for n in range(5)])
    clip = compose(Source("clip", pictures, ()), STEADY, np.random.default_rng(5), frames=9)
    levels = np.array([picture[picture > 0].mean() for picture in clip])
    assert (np.diff(levels[:5]) > 0).all()
    assert (np.diff(levels[4:]) < 0).all()


def test_shrink_gives_the_backbones_input():
    clip = np.full((2, 224, 288), 7, np.uint8)
    assert np.array_equal(shrink(clip), np.pad(np.full((2, 192, 247), 7), ((0, 0), (0, 0), (4, 5))))


@pytest.mark.parametrize("seed", range(6))
def test_blends_stay_between_the_two(seed):
    one, other = np.full((1, 224, 288), 10, np.uint8), np.full((1, 224, 288), 250, np.uint8)
    mixed = blend(one, other, np.random.default_rng(seed))
    assert mixed.min() >= 10
    assert mixed.max() <= 250
    assert 10 < mixed.mean() < 250


def test_a_still_fills_its_clip_and_a_clip_drops_what_is_left_over():
    one = as_clips(np.full((1, 60, 80), 9, np.uint8))
    assert one.shape == (1, 16, 192, 256)
    assert (one == one[:, :1]).all()
    pictures = np.stack([np.full((60, 80), n, np.uint8) for n in range(40)])
    clips = as_clips(pictures, size=(32, 48))
    assert clips.shape == (2, 16, 32, 48)
    assert [int(clip[:, 16, 24].max()) for clip in clips] == [15, 31]
