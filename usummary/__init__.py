"""usummary: summaries of ultrasound screening recordings. Research use only, not for diagnosis.

    >>> import usummary
    >>> summary = usummary.summarize("exam.mp4")

The names below are loaded on first use, so that importing the package stays quick.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from usummary import metrics, pipeline, readers, training
    from usummary.analysis import kts
    from usummary.pipeline import summarize
    from usummary.readers import open_exam
    from usummary.selection import knapsack

__version__ = "0.1.0"
__all__ = [
    "knapsack",
    "kts",
    "metrics",
    "open_exam",
    "pipeline",
    "readers",
    "summarize",
    "training",
]

_FROM = {"open_exam": "usummary.readers", "summarize": "usummary.pipeline"}
_MODULES = {"knapsack": "usummary.selection.knapsack", "kts": "usummary.analysis.kts"}

# Whoever uses the package from Python sees its log only if they ask for it.
logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name in _FROM:
        return getattr(importlib.import_module(_FROM[name]), name)
    if name in __all__:
        return importlib.import_module(_MODULES.get(name, f"usummary.{name}"))
    raise AttributeError(f"module 'usummary' has no attribute {name!r}")
