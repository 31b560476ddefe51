"""Several processes for work that is the same on many files or with many seeds."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")


def side_by_side(
    work: Callable[[Job], Done], jobs: Sequence[Job], processes: int
) -> Iterator[Done]:
    """What `work` makes of each job, in the order of the jobs; with one process, here.

    Processes have one thread each and are started anew: torch cannot be used in copies of a process
    that has used it. So `work` is a module's function, and it, jobs and results can be pickled.
    """
    if processes == 1 or len(jobs) < 2:
        yield from map(work, jobs)
        return
    with worker_processes(processes, use_threads, (1,)) as pool:
        yield from pool.map(work, jobs)


@contextmanager
def worker_processes(
    count: int, begin: Callable[..., None], given: tuple[Any, ...]
) -> Iterator[ProcessPoolExecutor]:
    """Processes started anew, each by `begin`, that are ended at once when something goes wrong."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, context, initializer=begin, initargs=given)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    pool.shutdown()


def use_threads(count: int) -> None:
    """How many threads this process computes with."""
    import cv2
    import torch

    torch.set_num_threads(count)
    cv2.setNumThreads(count)
