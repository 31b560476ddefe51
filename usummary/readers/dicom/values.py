"""Typed values of a DICOM header. An unreadable element counts as missing and is reported once."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.datadict import dictionary_description
from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException
from pydicom.tag import BaseTag, Tag

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom raises for a malformed element, mostly when the element is asked for."""


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


@contextmanager
def quiet() -> Iterator[None]:
    """Suppresses pydicom's warnings about odd elements; the ones that matter become notices."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Values:
    """The elements of a data set by keyword, each as the type that the caller wants.

    Nothing here raises: an absent, empty or unreadable element is None (or empty). Names of
    unreadable elements, in nested items too, are collected for `notices`.
    """

    def __init__(self, dataset: Dataset, odd: dict[str, None] | None = None) -> None:
        """Wrap `dataset`; `odd` collects the names of unreadable elements."""
        self.dataset = dataset
        self._odd: dict[str, None] = {} if odd is None else odd
        self._known: dict[str, list[object]] = {}

    @property
    def odd(self) -> tuple[str, ...]:
        """Names of the elements that were asked for and are unreadable."""
        return tuple(self._odd)

    def notices(self, name: str) -> tuple[str, ...]:
        """A sentence for each unreadable element of the file `name`."""
        return tuple(odd_notice(element, f'"{name}"') for element in self._odd)

    def forget(self) -> None:
        """Drop all but the names of unreadable elements: thousands of headers take much memory."""
        self.dataset, self._known = Dataset(), {}

    def mark_odd(self, keyword: str) -> None:
        """Count an element as unreadable: it has a value, but the value cannot be right."""
        self._odd[dictionary_description(keyword)] = None

    def text(self, keyword: str) -> str:
        """The first value as text without blanks around it; empty without one."""
        values = self._values(keyword)
        return str(values[0]).strip(" \0") if values else ""

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values as text."""
        return tuple(str(value).strip(" \0") for value in self._values(keyword))

    def integer(self, keyword: str) -> int | None:
        """The only value as a whole number; several values count as unreadable."""
        number = self.number(keyword)
        if number is None:
            return None
        if number != int(number):
            self.mark_odd(keyword)
            return None
        return int(number)

    def number(self, keyword: str) -> float | None:
        """The only value as a finite number; several values count as unreadable."""
        numbers = self.numbers(keyword)
        if len(numbers) > 1:
            self.mark_odd(keyword)
        return numbers[0] if len(numbers) == 1 else None

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values as finite numbers; a value that is not makes the element unreadable."""
        try:
            numbers = tuple(_number(value) for value in self._values(keyword))
        except UNREADABLE:
            self.mark_odd(keyword)
            return ()
        return numbers

    def items(self, keyword: str) -> tuple[Values, ...]:
        """The items of a sequence."""
        return tuple(
            Values(item, self._odd) for item in self._values(keyword) if isinstance(item, Dataset)
        )

    def words(self, keyword: str, count: int) -> NDArray[np.int64] | None:
        """(count,) the entries of a look-up table, 8 or 16 bits each; None if they are not there.

        Tables of 8 bits are stored as bytes, or as words of 16 bits with two entries or one each.
        """
        values = self._values(keyword)
        little = getattr(self.dataset, "original_encoding", (None, True))[1] is not False
        order = "<" if little else ">"
        try:
            data = (
                values[0]
                if len(values) == 1 and isinstance(values[0], bytes)
                else np.array(values, np.int64).astype(f"{order}u2").tobytes()
            )
        except (*UNREADABLE, OverflowError):
            return None
        kind = "u1" if count <= len(data) < 2 * count else f"{order}u2"
        entries = np.frombuffer(data[: len(data) // 2 * 2], kind)[:count].astype(np.int64)
        return entries if len(entries) == count else None

    def _values(self, keyword: str) -> list[object]:
        values = self._known.get(keyword)
        if values is None:
            values = self._known[keyword] = self._read(keyword)
        return values

    def _read(self, keyword: str) -> list[object]:
        tag = _tag(keyword)
        try:
            with quiet():
                value = self.dataset[tag].value
        except KeyError:
            return []
        except UNREADABLE:
            value = self._as_written(keyword)
        if value is None or value == "":
            return []
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return list(value)
        return [value]

    def _as_written(self, keyword: str) -> list[str] | None:
        """The text of an element that pydicom refuses, such as a number with a comma."""
        try:
            element = self.dataset.get_item(_tag(keyword))
        except UNREADABLE:
            element = None
        raw = element.value if isinstance(element, RawDataElement) else None
        if isinstance(raw, bytes) and raw.isascii():
            return [part.strip(" \0") for part in raw.decode("ascii").split("\\")]
        self.mark_odd(keyword)
        return None


def odd_notice(element: str, files: str) -> str:
    """The notice about an unreadable element of some files."""
    return f'The element "{element}" of {files} cannot be read and is not used.'


def _number(value: object) -> float:
    number = (
        float(value)
        if isinstance(value, int | float)
        else float(str(value).strip(" \0").replace(",", "."))
    )
    if not math.isfinite(number):
        raise ValueError(value)
    return number
