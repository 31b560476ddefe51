import numpy as np
import pytest

from usummary.errors import UnreadableFile
from usummary.training.compose import LOST, STEADY, blend, compose, shrink
from usummary.training.dataset import Source, Timeline
from usummary.training.exams import compose_exam, load_exam, save_exam


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
    assert np.array_equal(shrink(clip), np.pad(np.full((2, 174, 224), 7), ((0, 0), (1, 1), (0, 0))))


@pytest.mark.parametrize("seed", range(6))
def test_blends_stay_between_the_two(seed):
    one, other = np.full((1, 224, 288), 10, np.uint8), np.full((1, 224, 288), 250, np.uint8)
    mixed = blend(one, other, np.random.default_rng(seed))
    assert mixed.min() >= 10
    assert mixed.max() <= 250
    assert 10 < mixed.mean() < 250


class Looking:
    """Stands where a backbone stands: features are plain means, so a test can foresee them."""

    def __call__(self, clips):
        grey = clips.astype(np.float32) / 255  # (N, 16, 176, 224)
        steps = grey.reshape(len(grey), 4, -1).mean(axis=2)[..., None]
        return grey.mean(axis=(1, 2, 3))[:, None, None, None], steps, grey.mean(axis=(2, 3))[:, :2]


def exam(seed=0):
    planes = ["Background"] * 200 + ["Abdominal"] * 200 + ["Femur"] * 240
    saved = np.zeros(640, bool)
    saved[[310, 315, 500]] = True
    lung = Source("lung", np.full((20, 60, 80), 90, np.uint8), ("Background",))
    return compose_exam(
        Timeline("1", tuple(planes), saved),
        [still(), lung],
        Looking(),
        np.random.default_rng(seed),
        clips=1000,
    )


def test_an_exam_follows_its_timeline():
    composed = exam()
    assert len(composed.shown) == 60  # 64 s in clips of 16 frames at 15 a second
    assert composed.maps.shape == (60, 1, 1, 1)
    assert composed.steps.shape == (60, 4, 1)
    # clip 29 is the one that holds 31.5 s, clip 46 the one of 50 s
    assert np.flatnonzero(composed.saved).tolist() == [29, 46]
    assert composed.shown[[5, 25, 50]].tolist() == [-1, 4, 6]
    # only the abdomen has a picture of its own
    assert np.array_equal(composed.pictured, composed.shown == 4)


def test_a_saved_picture_stands_still():
    composed = exam()
    inside = np.ptp(composed.steps[..., 0], axis=1)
    assert (inside[composed.saved] == 0).all()
    assert (inside[~composed.saved] > 0).mean() > 0.5


def test_exams_are_repeatable_and_survive_the_disk(tmp_path):
    one, two = exam(), exam()
    assert np.array_equal(one.steps, two.steps)
    path = tmp_path / "folder" / "exam.safetensors"
    save_exam(path, one)
    for name, value in vars(load_exam(path)).items():
        assert np.array_equal(value, vars(one)[name])
    assert [p.name for p in path.parent.iterdir()] == ["exam.safetensors"]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UnreadableFile, match=r"exam\.safetensors"):
        load_exam(path)
