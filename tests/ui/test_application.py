"""A file that the system says was opened by double click, as macOS does, opens in the window."""

import subprocess
import sys

RECEIVE = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QFileOpenEvent
from ui.application import Application
from ui.window.main_window import MainWindow

app = Application([])
window = MainWindow()
app.opened.connect(window.open)
for path in sys.argv[1:]:
    assert QCoreApplication.sendEvent(app, QFileOpenEvent(QUrl.fromLocalFile(path)))
    print(window.state.path)
    window.session.cancel()
window.close()
"""


def test_a_file_open_event_opens_the_file(tmp_path) -> None:
    paths = [str(tmp_path / name) for name in ("scan ü.mp4", "other one.dcm")]
    done = subprocess.run(
        [sys.executable, "-c", RECEIVE, *paths],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == paths, done.stderr
