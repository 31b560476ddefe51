"""One item is made ahead, in one other thread, and errors come where the item would have come."""

import threading
from collections.abc import Iterator

import pytest

from usummary.ahead import one_ahead


def test_gives_the_same_items_from_one_other_thread() -> None:
    made_in = []

    def numbers() -> Iterator[int]:
        for number in range(20):
            made_in.append(threading.get_ident())
            yield number

    assert list(one_ahead(numbers())) == list(range(20))
    assert len(set(made_in)) == 1
    assert made_in[0] != threading.get_ident()


def test_makes_one_item_while_another_is_used() -> None:
    second = threading.Event()

    def numbers() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    items = one_ahead(numbers())
    assert next(items) == 1
    assert second.wait(60)
    items.close()


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    items = one_ahead(numbers())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_closing_early_closes_what_it_reads_from() -> None:
    closed = []

    def numbers() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(threading.active_count())

    before = threading.active_count()
    items = one_ahead(numbers())
    assert next(items) == 0
    items.close()
    assert closed
    assert threading.active_count() == before


def test_items_may_be_empty_or_false() -> None:
    assert list(one_ahead(iter([]))) == []
    assert list(one_ahead(iter([0, None, ""]))) == [0, None, ""]
