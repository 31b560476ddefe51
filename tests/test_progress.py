"""The estimate of the time left, computed by hand."""

import pytest

from usummary.progress import Clock


def clock_at(*seconds: float) -> Clock:
    times = iter(seconds)
    return Clock(lambda: next(times))


def test_the_rest_takes_as_long_as_what_is_done_took() -> None:
    clock = clock_at(100.0, 110.0, 130.0)
    assert clock.seconds_left(0.0) is None
    assert clock.seconds_left(0.25) == pytest.approx(30.0)
    assert clock.seconds_left(0.5) == pytest.approx(30.0)


def test_what_was_taken_over_says_nothing_of_the_speed() -> None:
    clock = clock_at(0.0, 10.0)
    assert clock.seconds_left(0.8) is None
    assert clock.seconds_left(0.9) == pytest.approx(10.0)


def test_nothing_is_told_in_the_first_second_or_before_anything_is_done() -> None:
    clock = clock_at(0.0, 0.9, 5.0, 5.0)
    assert clock.seconds_left(0.0) is None
    assert clock.seconds_left(0.5) is None
    assert clock.seconds_left(0.0) is None
    assert clock.seconds_left(0.5) == pytest.approx(5.0)


def test_nothing_is_left_at_the_end() -> None:
    clock = clock_at(0.0, 3.0)
    clock.seconds_left(0.0)
    assert clock.seconds_left(1.0) == 0.0
