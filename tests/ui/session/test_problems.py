"""Errors in words, and details that name no patient."""

from pathlib import Path

import pytest

from ui.session.problems import describe
from usummary.errors import DeviceError, ExportError, UnreadableFile

PATIENT = Path.home() / "exams" / "Müller, Anna 1990-01-01" / "Müller Anna.mp4"


def raised(error: Exception) -> Exception:
    try:
        try:
            raise OSError(2, "No such file", str(PATIENT))
        except OSError as cause:
            raise error from cause
    except type(error) as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (UnreadableFile(f"{PATIENT} is damaged."), "open"),
        (DeviceError("No CUDA device."), "cpu"),
        (ExportError(f"{PATIENT.parent} is full."), "export"),
        (ZeroDivisionError("division by zero"), "run"),
    ],
)
def test_each_error_has_one_action_and_details_without_names(error, action) -> None:
    problem = describe(raised(error), "run", (PATIENT,))
    assert problem.action == action
    assert type(error).__name__ in problem.details
    for secret in ("Müller", "Anna", "1990", str(Path.home())):
        assert secret not in problem.details


def test_an_error_made_for_people_is_shown_as_it_is() -> None:
    assert describe(UnreadableFile("exam.mp4 is empty."), "run").sentence == "exam.mp4 is empty."


def test_any_other_error_is_not_shown_raw() -> None:
    problem = describe(KeyError("x"), "run")
    assert "KeyError" not in problem.sentence
    assert problem.cause == "KeyError: 'x'"
