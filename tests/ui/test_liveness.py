"""What keeps the window live while the engine is loaded.

How live it is, ``python -m benchmarks window`` tells.
"""

import subprocess
import sys

import pytest

START = """
import gc, sys
from ui import liveness

young, middle, _ = gc.get_threshold()
liveness.keep_live()
liveness.keep_live()
assert sys.getswitchinterval() == liveness.TURN_S
assert gc.get_threshold()[2] >= 1_000_000
"""
LOADED = """
kept = [[] for _ in range(1000)]
liveness.engine_is_loaded()
assert gc.get_freeze_count() > 1000
assert gc.get_threshold() == (young, middle, middle)
gc.unfreeze()
liveness.engine_is_loaded()
assert gc.get_freeze_count() == 0
"""
NATIVE = """
from importlib import util

def mapped():
    with open("/proc/self/maps") as lines:
        return any("libtorch_cpu" in line for line in lines)

assert not mapped()
assert util.find_spec("torch") is not None
assert "torch" not in sys.modules
assert mapped()
import torch
assert torch.zeros(2).sum() == 0
"""


def run(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_full_collection_before_the_engine_is_loaded_and_none_of_it_after() -> None:
    run(START + LOADED)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells what is loaded")
def test_the_largest_library_is_loaded_before_its_import_begins() -> None:
    run(START + NATIVE)
