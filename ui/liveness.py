"""Keeps the window live while another thread loads and runs the engine.

Python threads share one lock, and three things hold it for longer than a person overlooks:

* Many short turns. A thread may keep the lock for 5 ms while others wait, and drawing takes it many
  times. So turns are made shorter.
* Loading a native library: half a second for the largest. A foreign call does not hold the lock, so
  the largest are loaded by one, a moment before the import asks for them and finds them there.
* Full garbage collections: the engine's libraries bring half a million objects, and looking at all
  of them takes 100 to 200 ms. So there are none until the engine is loaded; what is there then is
  left out of all later ones, which are quick again. Young garbage is collected all the time.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

TURN_S = 0.0005
_NEVER = 1_000_000
_LIBRARIES = {
    "torch": ("torch/lib/libtorch_cpu.*",),
    "openvino": ("openvino/libs/libopenvino.*",),
    "av": ("av.libs/libavfilter*", "av.libs/libavdevice*"),
}
"""Libraries by the package that needs them, from the folder that packages are installed in. None of
them calls Python, which may not be done without the lock."""


def keep_live() -> None:
    """Call this once, when the program starts."""
    sys.setswitchinterval(TURN_S)
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)
    # On Windows a library loaded this way does not find its neighbours; the import loads it there.
    if os.name != "nt" and not any(isinstance(f, _LibrariesFirst) for f in sys.meta_path):
        sys.meta_path.insert(0, _LibrariesFirst())


def engine_is_loaded() -> None:
    """Takes what is loaded out of garbage collection, once, and has full collections again."""
    young, middle, old = gc.get_threshold()
    if old == _NEVER:
        gc.freeze()
        gc.set_threshold(young, middle, middle)


class _LibrariesFirst(MetaPathFinder):
    """A finder that finds no module, but loads libraries when their module is looked for."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in _LIBRARIES:
            spec = PathFinder.find_spec(fullname, path)
            if spec is not None and spec.origin is not None:
                _load(Path(spec.origin).parent.parent, _LIBRARIES[fullname])
        return None


def _load(folder: Path, patterns: tuple[str, ...]) -> None:
    """Loads libraries. An error is ignored: the import itself then raises one that says more."""
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    for pattern in patterns:
        for library in sorted(folder.glob(pattern)):
            if ".so" in library.suffixes or library.suffix == ".dylib":
                dlopen(os.fsencode(library), os.RTLD_NOW)
