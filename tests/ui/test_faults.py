"""What nobody caught, in a window of its own process: shown, logged, and without names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.builders import write_dicom_cine

NAMES = ("Doe", "Jane", "4711", "Riverbend")
PROGRAM = """
    import ctypes, json, sys
    from PySide6.QtCore import QTimer, qWarning
    from PySide6.QtWidgets import QApplication
    import ui.app, ui.application
    from ui.window.main_window import MainWindow
    from usummary import pipeline

    def window():
        return next(w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))

    def when(ready, then):
        '''Calls `then` once, as soon as `ready` is true.'''
        def look():
            if ready():
                timer.stop()
                then()
        timer = QTimer(QApplication.instance(), interval=20)
        timer.timeout.connect(look)
        timer.start()

    def is_told():
        return window().error.isVisible()

    def tell():
        '''Prints what the error panel says and copies, and whether it goes away.'''
        error = window().error
        error.copy_button.click()
        told = {"title": error.title.text(), "details": QApplication.clipboard().text()}
        error.action_button.click()
        print(json.dumps(told | {"gone": not error.isVisible()}), flush=True)

    class Application(ui.application.Application):
        def exec(self):
            when(lambda: window().state.phase in ("done", "failed"), harm)
            return super().exec()

    ui.application.Application = Application
"""
END = "\nui.app.main(sys.argv[1:])"


@pytest.fixture
def recording(tmp_path) -> Path:
    folder = tmp_path / "Jane Doe"
    folder.mkdir()
    return write_dicom_cine(
        folder / "Doe 4711.dcm",
        n=40,
        PatientName="Doe^Jane",
        PatientID="4711",
        InstitutionName="Riverbend",
    )


def run(home: Path, recording: Path, code: str) -> subprocess.CompletedProcess:
    """A window that opens the recording and then does what `harm` in `code` does."""
    places = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("STATE", "DATA", "CONFIG", "CACHE")}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM) + textwrap.dedent(code) + END, recording],
        env={**os.environ, **places, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def logged(home: Path) -> str:
    files = [path for path in (home / "STATE").rglob("*") if path.is_file()]
    return "\n".join(path.read_text("utf-8") for path in files)


def assert_no_names(*texts: str) -> None:
    assert [name for text in texts for name in NAMES if name in text] == []


def test_an_exception_in_a_slot_is_shown_and_the_window_goes_on(tmp_path, recording):
    done = run(
        tmp_path,
        recording,
        """
        def broken_slot():
            raise ValueError(f"no {window().state.path}")

        def harm():
            QTimer.singleShot(0, broken_slot)
            when(is_told, lambda: (tell(), window().close()))
        """,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["title"].startswith("Something unexpected went wrong inside usummary.")
    assert told["gone"]
    text = logged(tmp_path)
    for place in (text, told["details"]):
        assert "in broken_slot" in place
        assert "ValueError" in place
    assert "The window is closed" in text
    assert_no_names(text, told["details"], done.stderr)


def test_an_exception_in_a_worker_is_shown_and_the_window_goes_on(tmp_path, recording):
    done = run(
        tmp_path,
        recording,
        """
        def broken_analyse(exam, *_):
            raise ValueError(f"no {exam.path}")

        def harm():
            pipeline.analyse = broken_analyse
            window().session.run()
            when(is_told, lambda: (tell(), window().close()))
        """,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    text = logged(tmp_path)
    for place in (text, told["details"]):
        assert "in broken_analyse" in place
        assert "ui/session/worker.py" in place
    assert "Work beside the window failed" in text
    assert_no_names(text, told["details"], done.stderr)


@pytest.mark.skipif(os.name == "nt", reason="a crash is told by a signal here")
def test_a_crash_in_a_native_library_is_told_at_the_next_start(tmp_path, recording):
    crash = """
        def native_call():
            ctypes.string_at(0)

        def harm():
            QTimer.singleShot(0, native_call)
        """
    assert run(tmp_path, recording, crash).returncode < 0
    done = run(tmp_path, recording, "harm = lambda: (tell(), window().close())")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["title"].startswith("usummary ended unexpectedly the last time.")
    text = logged(tmp_path)
    for place in (text, told["details"]):
        assert "in native_call" in place
        assert "Segmentation fault" in place
    assert_no_names(text, told["details"], done.stderr)


def test_what_qt_complains_of_is_logged(tmp_path, recording):
    code = """
        def harm():
            qWarning("cannot show 'Jane Doe' here")
            window().close()
        """
    assert run(tmp_path, recording, code).returncode == 0
    text = logged(tmp_path)
    assert "Qt says (default): cannot show … here" in text
    assert_no_names(text)
