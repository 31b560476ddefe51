"""Makes the C library give freed memory back to the system.

glibc takes a freed block of up to 32 MB as a sign that such blocks belong on its heaps from then
on. Pictures of 1 to 8 MB, freed in another thread and order than they were made in, leave holes
there: a window in which the same exam was opened again and again grew by 10 MB each time, although
no object was left of it. With a fixed border every picture is a piece of its own, given back when
it is freed.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of ``mallopt`` in glibc's ``malloc.h``."""
PICTURE_BYTES = 512 * 1024
SPARE_BYTES = 2**20


def give_back_what_is_freed() -> None:
    """Call this once, when the program starts; other C libraries than glibc do not need it."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, PICTURE_BYTES)
        mallopt(_TRIM_THRESHOLD, SPARE_BYTES)
