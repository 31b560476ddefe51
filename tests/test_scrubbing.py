"""What may be logged: the program's own words, never what was filled in."""

from __future__ import annotations

import errno
from pathlib import Path

import av
import pytest

from usummary import scrubbing
from usummary.errors import UnreadableFile
from usummary.readers import open_exam
from usummary.scrubbing import HIDDEN, known_words, trace, without_names

NAME = "Doe^Jane 1990-01-01"
FOLDER = Path("/exams") / NAME


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch):
    """None of the paths that other tests opened."""
    monkeypatch.setattr(scrubbing, "_secrets", set())


def raised(make) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- any kind
        make()
    return caught.value


def test_words_of_the_source_stay_and_what_was_filled_in_goes():
    error = raised(lambda: open_exam(FOLDER / "scan.mp4"))
    assert isinstance(error, UnreadableFile)
    assert NAME in str(error)
    assert known_words(str(error)) == f"There is no file or folder {HIDDEN}"


def test_a_single_word_of_the_source_may_be_a_name():
    assert known_words("May") == known_words("Head") == HIDDEN
    assert known_words("") == ""


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("QPixmap: null pixmap", "QPixmap: null pixmap"),
        ("cannot load 'Jane Doe' now", f"cannot load {HIDDEN} now"),
        ('cannot load "Jane Doe" now', f"cannot load {HIDDEN} now"),
        ("Opening /exams/Jane Doe", HIDDEN),
        ("Opening C:\\exams\\Jane", HIDDEN),
        ("first\nJane Doe.mp4 failed\nlast", f"first\n{HIDDEN}\nlast"),
        ("PatientName is Doe^Jane", HIDDEN),
        ("asked https://server/jane for it", f"asked {HIDDEN} for it"),
        ("it's Qt's own doing", "it's Qt's own doing"),
    ],
)
def test_texts_of_libraries_lose_quotes_files_and_addresses(text, left):
    assert without_names(text) == left


def test_words_of_a_path_that_was_opened_are_secret_from_then_on():
    text = "Müller was seen by ANNA in 1990"
    assert without_names(text) == text
    scrubbing.keep_secret(Path.home() / "Müller, Anna" / "1990.mp4")
    assert without_names(text) == f"{HIDDEN} was seen by {HIDDEN} in {HIDDEN}"
    assert without_names("Path.home() is known to all") == "Path.home() is known to all"


def test_a_trace_names_places_and_no_values():
    def inner(patient):
        return {}[patient]

    def outer():
        try:
            inner(NAME)
        except KeyError as error:
            raise ValueError(f"no patient {NAME}") from error

    text = trace(raised(outer))
    assert "test_scrubbing.py" in text
    assert "inner" in text
    assert "outer" in text
    assert "KeyError" in text
    assert text.index("KeyError") < text.index("The above led to:") < text.index("ValueError")
    for part in ("Doe", "Jane", "1990"):
        assert part not in text


@pytest.mark.parametrize(
    ("make", "left"),
    [
        (lambda: (FOLDER / "gone").read_bytes(), f"FileNotFoundError: [Errno {errno.ENOENT}]"),
        (lambda: av.open(str(FOLDER / "gone.mp4")), "[Errno"),
        (lambda: int("Jane Doe"), "ValueError"),
        (lambda: {}["Jane"], "KeyError"),
        (lambda: object().Jane, "AttributeError"),
    ],
)
def test_errors_of_libraries_keep_their_kind_and_lose_their_values(make, left):
    told = scrubbing.headline(raised(make))
    assert left in told
    for part in ("Doe", "Jane", "exams", "gone"):
        assert part not in told


def test_a_deep_recursion_is_told_shortly():
    def deeper(n):
        return deeper(n + 1)

    text = trace(raised(lambda: deeper(0)))
    assert "RecursionError" in text
    assert "more" in text
    assert len(text.splitlines()) < 50
