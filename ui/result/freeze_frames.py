"""How the summary compares with the freeze-frames: recall, a list that jumps, pictures, planes."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.common.language import tr
from ui.common.theme import color
from ui.common.widgets import label, push_button
from ui.result.cards import draw_picture
from ui.result.pictures import Pictures
from ui.result.shot_model import plane_name
from ui.session.editing import Editing
from ui.session.state import State, clock
from usummary.metrics import freeze_frame_recall
from usummary.types import STANDARD_PLANES, FreezeFrame

MOST_TOLERANCE_S = 10.0
HELD, NOT_HELD = "◆", "◇"
SHOWN, NOT_SHOWN = "■", "□"


class PicturePair(QWidget):
    """Key frame and freeze-frame side by side, each with its caption below."""

    def __init__(self, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._parts: list[tuple[int | None, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        pictures.arrived.connect(self._repaint)

    def show_pair(self, parts: list[tuple[int | None, str]]) -> None:
        """Shows pictures by position (None: no picture) with their captions."""
        self._parts = parts
        self.setAccessibleName(". ".join(text for _, text in parts))
        self.update()

    def positions(self) -> list[int]:
        return [position for position, _ in self._parts if position is not None]

    def sizeHint(self) -> QSize:
        return QSize(330, 156)

    @Slot(int)
    def _repaint(self, position: int) -> None:
        if position in self.positions():
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        width = (self.width() - 8) / 2
        line = painter.fontMetrics().lineSpacing() + 1
        for place, (position, text) in enumerate(self._parts):
            frame = QRectF(place * (width + 8), 0, width, self.height() - 2 * line - 3)
            image: QImage | None = None if position is None else self._pictures.get(position)
            draw_picture(painter, frame, image)
            painter.setPen(color("muted"))
            spot = QRectF(frame.left(), frame.bottom() + 2, width, 2 * line)
            painter.drawText(spot, int(Qt.TextFlag.TextWordWrap), text)


class FreezeFrames(QWidget):
    """The freeze-frames: recall, list, pictures, and the buttons that change them.

    Signals:
        chosen: The `FreezeFrame` that was clicked or stepped to.
        pictures_wanted: Another pair of pictures is shown.
    """

    chosen = Signal(object)
    pictures_wanted = Signal()

    def __init__(
        self, state: State, editing: Editing, pictures: Pictures, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._editing = state, editing
        self._shown: tuple[FreezeFrame, ...] = ()
        self.recall = label("", "sectionTitle")
        self.tolerance = self._make_tolerance()
        self.list = _plain_list(tr("Freeze-frames"))
        self.list.currentRowChanged.connect(self._show_pair)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.pair = PicturePair(pictures)
        self.add_button = push_button(tr("Add here"), editing.add_freeze)
        self.add_button.setToolTip(tr("Add a freeze-frame at the picture on screen"))
        self.remove_button = push_button(tr("Remove"), self._remove)
        self.plane_button = push_button(tr("Plane"), lambda: None)
        self._menu = self._make_menu()
        self.plane_button.setMenu(self._menu)
        self._build()

    def _build(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.recall, 1)
        top.addWidget(label(tr("within"), "muted"))
        top.addWidget(self.tolerance)
        buttons = QHBoxLayout()
        for button in (self.add_button, self.remove_button, self.plane_button):
            buttons.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.pair)
        layout.addLayout(buttons)

    def _make_tolerance(self) -> QDoubleSpinBox:
        made = QDoubleSpinBox()
        made.setRange(0.0, MOST_TOLERANCE_S)
        made.setDecimals(1)
        made.setSingleStep(0.5)
        made.setValue(1.0)
        made.setSuffix(" s")
        made.setAccessibleName(tr("Tolerance of the recall in seconds"))
        made.setToolTip(tr("A freeze-frame this near to a key shot counts as shown"))
        made.setFixedWidth(72)
        made.valueChanged.connect(self._show_recall)
        return made

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        for plane in (*STANDARD_PLANES, None):
            text = plane or tr("No standard plane")
            menu.addAction(text).triggered.connect(partial(self._relabel, plane))
        return menu

    def refresh(self) -> None:
        """Shows the state's freeze-frames; the chosen one stays chosen."""
        before = self._current()
        place = (before.recording, before.frame) if before else None
        if self._shown != self._state.freeze_frames:
            self._shown = self._state.freeze_frames
            self.list.blockSignals(True)
            self.list.clear()
            for number, freeze in enumerate(self._shown, start=1):
                self.list.addItem(self._item(number, freeze))
            places = [(freeze.recording, freeze.frame) for freeze in self._shown]
            self.list.setCurrentRow(places.index(place) if place in places else -1)
            self.list.blockSignals(False)
        self._show_recall()
        self._show_pair()

    def wanted_positions(self) -> list[int]:
        return self.pair.positions()

    def _item(self, number: int, freeze: FreezeFrame) -> QListWidgetItem:
        held = freeze.matched_shot is not None
        text = tr(
            "{mark}  {number}  {time}  {plane}  {where}",
            mark=HELD if held else NOT_HELD, number=number, time=clock(freeze.time_s, digits=1),
            plane=freeze.plane or tr("no plane given"),
            where=tr("in summary") if held else tr("not in summary"),
        )  # fmt: skip
        if freeze.source == "added":
            text += "  " + tr("(added)")
        return QListWidgetItem(text)

    def _current(self) -> FreezeFrame | None:
        row = self.list.currentRow()
        return self._shown[row] if 0 <= row < len(self._shown) else None

    @Slot()
    def _show_recall(self) -> None:
        times = [freeze.time_s for freeze in self._shown]
        share = freeze_frame_recall(times, self._state.shots, self.tolerance.value())
        summary = self._state.summary
        if share is None or summary is None:
            self.recall.setText(tr("No freeze-frames") if not times else tr("No result yet"))
            return
        f1 = summary.metrics.get("f1", 0.0)
        self.recall.setText(tr("Recall {recall:.0%} · F1 {f1:.2f}", recall=share, f1=f1))

    @Slot()
    def _show_pair(self) -> None:
        freeze, opened = self._current(), self._state.opened
        for button in (self.remove_button, self.plane_button):
            button.setEnabled(freeze is not None and self._state.can_edit)
        self.add_button.setEnabled(self._state.can_edit)
        self.pair.setVisible(freeze is not None)
        if freeze is None or opened is None:
            self.pair.show_pair([])
            return
        table = opened.table
        key: tuple[int | None, str] = (None, tr("not in summary"))
        if freeze.matched_shot is not None:
            shot = self._state.shots[freeze.matched_shot]
            at = table.position_of(shot.recording, shot.key_frame)
            time = clock(table.time_of(at), digits=1)
            key = at, tr("Key frame {time}\n{plane}", time=time, plane=plane_name(shot.plane))
        own = tr(
            "Freeze-frame {time}\n{plane}",
            time=clock(freeze.time_s, digits=1), plane=freeze.plane or tr("no plane given"),
        )  # fmt: skip
        self.pair.show_pair([key, (table.position_of(freeze.recording, freeze.frame), own)])
        self.pictures_wanted.emit()

    @Slot()
    def _choose(self) -> None:
        freeze = self._current()
        if freeze is not None:
            self.chosen.emit(freeze)

    def _remove(self) -> None:
        freeze = self._current()
        if freeze is not None:
            self._editing.remove_freeze(freeze)

    def _relabel(self, plane: str | None, _: bool = False) -> None:
        freeze = self._current()
        if freeze is not None:
            self._editing.relabel(freeze, plane)


class Planes(QWidget):
    """Shows which standard planes the key shots show and which the freeze-frames hold.

    Signals:
        shot_chosen: Index of a key shot that shows the clicked plane.
        freeze_chosen: A `FreezeFrame` of the clicked plane, if no key shot shows it.
    """

    shot_chosen = Signal(int)
    freeze_chosen = Signal(object)

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._facts = label("", "muted", wrap=True)
        self.list = _plain_list(tr("Standard planes"))
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        legend = label(
            tr("{shown} in a key shot   {frozen} in a freeze-frame", shown=SHOWN, frozen=HELD),
            "muted",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.setSpacing(6)
        layout.addWidget(self._facts)
        layout.addWidget(self.list, 1)
        layout.addWidget(legend)

    def refresh(self) -> None:
        summary = self._state.summary
        coverage = summary.coverage if summary else {}
        row = self.list.currentRow()
        self.list.clear()
        for plane, covered in coverage.items():
            self.list.addItem(plane_line(plane, shown=covered["shown"], frozen=covered["frozen"]))
        self.list.setCurrentRow(row if row < self.list.count() else -1)
        shown = sum(covered["shown"] for covered in coverage.values())
        text = tr("{shown} of {count} planes in the summary", shown=shown, count=len(coverage))
        self._facts.setText(text if coverage else tr("No result yet"))

    @Slot(QListWidgetItem)
    def _choose(self, item: QListWidgetItem) -> None:
        plane = STANDARD_PLANES[self.list.row(item)]
        shots = [at for at in self._state.key_shots if self._state.shots[at].plane == plane]
        freezes = [freeze for freeze in self._state.freeze_frames if freeze.plane == plane]
        if shots:
            self.shot_chosen.emit(shots[0])
        elif freezes:
            self.freeze_chosen.emit(freezes[0])


def _plain_list(name: str) -> QListWidget:
    made = QListWidget()
    made.setAccessibleName(name)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setTextElideMode(Qt.TextElideMode.ElideRight)
    made.setSpacing(2)
    return made


def plane_line(plane: str, *, shown: bool, frozen: bool) -> str:
    """A plane's line: marks for key shots and freeze-frames, and their meaning."""
    if shown and frozen:
        words = tr("in summary and frozen")
    elif shown:
        words = tr("in summary")
    else:
        words = tr("frozen, not in summary") if frozen else tr("not in summary")
    marks = f"{SHOWN if shown else NOT_SHOWN} {HELD if frozen else NOT_HELD}"
    return f"{marks}   {plane} – {words}"
