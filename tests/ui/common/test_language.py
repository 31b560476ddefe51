"""Texts are whole sentences that can be translated; a language file changes what is said."""

import ast
import json
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from ui.common import language
from ui.common.language import tr
from ui.window import keys

SOURCES = sorted(Path(language.__file__).parents[1].rglob("*.py"))


def texts() -> set[str]:
    """Every literal given to `tr`, and every text of the list of keys."""
    found = {command.text for command in keys.COMMANDS} | set(keys.GROUPS)
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr":
                first = node.args[0]
                assert not isinstance(first, ast.JoinedStr | ast.BinOp), (source.name, node.lineno)
                if isinstance(first, ast.Constant):
                    found.add(first.value)
    return found


@pytest.fixture
def _english_again():
    yield
    language.use("en")


def test_texts_are_never_glued_and_their_places_have_names() -> None:
    found = texts()
    assert len(found) > 50
    for text in found:
        for _, place, _, _ in string.Formatter().parse(text):
            assert place is None or place.isidentifier(), text


SAYS = {
    "label": 0, "push_button": 0, "icon_button": 1, "setText": 0, "set_text": 0, "setToolTip": 0,
    "setAccessibleName": 0, "setAccessibleDescription": 0, "setWindowTitle": 0, "addMenu": 0,
    "drawText": -1, "QCheckBox": 0,
}  # fmt: skip
"""Calls that bring a text on the screen, and which of their arguments it is."""
NAMES = {"usummary", "usummary-features"}


def spoken(node: ast.expr) -> Iterator[str]:
    """Literals with letters in an expression, save those that are only arguments of calls."""
    if isinstance(node, ast.Call):
        return
    if isinstance(node, ast.Constant) and any(letter.isalpha() for letter in str(node.value)):
        yield str(node.value)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield from spoken(child)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_text_comes_on_the_screen_without_tr(source) -> None:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in SAYS and len(node.args) > max(SAYS[name], 0):
                assert set(spoken(node.args[SAYS[name]])) <= NAMES, (source.name, node.lineno)


@pytest.mark.usefixtures("_english_again")
def test_a_language_file_changes_what_is_said(tmp_path, monkeypatch) -> None:
    (tmp_path / "languages").mkdir()
    words = {"Run": "Start", "Undo: {what}": "{what} zurücknehmen"}
    (tmp_path / "languages" / "de.json").write_text(json.dumps(words), encoding="utf-8")
    (tmp_path / "languages" / "xx.json").write_text("{", encoding="utf-8")
    monkeypatch.setattr(language, "resources_dir", lambda: tmp_path)
    assert language.languages() == ("en", "de", "xx")
    assert language.language_name("de").lower() == "deutsch"
    language.use("de")
    assert tr("Run") == "Start"
    assert tr("Undo: {what}", what="Schnitt") == "Schnitt zurücknehmen"
    assert tr("Keys") == "Keys"
    language.use("xx")
    assert tr("Run") == "Run"
