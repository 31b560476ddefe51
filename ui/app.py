"""``usummary-gui [PATH]``: starts the window, or says plainly why it cannot."""

from __future__ import annotations

import argparse
import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

import usummary
from usummary import log
from usummary.scrubbing import Plain

logger = logging.getLogger(__name__)
NO_WINDOW = 3
"""Exit code if no window can be shown."""

_WITHOUT_DISPLAY = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
_X_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
"""Libraries that Qt needs on X11, with their Debian packages."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="usummary-gui",
        description="Summaries of ultrasound recordings. Research use only - not for diagnosis.",
    )
    parser.add_argument(
        "path", nargs="?", type=Path, help="recording, study folder or project to open"
    )
    path = parser.parse_args(arguments).path
    crashes = log.start(f"usummary-gui {usummary.__version__}")
    trouble = _display_trouble()
    if trouble is None:
        try:
            return _run(path, crashes)
        except ImportError as error:
            if "PySide6" not in str(error) and ".so" not in str(error):
                raise
            trouble = f"Qt cannot be loaded: {error}. {_install_hint(_X_LIBRARIES)}"
    logger.error(trouble)
    sys.stderr.write(f"usummary-gui: {trouble}\n")
    return NO_WINDOW


def _run(path: Path | None, crashes: list[str]) -> int:
    from PySide6 import __version__ as qt_version

    from ui import faults, liveness, memory, preferences
    from ui.application import Application
    from ui.common import language, theme
    from ui.window.main_window import MainWindow

    logger.info("The window begins, PySide6 %s", Plain(qt_version))
    faults.log_qt()
    liveness.keep_live()
    memory.give_back_what_is_freed()
    # Python handles Ctrl-C only when the event loop next calls Python code, which may be never.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    app = Application(sys.argv[:1])
    app.setApplicationName("usummary")
    app.setDesktopFileName("usummary")
    chosen = preferences.load()
    language.use(chosen.language)
    theme.apply(app, chosen.theme)
    theme.follow_system(app)
    window = MainWindow()
    uncaught = faults.Faults(crashes, app)
    uncaught.show_by(window.error.show_problem)
    app.opened.connect(window.open)
    window.show()
    window.show_first_start_notice()
    if path is not None:
        window.open(path.absolute())
    code = app.exec()
    logger.info("The window is closed")
    return code


def _display_trouble() -> str | None:
    """Why Qt would abort the process at start, past any handler; None if it will not."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    if not sys.platform.startswith("linux") or platform in _WITHOUT_DISPLAY:
        return None
    if os.environ.get("WAYLAND_DISPLAY") and platform != "xcb":
        return None
    if not os.environ.get("DISPLAY"):
        return (
            "there is no display to show a window on. On a machine without one, use "
            '"usummary summarize" and look at the files it writes.'
        )
    missing = {name: package for name, package in _X_LIBRARIES.items() if not _loads(name)}
    if missing:
        return f"Qt misses system libraries: {', '.join(missing)}. {_install_hint(missing)}"
    if not _display_answers():
        return f"the display {os.environ['DISPLAY']} does not answer. Is DISPLAY set correctly?"
    return None


def _install_hint(libraries: dict[str, str]) -> str:
    return f"On Debian or Ubuntu: sudo apt-get install {' '.join(libraries.values())}"


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _display_answers() -> bool:
    """Whether the X server named by DISPLAY accepts a connection."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    answers = not xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return answers


if __name__ == "__main__":
    sys.exit(main())
