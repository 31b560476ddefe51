"""Dates and times in all the ways that archives write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydicom import Dataset

from usummary.readers.dicom.clock import acquired, moment, one_clock
from usummary.readers.dicom.values import Values, quiet


@pytest.mark.parametrize(
    ("text", "hour", "minute", "second"),
    [
        ("20200101100130", 10, 1, 30.0),
        ("20200101100130.25", 10, 1, 30.25),
        ("20200101100130.25+0100", 9, 1, 30.25),
        ("20200101100130-0330", 13, 31, 30.0),
        ("202001011001", 10, 1, 0.0),
        ("2020010110", 10, 0, 0.0),
        ("2020.01.01 10:01:30", 10, 1, 30.0),
        ("2020-01-01T10:01:30", 10, 1, 30.0),
    ],
)
def test_moments(text, hour, minute, second):
    whole = datetime(2020, 1, 1, hour, minute, int(second), round(second % 1 * 1e6), tzinfo=UTC)
    found = moment(text)
    assert found.replace(tzinfo=found.tzinfo or UTC) == whole


@pytest.mark.parametrize(
    "text", ["", "soon", "20201301100000", "20200101250000", "20200101", "2020"]
)
def test_what_is_no_moment(text):
    assert moment(text) is None


def _acquired(**elements):
    dataset = Dataset()
    with quiet():
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
    return acquired(Values(dataset))


def test_a_time_without_a_date_is_of_the_day_of_the_study():
    found = _acquired(StudyDate="20200101", AcquisitionTime="100130")
    assert found == datetime(2020, 1, 1, 10, 1, 30)


def test_a_time_after_midnight_is_of_the_day_after_the_study():
    found = _acquired(StudyDate="20200101", StudyTime="235000", AcquisitionTime="000130")
    assert found == datetime(2020, 1, 2, 0, 1, 30)


def test_a_time_alone_is_later_than_an_earlier_one():
    assert _acquired(AcquisitionTime="10:01:00") < _acquired(ContentTime="100200")


def test_the_zone_of_the_file_counts_where_the_time_has_none():
    found = _acquired(
        AcquisitionDate="20200101", AcquisitionTime="100000", TimezoneOffsetFromUTC="+0200"
    )
    assert found == datetime(2020, 1, 1, 8, tzinfo=UTC)


def test_an_unreadable_time_leaves_the_next_one():
    found = _acquired(AcquisitionDateTime="soon", ContentDate="20200101", ContentTime="100000")
    assert found == datetime(2020, 1, 1, 10)


def test_a_time_without_a_zone_is_of_that_of_the_others():
    local, zoned = moment("20200101100100"), moment("20200101100000+0100")
    assert one_clock([local, None, zoned]) == [moment("20200101100100+0100"), None, zoned]
    assert one_clock([local]) == [moment("20200101100100+0000")]
