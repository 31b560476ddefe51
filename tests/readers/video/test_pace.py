"""Recording times from stamps, by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from usummary.readers.video.pace import Paced, paced

MS = Fraction(1, 1000)
RATE = Fraction(25)


def of(*stamps: int, last: int = 0) -> Paced:
    return paced(np.array(stamps, np.int64), last, MS, RATE)


def test_stamps_as_they_are():
    found = of(100, 140, 180, 320, last=60)
    assert found.times_s.tolist() == [0.0, 0.04, 0.08, 0.22]
    assert found.duration_s == pytest.approx(0.28)
    assert found.notices == ()


def test_a_last_picture_without_a_length_lasts_as_the_others():
    assert of(0, 40, 80, 160).duration_s == pytest.approx(0.2)
    assert of(0, 40, 80, 160, last=-5).duration_s == pytest.approx(0.2)


def test_one_picture_lasts_as_the_rate_says():
    found = of(7)
    assert found.times_s.tolist() == [0.0]
    assert found.duration_s == pytest.approx(0.04)


def test_time_goes_on_where_stamps_start_again_or_jump():
    found = of(0, 40, 80, 0, 40, 20_041_000, 20_041_040)
    np.testing.assert_allclose(found.times_s, np.arange(7) * 0.04)
    assert found.duration_s == pytest.approx(0.28)
    assert found.notices == (
        "The recording's time stamps jump or start again at 0:00.1, 0:00.2; its time goes on there "
        "at its own pace.",
    )


def test_only_some_of_many_places_are_named():
    stamps = [0, 40] * 6
    (notice,) = of(*stamps).notices
    assert notice.startswith("The recording's time stamps jump or start again at 0:00.1, 0:00.2, ")
    assert " and 2 more; " in notice


def test_ten_seconds_are_a_pause_and_more_is_a_jump():
    assert of(0, 40, 80, 10_080).times_s[-1] == pytest.approx(10.08)
    assert of(0, 40, 80, 10_081).times_s[-1] == pytest.approx(0.12)


def test_pictures_far_apart_are_no_jumps():
    found = of(0, 8_000, 16_000, 60_000, 68_000, last=50_000)
    assert found.times_s.tolist() == [0, 8, 16, 60, 68]
    assert found.duration_s == 118
    assert found.notices == ()


def test_pictures_of_one_stamp_share_the_time_to_the_next():
    """Where no other one follows, each lasts as pictures usually do."""
    found = of(0, 40, 40, 80, 120, 120)
    np.testing.assert_allclose(found.times_s, [0, 0.04, 0.06, 0.08, 0.12, 0.16])
    assert "before: 2;" in found.notices[0]


def test_a_last_picture_of_an_hour_is_told():
    found = of(0, 40, 80, last=3_600_000)
    assert found.duration_s == pytest.approx(0.12)
    assert found.notices == (
        "The last picture of the recording is said to last very long; it is not.",
    )
