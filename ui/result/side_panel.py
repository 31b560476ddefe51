"""The panel on the right: key shots, freeze-frames and planes, one at a time."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.common.language import tr
from ui.common.widgets import label
from ui.result.cards import ShotCards
from ui.result.freeze_frames import FreezeFrames, Planes
from ui.result.pictures import Pictures
from ui.session.session import Session
from ui.session.state import Saving
from usummary.types import FreezeFrame

SAVING: dict[Saving, str] = {
    "nothing": "",
    "saving": "Saving edits …",
    "saved": "✓ Edits saved",
    "failed": "✕ Edits not saved",
    "off": "✕ Edits are not saved here: save the project as another file",
}


class SidePanel(QWidget):
    """Three views of the result, and the buttons that choose one.

    Signals:
        pictures_wanted: Other pictures became visible; see `missing_pictures`.
    """

    pictures_wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidePanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session, self._state = session, session.state
        self.pictures = Pictures(self)
        self.cards = ShotCards(self._state, self.pictures)
        self.freezes = FreezeFrames(self._state, session.editing, self.pictures)
        self.planes = Planes(self._state)
        self.saving = label("", "muted")
        self._pages = QStackedWidget()
        self._tabs = QButtonGroup(self)
        tabs = QHBoxLayout()
        tabs.setSpacing(4)
        names = (tr("Key shots"), tr("Freeze-frames"), tr("Planes"))
        for name, page in zip(names, (self.cards, self.freezes, self.planes), strict=True):
            tabs.addWidget(self._tab(name, self._pages.addWidget(page)))
        tabs.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 6, 8)
        layout.setSpacing(8)
        layout.addLayout(tabs)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.saving)
        self.setMinimumWidth(356)
        self.cards.decided.connect(session.editing.decide)
        self.cards.pictures_wanted.connect(self.pictures_wanted)
        self.freezes.pictures_wanted.connect(self.pictures_wanted)
        self.freezes.chosen.connect(self._go_to_freeze)
        self.planes.freeze_chosen.connect(self._go_to_freeze)
        self.planes.shot_chosen.connect(self.cards.chosen)

    def _tab(self, name: str, page: int) -> QToolButton:
        made = QToolButton()
        made.setText(name)
        made.setCheckable(True)
        made.setChecked(page == 0)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(partial(self._show_page, page))
        self._tabs.addButton(made, page)
        return made

    def refresh(self) -> None:
        """Lets every view show the state."""
        for page in (self.cards, self.freezes, self.planes):
            page.refresh()
        self.saving.setText(tr(SAVING[self._state.saving]))
        self.saving.setVisible(self._state.saving != "nothing")

    def missing_pictures(self) -> list[int]:
        """Positions of visible pictures that have not arrived yet."""
        page = self._pages.currentWidget()
        wanted: list[int] = []
        if page is self.cards:
            wanted = self.cards.wanted_positions()
        elif page is self.freezes:
            wanted = self.freezes.wanted_positions()
        return self.pictures.missing(wanted)

    def take_picture(self, position: int, image: QImage) -> None:
        self.pictures.take(position, image)

    def _show_page(self, page: int, _: bool = False) -> None:
        self._pages.setCurrentIndex(page)
        self.pictures_wanted.emit()

    @Slot(object)
    def _go_to_freeze(self, freeze: FreezeFrame) -> None:
        opened = self._state.opened
        if opened is not None:
            self._session.playback.go(opened.table.position_of(freeze.recording, freeze.frame))
