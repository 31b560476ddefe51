"""Loads large native libraries without stopping the window.

Importing a package loads its libraries while Python's interpreter lock is held: half a second and
more for the largest, in which no other thread, and so no window, does anything. A foreign call
does not hold that lock. So these libraries are loaded by a foreign call a moment before the import
asks for them; it then finds them there.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_LIBRARIES = {
    "torch": ("torch/lib/libtorch_cpu.*",),
    "openvino": ("openvino/libs/libopenvino.*",),
    "av": ("av.libs/libavfilter*", "av.libs/libavdevice*"),
}
"""Libraries by the package that needs them, from the folder that packages are installed in. None of
them calls Python, which may not be done without the lock."""


class _LibrariesFirst(MetaPathFinder):
    """Finds no module; loads libraries when a module is looked for."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in _LIBRARIES:
            spec = PathFinder.find_spec(fullname, path)
            if spec is not None and spec.origin is not None:
                _load(Path(spec.origin).parent.parent, _LIBRARIES[fullname])
        return None


def _load(folder: Path, patterns: tuple[str, ...]) -> None:
    """One that cannot be loaded is left to the import, which says so better."""
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    for pattern in patterns:
        for library in sorted(folder.glob(pattern)):
            if ".so" in library.suffixes or library.suffix == ".dylib":
                dlopen(os.fsencode(library), os.RTLD_NOW)


def load_ahead() -> None:
    """From now on, imports in any thread load these libraries that way. Not on Windows."""
    if os.name != "nt" and not any(isinstance(one, _LibrariesFirst) for one in sys.meta_path):
        sys.meta_path.insert(0, _LibrariesFirst())
