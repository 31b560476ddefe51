import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usummary.analysis.clips import EARLY, next_sample, sample_indices, sampled, to_input
from usummary.types import Box, Frame


def times(rate: float, seconds: float) -> np.ndarray:
    return np.arange(round(rate * seconds)) / rate


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (30.0, [0, 2, 4, 6, 8]),
        (29.97, [0, 2, 4, 6, 8]),
        (60.0, [0, 4, 8, 12, 16]),
        (25.0, [0, 2, 4, 5, 7]),
        (15.0, [0, 1, 2, 3, 4]),
        (10.0, [0, 1, 2, 3, 4]),
    ],
)
def test_fifteen_a_second(rate, expected):
    assert sample_indices(times(rate, 2), 15.0)[:5].tolist() == expected


def test_no_rate_takes_every_frame():
    assert sample_indices(times(24, 1), None).tolist() == list(range(24))


@given(
    gaps=st.lists(st.floats(0.001, 0.5), min_size=1, max_size=200),
    rate=st.floats(1, 60),
)
def test_samples_keep_to_the_rate(gaps, rate):
    moments = np.concatenate([[0.0], np.cumsum(gaps)])
    picks = sample_indices(moments, rate)
    assert picks[0] == 0
    assert (np.diff(picks) > 0).all()
    # never more than the rate allows, and nothing left out where the recording is sparse
    assert len(picks) <= moments[-1] * rate + 1.5
    skipped = np.setdiff1d(np.arange(len(moments)), picks)
    for frame in skipped:
        previous = picks[picks < frame].max()
        assert (moments[frame] - moments[previous]) * rate < 1 + EARLY + 1e-9


@given(rate=st.floats(1, 40), cut=st.integers(1, 99))
def test_continuing_gives_the_same_samples(rate, cut):
    moments = times(30, 100 / 30)
    whole = sample_indices(moments, rate)
    before = whole[whole < cut]
    nothing = np.empty((0, 0), np.uint8)
    rest = [
        Frame(int(i), float(moments[i]), nothing) for i in range(int(before[-1]) + 1, len(moments))
    ]
    after = [f.index for f in sampled(rest, rate, after_s=float(moments[before[-1]]))]
    assert [*before.tolist(), *after] == whole.tolist()


def test_input_keeps_aspect_and_pads_with_black():
    picture = np.zeros((200, 400), np.uint8)
    picture[50:150, 100:300] = 200
    made = to_input(picture, Box(100, 50, 300, 150), (112, 144))
    assert made.shape == (112, 144)
    assert (made[20:92] == 200).all()
    assert (made[:20] == 0).all()
    assert (made[92:] == 0).all()


@pytest.mark.parametrize("box", [Box(0, 0, 2, 2), Box(0, 0, 1000, 1), Box(3, 0, 4, 500)])
def test_input_of_odd_boxes(box):
    picture = np.full((600, 1000), 77, np.uint8)
    made = to_input(picture, box, (112, 144))
    assert made.shape == (112, 144)
    assert made.max() == 77


def made_frames(*moments):
    nothing = np.empty((0, 0), np.uint8)
    return [Frame(index, moment, nothing) for index, moment in enumerate(moments)]


def taken(*moments, rate=10.0, after_s=None):
    return [frame.time_s for frame in sampled(made_frames(*moments), rate, after_s=after_s)]


def test_a_frame_may_come_a_tenth_of_a_period_early():
    assert EARLY == 0.1
    assert taken(0.0, 0.089, 0.091, 0.1, 0.189, 0.191) == [0.0, 0.091, 0.191]
    assert taken(0.05, 0.06, 0.1) == [0.05, 0.1]


def test_a_late_frame_serves_all_samples_up_to_it():
    assert taken(0.0, 0.35, 0.385, 0.395) == [0.0, 0.35, 0.395]
    assert [next_sample(moment, 10.0) for moment in (0.0, 0.085, 0.0925, 0.35)] == [1, 1, 2, 4]


def test_going_on_does_not_take_the_sample_that_was_taken():
    assert taken(0.05, 0.091, 0.2, after_s=0.0) == [0.091, 0.2]
    assert taken(0.05, 0.2) == [0.05, 0.2]


BLOCKS = (np.arange(81, dtype=np.uint8).reshape(9, 9) * 3) % 200


def means_of_four(picture):
    """Means of blocks of 2 x 2, as OpenCV rounds them."""
    height, width = (side // 2 for side in picture.shape)
    blocks = picture[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    return (blocks.astype(int).sum(axis=(1, 3)) + 2) // 4


@pytest.mark.parametrize("side", [8, 9])
def test_half_the_size_is_the_mean_of_four_and_an_odd_last_row_is_left_out(side):
    picture = np.ascontiguousarray(BLOCKS[:side, :side])
    made = to_input(picture, Box(0, 0, side, side), (4, 4))
    assert np.abs(made - means_of_four(picture)).max() <= 1


def test_a_quarter_of_the_size_is_halved_twice():
    picture = np.random.default_rng(0).integers(0, 255, (16, 16), np.uint8)
    made = to_input(picture, Box(0, 0, 16, 16), (4, 4))
    assert np.abs(made - means_of_four(means_of_four(picture))).max() <= 1


def test_only_both_sides_together_are_halved():
    """A picture of 20 x 6 fits into 10 x 10 as 10 x 3; one of 20 x 5 as 10 x 2."""
    for height, (first, stop) in ((6, (3, 6)), (5, (4, 6))):
        picture = np.full((height, 20), 90, np.uint8)
        made = to_input(picture, Box(0, 0, 20, height), (10, 10))
        assert np.flatnonzero(made.any(axis=1)).tolist() == list(range(first, stop))
        assert made.any(axis=0).all()
        assert (made[first:stop] == 90).all()


def test_what_is_enlarged_runs_smoothly():
    picture = np.array([[0, 200], [0, 200]], np.uint8)
    made = to_input(picture, Box(0, 0, 2, 2), (4, 4))
    assert made.tolist() == [[0, 50, 150, 200]] * 4


def test_an_odd_rest_is_split_with_more_behind():
    picture = np.full((4, 3), 90, np.uint8)
    made = to_input(picture, Box(0, 0, 3, 4), (4, 8))
    assert np.flatnonzero(made.any(axis=0)).tolist() == [2, 3, 4]
    assert made.any(axis=1).all()


def test_the_narrowest_box_keeps_a_line():
    made = to_input(np.full((500, 1), 90, np.uint8), Box(0, 0, 1, 500), (10, 10))
    assert np.flatnonzero(made.any(axis=0)).tolist() == [4]
    made = to_input(np.full((1, 500), 90, np.uint8), Box(0, 0, 500, 1), (10, 10))
    assert np.flatnonzero(made.any(axis=1)).tolist() == [4]
