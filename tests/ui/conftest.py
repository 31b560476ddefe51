"""Tests of the window wait for what is to come, on any machine."""

from functools import partial

import pytest

GIVE_UP_MS = 120_000
"""When it will not come any more; no test says how soon something has to be there."""


@pytest.fixture
def qtbot(qtbot):
    for name in ("waitUntil", "waitSignal", "waitSignals"):
        setattr(qtbot, name, partial(getattr(qtbot, name), timeout=GIVE_UP_MS))
    return qtbot
