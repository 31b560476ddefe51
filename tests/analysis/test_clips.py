import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usummary.analysis.clips import EARLY, sample_indices, sampled, to_input
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
