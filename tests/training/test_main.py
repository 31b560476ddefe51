import sys

import numpy as np
import pytest

from tests.training.made_data import write_teacher
from tests.training.test_compose import exam as composed_exam
from usummary.training import __main__ as commands
from usummary.training.exams import save_exam
from usummary.types import STANDARD_PLANES


@pytest.mark.parametrize("command", ["backbone", "summariser"])
def test_a_wrong_data_folder_is_said_in_one_line(command, tmp_path, monkeypatch, capsys):
    out = str(tmp_path / "model")
    arguments = ["--data", str(tmp_path / "none"), "--out", out, "--work", str(tmp_path / "w")]
    monkeypatch.setattr(sys, "argv", ["usummary.training", command, *arguments])
    with pytest.raises(SystemExit) as stopped:
        commands.main()
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert str(tmp_path / "none") in said
    assert "Traceback" not in said
    assert not (tmp_path / "model").exists()


def test_weights_of_something_else_are_refused(tmp_path, monkeypatch, capsys):
    path = tmp_path / "ultrasound" / "sononet" / "SonoNet16.npz"
    arrays = write_teacher(path)
    del arrays["arr_74"]
    np.savez(path, **arrays)
    out = ["--out", str(tmp_path / "model"), "--work", str(tmp_path / "w")]
    monkeypatch.setattr(
        sys, "argv", ["usummary.training", "backbone", "--data", str(tmp_path), *out]
    )
    with pytest.raises(SystemExit) as stopped:
        commands.main()
    assert stopped.value.code == 2
    assert "arr_74" in capsys.readouterr().err


def test_finished_exams_are_used_again(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "EXAMS", {"test": 1})
    kept = composed_exam()
    save_exam(tmp_path / "test-000.safetensors", kept)
    # the data folder does not exist: nothing can be composed
    (again,) = commands.composed_exams(tmp_path / "none", "test", None, tmp_path)
    assert np.array_equal(again.steps, kept.steps)
    assert again.shown.max() < len(STANDARD_PLANES)
