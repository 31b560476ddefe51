"""Colours and the style sheet. What has a colour of its own also has a shape of its own.

Blue and orange stay apart for every common kind of colour blindness: blue is what the program
chose (key shots), orange what the sonographer froze.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from usummary.paths import resources_dir


@dataclass(frozen=True)
class Theme:
    """Colours by their part."""

    window: str = "#14171c"
    panel: str = "#1c2027"
    raised: str = "#262c35"
    hover: str = "#303845"
    line: str = "#353d49"
    text: str = "#e8ebf0"
    muted: str = "#9fa9b8"
    faint: str = "#697485"
    accent: str = "#4c9dff"
    accent_dark: str = "#1f5fb0"
    on_accent: str = "#ffffff"
    freeze: str = "#ffb547"
    curve: str = "#6f86a6"
    playhead: str = "#ffffff"
    danger: str = "#ff8a80"
    picture: str = "#000000"

    def color(self, part: str, alpha: int = 255) -> QColor:
        """A part's colour, `alpha` 0 (clear) to 255."""
        color = QColor(getattr(self, part))
        color.setAlpha(alpha)
        return color


DARK = Theme()


def apply(app: QApplication, theme: Theme = DARK) -> None:
    """Gives the whole program its look."""
    app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    font = app.font()
    font.setPointSizeF(10.0)
    app.setFont(font)
    template = Template((resources_dir() / "style" / "window.qss").read_text(encoding="utf-8"))
    app.setStyleSheet(template.substitute(asdict(theme)))


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
