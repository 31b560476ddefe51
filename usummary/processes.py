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
    """Yields ``work(job)`` for each job, in the order of the jobs.

    With one process, or a single job, the work is done in this process. Otherwise each process is
    started afresh, with one thread: torch does not work in a forked copy of a process that has used
    it. So `work` must be a function of a module, and `work`, jobs and results must be picklable.
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
    """Fresh processes, each set up by ``begin(*given)``; an error or cancelling ends them at once.

    Args:
        count: How many processes.
        begin: A function of a module that each process runs first.
        given: Its arguments.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, context, initializer=begin, initargs=given)
    try:
        yield pool
    except BaseException:
        # Cancelling futures leaves running ones alone, and they can run for hours.
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    pool.shutdown()


def use_threads(count: int) -> None:
    """Sets the number of threads that this process computes with."""
    import cv2
    import torch

    torch.set_num_threads(count)
    cv2.setNumThreads(count)
