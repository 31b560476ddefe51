"""Takes everything out of texts that could name a patient, before they are logged or passed on.

What may stay is known by where it comes from, not by what it looks like:

* `known_words` keeps what stands in the program's own source and puts ``…`` for all that was filled
  in. It needs no list of names, so a name that nobody thought of stays out too.
* `without_names` is for texts whose source is not Python (Qt, torch, a codec): it takes out paths,
  quoted texts, and names that were given to `keep_secret`.
* `trace` tells an exception by the functions it passed through, its type, and its text as far as
  one of these two lets it through. No value of any variable is ever told.
"""

from __future__ import annotations

import dis
import errno
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, TracebackType

from usummary.errors import UsummaryError

HIDDEN = "…"
_OWN = ("usummary", "ui")
_SHORTEST_TEXT = 4
_FRAMES_SHOWN = 30
_CAUSES_SHOWN = 5
_QUOTED = re.compile(r"""(?<!\w)'[^'\n]*'(?!\w)|"[^"\n]*"|“[^”\n]*”|`[^`\n]*`""")
_ADDRESS = re.compile(r"https?://\S+")
_ENDINGS = (
    "mp4 m4v mov avi mkv wmv mpe?g webm ts dcm dicom ima csv json h5 hdf5 toml txt zip pdf png"
    " jpe?g svg usummary"
)
_NAMES_A_FILE = re.compile(rf"[\\/^]|\.({_ENDINGS.replace(' ', '|')})\b", re.IGNORECASE)
"""A path, a file's name, or a name as DICOM writes it. Where one begins that stands without quotes
is not known, so the whole line goes."""
_PYTHON = str(Path(os.__file__).parent) + os.sep
_secrets: set[str] = set()


class Plain(str):
    """A text of the program or the machine (a device, a version), which never names a person."""

    __slots__ = ()


def keep_secret(*paths: Path | str) -> None:
    """From now on `without_names` takes out every word of these paths' folders and files."""
    home = Path.home().parts
    for path in map(Path, paths):
        parts = path.parts[len(home) :] if path.parts[: len(home)] == home else path.parts
        for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFC", " ".join(parts))):
            if len(word) > (2 if word.isascii() else 1):
                _secrets.add(word.casefold())


def without_names(text: str, *, allowed: Iterable[str] = ()) -> str:
    """`text` without quoted texts, lines that name a file, and what was given to `keep_secret`.

    Args:
        text: Any text that was not made by Python source; see `known_words` for one that was.
        allowed: Quoted texts that may stay.
    """
    kept = frozenset(allowed)
    text = unicodedata.normalize("NFC", text)
    text = _QUOTED.sub(lambda met: met[0] if met[0][1:-1] in kept else HIDDEN, text)
    lines = _ADDRESS.sub(HIDDEN, text).splitlines()
    text = "\n".join(HIDDEN if _NAMES_A_FILE.search(line) else line for line in lines)
    return re.sub(r"[^\W_]+", lambda met: HIDDEN if met[0].casefold() in _secrets else met[0], text)


def known_words(text: str, *sources: CodeType) -> str:
    """`text` as far as it stands in the source of the program; ``…`` for what was filled in.

    A piece stays if it is a whole constant of the source, such as a part of an f-string between two
    braces. Single words do not, for a patient may be called so.

    Args:
        text: A message of the program.
        sources: Functions of libraries whose constants may stay as well.
    """
    extra = _by_beginning(piece for code in sources for piece in _texts(code))
    own = _own_texts().by_beginning
    kept: list[str] = []
    place = 0
    while place < len(text):
        beginning = text[place : place + _SHORTEST_TEXT]
        pieces = (*own.get(beginning, ()), *extra.get(beginning, ()))
        fitting = [piece for piece in pieces if text.startswith(piece, place)]
        if fitting:
            kept.append(max(fitting, key=len))
            place += len(kept[-1])
        else:
            if not kept or kept[-1] != HIDDEN:
                kept.append(HIDDEN)
            place += 1
    return "".join(kept)


def is_source(text: str) -> bool:
    """Whether a text is a constant of the program, with nothing filled in."""
    return text in _own_texts().whole


def trace(error: BaseException) -> str:
    """Where an exception arose and what it is, with what lies behind it; several lines."""
    blocks: list[str] = []
    link = "The above led to:"
    now: BaseException | None = error
    while now is not None and len(blocks) < _CAUSES_SHOWN:
        frames = [_frame(code, line) for code, line in _frames(now.__traceback__)]
        if len(frames) > _FRAMES_SHOWN:
            half = _FRAMES_SHOWN // 2
            left = len(frames) - 2 * half
            frames = [*frames[:half], f"  ... {left} more", *frames[-half:]]
        title = ["Traceback (innermost last):"] if frames else []
        blocks.append("\n".join([*title, *frames, headline(now)]))
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return f"\n{link}\n".join(reversed(blocks))


def headline(error: BaseException) -> str:
    """Type of an exception, and as much of its text as names nobody."""
    kind = type(error)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    text = _text(error)
    return f"{name}: {text}" if text else name


def place(error: BaseException) -> str:
    """The innermost function that an exception passed through, as ``file:line in function``."""
    frames = [*_frames(error.__traceback__)]
    return _frame(*frames[-1]).strip() if frames else "unknown place"


def short_file(name: str) -> str:
    """A source file without the folders that it is installed in."""
    parts = re.split(r"[\\/]", name)
    for root in ("site-packages", "dist-packages"):
        if root in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(root) :])
    for package in _OWN:
        module = sys.modules.get(package)
        folder = os.path.dirname(getattr(module, "__file__", None) or "")  # noqa: PTH120 -- text only
        if folder and name.startswith(folder + os.sep):
            return "/".join([package, *re.split(r"[\\/]", name[len(folder) + 1 :])])
    return parts[-1]


def _frames(traceback: TracebackType | None) -> Iterator[tuple[CodeType, int]]:
    while traceback is not None:
        yield traceback.tb_frame.f_code, traceback.tb_lineno
        traceback = traceback.tb_next


def _frame(code: CodeType, line: int) -> str:
    compiled = code.co_qualname == "<module>"  # of libraries in C, too, which have other names
    name = code.co_name if compiled else code.co_qualname
    return f"  {short_file(code.co_filename)}:{line} in {name}"


def _is_installed(code: CodeType) -> bool:
    """Part of the program, of a library or of Python."""
    return "/" in short_file(code.co_filename) or code.co_filename.startswith(_PYTHON)


def _text(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return f"[Errno {error.errno}] {os.strerror(error.errno)}"
    text = str(error)
    # Not those of a person's script, which may hold the path of an exam.
    codes = [code for code, _ in _frames(error.__traceback__) if _is_installed(code)]
    if isinstance(error, UsummaryError) or _raised_by_source(error):
        return known_words(text, *codes)
    named = {name for code in codes for name in (*code.co_names, *code.co_varnames, *_all(code))}
    return without_names(text, allowed=named)


def _raised_by_source(error: BaseException) -> bool:
    """Whether a ``raise`` statement raised it, and not a library that is no Python."""
    traceback = error.__traceback__
    if traceback is None:
        return True
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code, last = traceback.tb_frame.f_code.co_code, traceback.tb_lasti
    return 0 <= last < len(code) and code[last] == dis.opmap["RAISE_VARARGS"]


@dataclass
class _OwnTexts:
    """Texts in the source of the program's modules.

    Attributes:
        modules: How many modules they were read from; when more are loaded, they are read anew.
        whole: All of them.
        by_beginning: The same by their first `_SHORTEST_TEXT` letters.
    """

    modules: int
    whole: frozenset[str]
    by_beginning: dict[str, list[str]]


_cached = [_OwnTexts(0, frozenset(), {})]


def _own_texts() -> _OwnTexts:
    """Every text in the source of the program's modules that are loaded."""
    loaded = [module for name, module in list(sys.modules.items()) if _is_own(name)]
    if len(loaded) != _cached[0].modules:
        texts = frozenset(text for module in loaded for text in _texts_of_module(vars(module)))
        _cached[0] = _OwnTexts(len(loaded), texts, _by_beginning(texts))
    return _cached[0]


def _by_beginning(pieces: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for piece in pieces:
        found.setdefault(piece[:_SHORTEST_TEXT], []).append(piece)
    return found


def _is_own(module: str) -> bool:
    return module.partition(".")[0] in _OWN


def _texts_of_module(names: dict[str, object]) -> Iterator[str]:
    """Texts in functions and classes, and constants; what else a module holds may be filled in."""
    for name, value in list(names.items()):
        if isinstance(value, type) and _is_own(value.__module__):
            for inner in list(vars(value).values()):
                yield from _texts_of(inner)
        elif name.isupper() or callable(value):
            yield from _texts_of(value)


def _texts_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from filter(_is_telling, [value])
    elif isinstance(value, dict | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts_of(inner)
    else:
        function = getattr(value, "fget", None) or getattr(value, "__wrapped__", None) or value
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        if isinstance(code, CodeType) and short_file(code.co_filename).split("/")[0] in _OWN:
            yield from _texts(code)


def _texts(code: CodeType) -> Iterator[str]:
    return filter(_is_telling, _all(code))


def _all(code: CodeType) -> Iterator[str]:
    """Text constants of a function and of those inside it."""
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _all(constant)


def _is_telling(text: str) -> bool:
    """Not a single word, for a patient may be called so."""
    return len(text) >= _SHORTEST_TEXT and " " in text
