"""Starting the program where it cannot show a window, and where it can."""

import os
import subprocess
import sys

import pytest


def start(arguments: list[str], **environment: str) -> subprocess.CompletedProcess:
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-m", "ui.app", *arguments],
        env={**kept, **environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only X11 can be missing")
@pytest.mark.parametrize("display", [{}, {"DISPLAY": ":987"}])
def test_without_a_display_it_says_so(display) -> None:
    done = start([], **display)
    assert done.returncode == 3
    assert "display" in done.stderr or "libraries" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_needs_no_display() -> None:
    done = start(["--help"])
    assert done.returncode == 0
    assert "Research use only" in done.stdout
