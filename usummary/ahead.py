"""Makes the next item of an iterator in another thread while the current one is used."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """Yields the items of `items`, with the next one always being made.

    `items` runs in one other thread from start to end and is never asked for two items at once. If
    it is a generator, it is closed at the end. Its errors are raised here, in place of the item
    that failed. The caller must exhaust or close this generator; closing waits for the item that
    is being made.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        try:
            coming = thread.submit(_next, items)
            while made := coming.result():
                coming = thread.submit(_next, items)
                yield made[0]
        finally:
            # In its own thread, after the item under way: a running generator cannot be closed.
            if isinstance(items, Generator):
                thread.submit(items.close).result()


def _next(items: Iterator[T]) -> tuple[T] | None:
    """The next item in a tuple of one, so that any item differs from the end, which is None."""
    for item in items:
        return (item,)
    return None
