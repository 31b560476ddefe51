"""Both themes can be read, told apart by a colour-blind person, and change on screen."""

import itertools

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from ui.common import theme
from ui.common.theme import DARK, LIGHT, Theme

READ = 4.5
SEE = 3.0
TEXTS = [
    *itertools.product(("text", "muted", "freeze", "accent"), ("window", "panel", "raised")),
    ("text", "hover"), ("text", "danger_back"), ("muted", "danger_back"), ("danger", "danger_back"),
    ("on_accent", "accent_dark"), ("on_accent", "accent_hover"),
]  # fmt: skip
SIGNS = [(sign, "panel") for sign in ("curve", "playhead", "accent", "freeze")]

# Machado et al. 2009, severity 1: what a person without one kind of cone sees, linear RGB.
BLINDNESS = {
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def linear(color: QColor) -> np.ndarray:
    value = np.array([color.redF(), color.greenF(), color.blueF()])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def luminance(color: QColor) -> float:
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def contrast(shown: Theme, one: str, other: str) -> float:
    low, high = sorted(luminance(shown.color(part)) for part in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("shown", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXTS, READ), (SIGNS, SEE)], ids=["texts", "signs"])
def test_contrast_is_high_enough(shown, pairs, least) -> None:
    found = {pair: round(contrast(shown, *pair), 2) for pair in pairs}
    assert {pair: value for pair, value in found.items() if value < least} == {}


@pytest.mark.parametrize("shown", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("kind", BLINDNESS)
def test_program_and_sonographer_differ_for_the_colour_blind(shown, kind) -> None:
    seen = [np.array(BLINDNESS[kind]) @ linear(shown.color(part)) for part in ("accent", "freeze")]
    assert np.linalg.norm(np.clip(seen[0], 0, 1) - np.clip(seen[1], 0, 1)) > 0.2


def test_the_theme_on_screen_changes(qapp) -> None:
    app = QApplication.instance()
    theme.apply(app, "light")
    assert theme.color("panel") == QColor(LIGHT.panel)
    assert app.palette().window().color() == QColor(LIGHT.window)
    theme.apply(app)
    assert theme.color("panel", 9) == DARK.color("panel", 9)


def test_a_change_of_the_system_shows_where_the_person_chose_that(qapp) -> None:
    app = QApplication.instance()
    theme.follow_system(app)
    told = app.styleHints().colorSchemeChanged
    theme.apply(app, "system")
    told.emit(Qt.ColorScheme.Light)
    assert theme.color("panel") == QColor(LIGHT.panel)
    assert app.palette().window().color() == QColor(LIGHT.window)
    told.emit(Qt.ColorScheme.Dark)
    assert theme.color("panel") == QColor(DARK.panel)
    theme.apply(app, "dark")
    told.emit(Qt.ColorScheme.Light)
    assert theme.color("panel") == QColor(DARK.panel)
