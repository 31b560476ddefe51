"""The window's texts in the person's language.

Every text goes through `tr` as a whole sentence with named places, never glued from pieces:
the English text is the key into ``resources/languages/CODE.json``, and what that file does not hold
stays English. Errors and notices of the engine come as they are.
"""

from __future__ import annotations

import json

from PySide6.QtCore import QLocale

from usummary.paths import resources_dir

ENGLISH = "en"
_texts: dict[str, str] = {}


def tr(text: str, /, **values: object) -> str:
    """`text` in the language chosen by `use`, its ``{places}`` filled with `values`."""
    return _texts.get(text, text).format(**values)


def languages() -> tuple[str, ...]:
    """Codes of the available languages, English first."""
    folder = resources_dir() / "languages"
    return (ENGLISH, *sorted(path.stem for path in folder.glob("*.json")))


def language_name(code: str) -> str:
    """A language's name in that language."""
    if code == ENGLISH:
        return "English"  # Qt says which one, and the texts take no side
    return QLocale(code).nativeLanguageName() or code


def use(code: str) -> None:
    """Uses the texts of a language from now on; an unknown or damaged language means English."""
    _texts.clear()
    try:
        text = (resources_dir() / "languages" / f"{code}.json").read_text(encoding="utf-8")
        _texts.update(json.loads(text))
    except (OSError, ValueError):
        return
