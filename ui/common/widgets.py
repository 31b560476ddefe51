"""Small building blocks; their look comes from the style sheet, by object name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Protocol

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from ui.common.icons import icon


def plain(text: str) -> str:
    """A text that Qt never takes for markup: some widgets guess whether a text is plain or rich.

    A recording called ``<img src=...>`` would otherwise be drawn, or hide its own name.
    """
    if not GuiQt.mightBeRichText(text):
        return text
    return f"<qt>{escape(text).replace(chr(10), '<br>')}</qt>"


class HasTip(Protocol):
    """Widgets, actions and items of tables."""

    def setToolTip(self, text: str, /) -> object: ...


def set_plain_tip(shown: HasTip, text: str) -> None:
    """Sets a tool tip that may hold a file's name or path."""
    shown.setToolTip(plain(text))


def label(text: str = "", name: str = "", *, wrap: bool = False) -> QLabel:
    """Plain text, so that a file's name is never read as markup."""
    made = QLabel(text)
    made.setObjectName(name)
    made.setWordWrap(wrap)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


def panel(name: str) -> QWidget:
    """A widget whose background the style sheet draws."""
    made = QWidget()
    made.setObjectName(name)
    made.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    return made


def push_button(text: str, call: Callable[[], object], *, name: str = "") -> QPushButton:
    """A button with words. The Tab key focuses it, a click does not: the player keeps its keys."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda _=False: call())
    return made


def menu_button(text: str, actions: Sequence[QAction]) -> QPushButton:
    """A button that opens a menu."""
    made = push_button(text, lambda: None)
    menu = QMenu(made)
    menu.addActions(list(actions))
    made.setMenu(menu)
    return made


class IconButton(QToolButton):
    """A button with an icon, drawn in the colours of the theme on screen."""

    def __init__(self, picture: str) -> None:
        super().__init__()
        self.setObjectName("iconButton")
        self.show_picture(picture)
        self.setIconSize(QSize(20, 20))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_picture(self, picture: str) -> None:
        """Shows another icon."""
        self._picture = picture
        self.setIcon(icon(picture))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.setIcon(icon(self._picture))
        super().changeEvent(event)


def icon_button(picture: str, tip: str, call: Callable[[], object]) -> IconButton:
    """A button with an icon; the tip is also its accessible name (`Actions` adds the keys)."""
    made = IconButton(picture)
    set_plain_tip(made, tip)
    made.setAccessibleName(tip)
    made.clicked.connect(lambda _=False: call())
    return made


def restyle(widget: QWidget) -> None:
    """Applies the style sheet again after a property that it depends on has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class ElidedLabel(QLabel):
    """A line of text that is shortened if there is no room; its tool tip shows it whole."""

    def __init__(self, name: str, where: Qt.TextElideMode) -> None:
        super().__init__()
        self._where = where
        self.setObjectName(name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""

    def set_text(self, text: str) -> None:
        self._whole = text
        set_plain_tip(self, text)
        self._shorten()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._shorten()

    def _shorten(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, self._where, self.width()))
