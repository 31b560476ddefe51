"""What is freed goes back to the system, also where it lay between what is kept."""

import subprocess
import sys
from pathlib import Path

import pytest

FREE_EVERY_OTHER = """
import os, sys
import numpy as np
from ui import memory

if sys.argv[1] == "fixed":
    memory.give_back_what_is_freed()

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

size = 3 * 2**20
np.ones(8 * size, np.uint8)  # a first large block, freed at once, moves glibc's border
before = resident_mb()
blocks = [np.ones(size, np.uint8) for _ in range(100)]
kept = [np.ones(1000, np.uint8), *blocks[1::2]]
del blocks
print(resident_mb() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc keeps it")
def test_pictures_that_were_freed_take_no_memory() -> None:
    grown = {}
    for how in ("fixed", "as it is"):
        done = subprocess.run(
            [sys.executable, "-c", FREE_EVERY_OTHER, how],
            cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=True,
        )  # fmt: skip
        grown[how] = float(done.stdout)
    assert grown["fixed"] < 160  # what is kept are 150 MB
    assert grown["as it is"] > 200
