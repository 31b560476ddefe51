"""Work on many files in several processes."""

import os

import pytest
import torch

from usummary.processes import side_by_side


def told(job):
    if job == "bad":
        raise ValueError(job)
    return job.upper(), os.getpid(), torch.get_num_threads()


def test_results_come_in_order_from_other_processes_of_one_thread():
    found = list(side_by_side(told, ["a", "b", "c"], 2))
    assert [name for name, *_ in found] == ["A", "B", "C"]
    assert os.getpid() not in {process for _, process, _ in found}
    assert {threads for *_, threads in found} == {1}


@pytest.mark.parametrize(("jobs", "processes"), [(["a", "b"], 1), (["a"], 2)])
def test_a_single_one_stays_here(jobs, processes):
    assert {process for _, process, _ in side_by_side(told, jobs, processes)} == {os.getpid()}


def test_a_fault_is_not_lost():
    with pytest.raises(ValueError, match="bad"):
        list(side_by_side(told, ["a", "bad"], 2))
