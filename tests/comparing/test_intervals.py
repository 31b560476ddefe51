"""Means over exams and their interval, against a table of Student's t."""

import math

import pytest

from usummary.comparing.intervals import t_interval


def test_three_exams_by_hand() -> None:
    """The spread of 1, 2, 3 is 1; t of two degrees of freedom at 97.5 % is 4.302653."""
    found = t_interval([1.0, 2.0, 3.0])
    half = 4.302653 / math.sqrt(3)
    assert (found.mean, found.low, found.high) == pytest.approx((2, 2 - half, 2 + half))
    assert found.count == 3


def test_one_exam_alone_has_no_width() -> None:
    alone = t_interval([0.5])
    assert (alone.mean, alone.low, alone.high, alone.count) == (0.5, 0.5, 0.5, 1)


def test_two_exams_have_a_wide_interval() -> None:
    """The spread of 0 and 2 is the root of 2; t of one degree of freedom is 12.706205."""
    found = t_interval([0.0, 2.0])
    assert (found.mean, found.low, found.high) == pytest.approx((1, 1 - 12.706205, 1 + 12.706205))
    assert found.count == 2


def test_the_interval_grows_with_the_spread() -> None:
    """Four values 1, 3, 5, 7 spread by 2.581989; t of three degrees of freedom is 3.182446."""
    found = t_interval([1.0, 3.0, 5.0, 7.0])
    assert found.high - found.mean == pytest.approx(3.182446 * 2.581989 / 2)
