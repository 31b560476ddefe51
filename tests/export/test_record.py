"""Names of files stay out of what is exported, and nothing else is taken for one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.values import PictureRecording
from usummary.export.record import hide_names
from usummary.types import Exam


def exam_of(path: Path) -> Exam:
    recording = PictureRecording(np.zeros((2, 4, 4), np.uint8), rate=1.0)
    recording.info = replace(recording.info, path=path)
    return Exam(path, (recording,), (0.0,))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("1.mp4", "There was no room for 13 of 1 recognised planes, after 1.5 s and 0.1 %."),
        ("planes.mp4", "There was no room for 13 recognised planes."),
        ("a", "This is a text."),
        ("used.dcm", 'The element "Frame Time" is not used. It is unused.'),
    ],
)
def test_words_and_numbers_that_are_called_like_a_file_stay(name, text):
    assert hide_names(text, exam_of(Path("/exams") / name)) == text
    assert hide_names(text, exam_of(Path(name))) == text


@pytest.mark.parametrize("name", ["Jane Doe.mp4", "4711.mp4", "Jane Doe"])
@pytest.mark.parametrize(
    "form",
    [
        "{path} was read again.",
        'Left out: "{name}", "other".',
        'Left out: "{stem}.freeze.csv".',
        'Left out: "copy of {stem}".',
    ],
)
def test_names_are_hidden_however_they_are_told(name, form):
    path = Path("/exams/of Doe") / name
    text = form.format(path=path, name=name, stem=path.stem)
    hidden = hide_names(text, exam_of(path))
    assert "the recording" in hidden
    assert "Doe" not in hidden
    assert "4711" not in hidden


def test_a_name_with_its_ending_needs_no_quotes():
    exam = exam_of(Path("/exams/4711.mp4"))
    assert hide_names("See 4711.mp4 and 4711.freeze.csv.", exam) == (
        "See the recording and the recording."
    )
