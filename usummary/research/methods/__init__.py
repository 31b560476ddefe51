"""Methods of summarising. A new method is one file: a module here, or a Python file anywhere.

It has two names:

``Options``
    A frozen pydantic model with ``extra="forbid"``: what an experiment may set, with defaults.
``train(learn, validation, options, seed, tell) -> Scorer``
    Learns from the videos of `learn` and may choose by those of `validation`; both are training
    videos, test videos are never seen. `tell` takes a line of the learning curve, now and then; it
    is also where a cancelled experiment stops. The same seed gives the same answer.

A scorer gives (T,) importance for features (T, C, h, w). Only the order and the means of shots
count; shots of a mean of 0 or below are never chosen.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from usummary.errors import SettingsError
from usummary.research.videos import Video
from usummary.settings import faults

Scorer = Callable[[NDArray[np.floating]], NDArray[np.floating]]
Tell = Callable[[str], None]


class Method(Protocol):
    """The module of a method; see above."""

    Options: type[BaseModel]
    __file__: str

    def train(
        self,
        learn: Sequence[Video],
        validation: Sequence[Video],
        options: Any,
        seed: int,
        tell: Tell,
    ) -> Scorer: ...


def known() -> list[str]:
    """Names of the methods that come with the program."""
    return sorted(
        module.name.replace("_", "-")
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    )


def load(name: str, beside: Path) -> Method:
    """A method by its name, such as ``dr-dsn``, or by the path of its file.

    Args:
        name: Name, or a path that ends in ``.py``.
        beside: Folder that a relative path starts from.

    Raises:
        SettingsError: There is no such method, or the module lacks one of the two names.
    """
    if name.endswith(".py"):
        module = _from_file(beside / name)
    elif name in known():
        module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    else:
        raise SettingsError(
            f'There is no method "{name}". Choose one of {", ".join(known())}, or give the path of '
            "a Python file."
        )
    lacking = [need for need in ("Options", "train") if not hasattr(module, need)]
    if lacking:
        raise SettingsError(f'The method "{name}" lacks {" and ".join(lacking)}.')
    return cast(Method, module)


def _from_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"usummary_method_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SettingsError(f"There is no method file {path}.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def options_of(method: Method, values: Mapping[str, Any], *, where: str) -> BaseModel:
    """A method's options, checked.

    Raises:
        SettingsError: An unknown key or a wrong value; every fault is named.
    """
    try:
        return method.Options.model_validate(dict(values))
    except ValidationError as error:
        raise SettingsError(f"{where}: {faults(error)}.") from error
