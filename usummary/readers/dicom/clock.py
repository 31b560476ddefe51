"""Dates and times of DICOM headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from usummary.readers.dicom.values import Values

_DATE = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})([.,]\d{1,6})?)?)?")
_ZONE = re.compile(r"([+-])(\d{2}):?(\d{2})$")
_NO_DATE = datetime(1900, 1, 1)
"""Date of times in files without any date: only differences between times count."""
_HALF_A_DAY = timedelta(hours=12)


def acquired(values: Values) -> datetime | None:
    """When an instance was acquired, None if its header does not say.

    A time without a date of its own gets the date of the series or study. If it is more than half a
    day earlier than the study's time, the exam ran past midnight, and it gets the day after. If the
    file names no time zone the result has none, see `one_clock`.
    """
    zone = _zone(values.text("TimezoneOffsetFromUTC"))
    text = values.text("AcquisitionDateTime")
    if text:
        when = moment(text, zone)
        if when is not None:
            return when
        values.mark_odd("AcquisitionDateTime")
    for kind in ("Acquisition", "Content"):
        time = values.text(f"{kind}Time")
        if time:
            when = _dated(values, kind, time, zone)
            if when is not None:
                return when
            values.mark_odd(f"{kind}Time")
    return None


def moment(text: str, zone: timezone | None = None) -> datetime | None:
    """A DICOM date-time, None if unreadable; `zone` is the file's, for a text that names none."""
    date = _DATE.match(text)
    if date is None:
        return None
    rest = text[date.end() :].lstrip(" T")  # neither is DICOM, but both are written
    own = _ZONE.search(rest)
    if own is not None:
        zone, rest = _zone(own.group()), rest[: own.start()]
    time = _seconds(rest)
    day = _day(text)
    return None if time is None or day is None else day.replace(tzinfo=zone) + time


def _dated(values: Values, kind: str, text: str, zone: timezone | None) -> datetime | None:
    time = _seconds(text)
    if time is None:
        return None
    day = _day(values.text(f"{kind}Date"))
    if day is not None:
        return day.replace(tzinfo=zone) + time
    days = (_day(values.text(f"{other}Date")) for other in ("Series", "Study"))
    day = next((day for day in days if day is not None), _NO_DATE)
    began = _seconds(values.text("StudyTime"))
    if began is not None and began - time > _HALF_A_DAY:
        day += timedelta(days=1)
    return day.replace(tzinfo=zone) + time


def one_clock(times: Sequence[datetime | None]) -> list[datetime | None]:
    """The same times, all with a zone, so that they can be compared.

    A time without a zone gets the first zone that another time names, because one device wrote them
    all. If no time names a zone, all are taken as UTC.
    """
    zones = (time.tzinfo for time in times if time is not None and time.tzinfo is not None)
    zone = next(zones, UTC)
    return [
        time.replace(tzinfo=zone) if time is not None and time.tzinfo is None else time
        for time in times
    ]


def _day(text: str) -> datetime | None:
    match = _DATE.match(text)
    if match is None:
        return None
    year, month, day = map(int, match.groups())
    try:
        return datetime(year, month, day)
    except ValueError:
        return None


def _seconds(text: str) -> timedelta | None:
    match = _TIME.match(text)
    if match is None:
        return None
    hour, minute, second, fraction = match.groups()
    # DICOM allows second 60, a leap second.
    if int(hour) > 23 or int(minute or 0) > 59 or int(second or 0) > 60:
        return None
    return timedelta(
        hours=int(hour),
        minutes=int(minute or 0),
        seconds=int(second or 0) + float((fraction or "0").replace(",", ".")),
    )


def _zone(text: str) -> timezone | None:
    match = _ZONE.search(text)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset >= timedelta(hours=24):
        return None
    return timezone(-offset if sign == "-" else offset)
