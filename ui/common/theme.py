"""Colours and the style sheet. What has a colour of its own also has a shape of its own.

Blue and orange stay apart for every common kind of colour blindness: blue is what the program
chose (key shots), orange what the sonographer froze. Text has a contrast of at least 4.5 and what
must be seen of at least 3 in both themes (WCAG 2 AA; a test computes it).

Whoever paints asks `color` while painting and keeps none, so that another theme shows at once;
a widget that keeps painted pictures drops them in ``changeEvent`` at ``PaletteChange``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template
from typing import Literal, get_args

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from usummary.paths import resources_dir

Choice = Literal["dark", "light", "system"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
THEMES: dict[Choice, str] = {"dark": "Dark", "light": "Light", "system": "As the system"}


@dataclass(frozen=True)
class Theme:
    """Colours by their part."""

    window: str
    panel: str
    raised: str
    hover: str
    line: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_dark: str
    accent_hover: str
    on_accent: str
    freeze: str
    curve: str
    playhead: str
    danger: str
    danger_back: str
    picture: str = "#000000"

    def color(self, part: str, alpha: int = 255) -> QColor:
        """A part's colour, `alpha` 0 (clear) to 255."""
        color = QColor(getattr(self, part))
        color.setAlpha(alpha)
        return color


DARK = Theme(
    window="#14171c", panel="#1c2027", raised="#262c35", hover="#303845", line="#353d49",
    text="#e8ebf0", muted="#9fa9b8", faint="#697485",
    accent="#4c9dff", accent_dark="#1f5fb0", accent_hover="#2a6cc2", on_accent="#ffffff",
    freeze="#ffb547", curve="#6f86a6", playhead="#ffffff",
    danger="#ff8a80", danger_back="#3a2326",
)  # fmt: skip
LIGHT = Theme(
    window="#e9edf2", panel="#ffffff", raised="#dce2ea", hover="#cdd6e1", line="#bcc5d1",
    text="#171b21", muted="#4d5866", faint="#7b8592",
    accent="#0a5cc0", accent_dark="#1f5fb0", accent_hover="#174c90", on_accent="#ffffff",
    freeze="#9a4f00", curve="#5d7594", playhead="#11151a",
    danger="#b3261e", danger_back="#fdeceb",
)  # fmt: skip


class _Shown:
    """The theme on screen, and what the person chose."""

    theme = DARK
    choice: Choice = "dark"


def color(part: str, alpha: int = 255) -> QColor:
    """A part's colour in the theme on screen, `alpha` 0 (clear) to 255."""
    return _Shown.theme.color(part, alpha)


def apply(app: QApplication, choice: Choice = "dark") -> None:
    """Gives the whole program a theme; every widget is notified and paints itself again."""
    _Shown.choice = choice
    _show(app, _resolve(choice, app.styleHints().colorScheme()))


def _show(app: QApplication, theme: Theme) -> None:
    _Shown.theme = theme
    app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    font = app.font()
    font.setPointSizeF(10.0)
    app.setFont(font)
    template = Template((resources_dir() / "style" / "window.qss").read_text(encoding="utf-8"))
    icons = (resources_dir() / "icons").as_posix()
    app.setStyleSheet(template.substitute(asdict(theme), icons=icons))


def follow_system(app: QApplication) -> None:
    """Follows changes of the system's theme from now on, if the person chose ``system``."""

    def changed(scheme: Qt.ColorScheme) -> None:
        wanted = _resolve(_Shown.choice, scheme)
        if wanted is not _Shown.theme:
            _show(app, wanted)

    app.styleHints().colorSchemeChanged.connect(changed)


def _resolve(choice: Choice, scheme: Qt.ColorScheme) -> Theme:
    if choice == "system":
        return LIGHT if scheme == Qt.ColorScheme.Light else DARK
    return LIGHT if choice == "light" else DARK


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "panel",
        QPalette.ColorRole.AlternateBase: "raised",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.Highlight: "accent_dark",
        QPalette.ColorRole.HighlightedText: "on_accent",
        QPalette.ColorRole.PlaceholderText: "muted",
        QPalette.ColorRole.Link: "accent",
    }
    for role, part in roles.items():
        palette.setColor(role, theme.color(part))
    off = QPalette.ColorGroup.Disabled
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(off, role, theme.color("faint"))
    return palette
