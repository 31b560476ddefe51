"""Several processes for work that is the same on many files or with many seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import cv2
import torch

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
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_one_thread) as pool:
        yield from pool.map(work, jobs)


def _one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
