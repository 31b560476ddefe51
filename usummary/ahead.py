"""The next item of an iterator is made in another thread while this one is used."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items; from the first on, one is always being made ahead.

    `items` runs in one thread from beginning to end and is never asked for two items at once; a
    generator is closed in the end. Its errors are raised here, where the item that failed would
    have come. Close this generator, or run it to its end: closing waits for the item under way.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        try:
            coming = thread.submit(_next, items)
            while found := coming.result():
                coming = thread.submit(_next, items)
                yield found[0]
        finally:
            if isinstance(items, Generator):
                thread.submit(items.close).result()


def _next(items: Iterator[T]) -> tuple[T] | None:
    """The next item in a tuple, None after the last."""
    for item in items:
        return (item,)
    return None
