"""The whole window for a test, as large as a small laptop's screen."""

import threading
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication

from ui.common import theme
from ui.window.main_window import MainWindow


@contextmanager
def shown_window(qtbot, *threads):
    """A shown window, closed afterwards; none of these `threads` may outlive it."""
    theme.apply(QApplication.instance())
    made = MainWindow()
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    yield made
    made.close()
    names = {thread.name for thread in threading.enumerate()}
    assert names.isdisjoint(threads)
