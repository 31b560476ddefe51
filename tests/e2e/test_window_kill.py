"""A window that is killed loses nothing that it showed as saved, and leaves no half export."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.inputs import make_video, speckle
from usummary.project import load_project

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills as POSIX systems do")

EDITOR = """
import os
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ui.window.main_window import MainWindow

app = QApplication([])
window = MainWindow()
window.show()
state, session, step = window.state, window.session, 0

def go_on():
    # toggles a shot and chooses a length that counts the steps; says what is shown as saved
    global step
    if state.phase != "done" or state.saving == "saving":
        return
    if step:
        if state.saving != "saved":
            os._exit(3)
        print("SAVED", state.length, state.project_path, flush=True)
    step += 1
    session.editing.decide(step % len(state.shots), "keep")
    session.choose_length(f"{10 + step / 10:.1f}%")

timer = QTimer(interval=2)
timer.timeout.connect(go_on)
timer.start()
session.problem.connect(lambda problem: os._exit(4))
window.open(Path(sys.argv[1]))
app.exec()
"""

EXPORTER = """
import os
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from ui.window.main_window import MainWindow
from usummary.export import ExportOptions

app = QApplication([])
window = MainWindow()
window.show()
state, session = window.state, window.session

def begin():
    if state.phase == "done" and not session.busy and not begun:
        begun.append(True)
        session.export(Path(sys.argv[2]), ExportOptions())

begun = []
session.changed.connect(begin)
session.progressed.connect(lambda p: p.stage == "exporting" and print(p.fraction, flush=True))
session.problem.connect(lambda problem: os._exit(4))
window.open(Path(sys.argv[1]))
app.exec()
"""


@pytest.fixture(scope="module")
def exam(tmp_path_factory) -> Path:
    """40 s with enough change for several shots."""
    return make_video(tmp_path_factory.mktemp("exam") / "exam.mp4", speckle(160, 120, 400), 600)


def start(code: str, *arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill(process: subprocess.Popen) -> list[str]:
    """Ends a process at once; the lines that it still had said."""
    process.send_signal(signal.SIGKILL)
    rest, error = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, error
    return rest.splitlines()


@pytest.mark.parametrize("steps", [1, 7, 20])
def test_what_was_shown_as_saved_is_there(exam, tmp_path, steps) -> None:
    recording = tmp_path / f"exam {steps}.mp4"
    recording.write_bytes(exam.read_bytes())
    window = start(EDITOR, recording)
    lines = [window.stdout.readline() for _ in range(steps)]
    time.sleep(0.003 * steps)  # somewhere within the next steps
    lines += kill(window)
    _, length, path = lines[-1].strip().split(" ", 2)
    project = load_project(Path(path))
    assert project.length in (length, f"{float(length[:-1]) + 0.1:.1f}%")
    assert project.edits.kept
    assert recording.read_bytes() == exam.read_bytes()
    Path(path).unlink()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_a_killed_export_leaves_nothing_under_its_name(exam, tmp_path, share) -> None:
    window = start(EXPORTER, exam, tmp_path / "out")
    for line in window.stdout:
        if float(line) >= share:
            break
    kill(window)
    left = tmp_path / "out"
    names = {path.name for path in left.rglob("*") if path.is_file()} if left.exists() else set()
    assert not {name for name in names if not name.startswith(".")}, names
