"""The shots as cards: picture, plane, start, length, score, matched freeze-frames, decision."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QBrush,
    QFont,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from ui.common.language import tr
from ui.common.marks import draw_mark
from ui.common.theme import color
from ui.common.widgets import label, plain
from ui.result.pictures import Pictures
from ui.result.shot_model import AnyIndex, ShotModel, ShotRole
from ui.session.state import State, clock
from usummary.types import Decision, Shot

PICTURE = QSize(116, 88)
CARD_HEIGHT = 112
BUTTON = 24
WAITING = {
    "opening": "They appear here when the run is finished.",
    "running": "They appear here when the run is finished. You can look around meanwhile.",
    "ready": "Run makes the summary.",
    "cancelled": "The run was stopped. Run goes on from what was finished.",
    "failed": "The run did not finish.",
}
"""Texts shown in place of the cards while there are none."""
BUTTONS: dict[str, tuple[str, tuple[Decision, ...]]] = {
    "keep": ("Keep", ("kept", "locked")),
    "reject": ("Reject", ("rejected",)),
    "lock": ("Lock", ("locked",)),
}
"""A card's buttons by command id: tool tip, and the decisions for which the button is pressed."""


def button_at(card: QRect, name: str) -> QRectF:
    """The place of a card's button."""
    place = list(BUTTONS).index(name)
    left = card.left() + PICTURE.width() + 20 + place * (BUTTON + 6)
    return QRectF(left, card.bottom() - BUTTON - 10, BUTTON, BUTTON)


class CardDelegate(QStyledItemDelegate):
    """Draws one card and its buttons.

    Signals:
        decided: Index of the shot, and the button: ``keep``, ``reject`` or ``lock``.
    """

    decided = Signal(int, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tips: dict[str, str] = {}

    def sizeHint(self, option: QStyleOptionViewItem, _: AnyIndex) -> QSize:
        return QSize(300, CARD_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        model = index.model()
        if not isinstance(model, ShotModel):
            return
        shot, rect, flags = model.shot(index.row()), option.rect, option.state
        card = QRectF(rect).adjusted(2, 3, -6, -3)
        chosen = bool(flags & QStyle.StateFlag.State_Selected)
        hovered = bool(flags & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = QPen(color("accent"), 2) if chosen else QPen(color("line"), 1, Qt.PenStyle.DashLine)
        painter.setPen(edge if chosen or not shot.selected else Qt.PenStyle.NoPen)
        painter.setBrush(color("hover" if hovered or chosen else "raised"))
        painter.drawRoundedRect(card, 8, 8)
        self._paint_picture(painter, card, index, faint=not shot.selected)
        self._paint_lines(painter, card, model.lines(index.row()))
        self._paint_buttons(painter, rect, shot)
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: AnyIndex,
    ) -> bool:
        presses = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
        if isinstance(event, QMouseEvent) and event.type() in presses:
            name = _button_under(event.position().toPoint(), option.rect)
            if name and event.button() == Qt.MouseButton.LeftButton:
                self.decided.emit(index.data(ShotRole), name)
                return True
        return super().editorEvent(event, model, option, index)

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: AnyIndex,
    ) -> bool:
        name = _button_under(event.pos(), option.rect)
        QToolTip.showText(event.globalPos(), plain(self.tips.get(name or "", "")), view)
        return True

    def _paint_picture(
        self, painter: QPainter, card: QRectF, index: AnyIndex, *, faint: bool
    ) -> None:
        frame = QRectF(card.left() + 7, card.top() + 7, PICTURE.width(), card.height() - 14)
        path = QPainterPath()
        path.addRoundedRect(frame, 5, 5)
        painter.save()
        painter.setClipPath(path)
        image = index.data(Qt.ItemDataRole.DecorationRole)
        draw_picture(painter, frame, image if isinstance(image, QImage) else None)
        if faint:
            painter.fillRect(frame, color("panel", 140))
        painter.restore()

    def _paint_lines(self, painter: QPainter, card: QRectF, lines: tuple[str, ...]) -> None:
        left, top = card.left() + PICTURE.width() + 18, card.top() + 6
        room = card.right() - left - 8
        height = painter.fontMetrics().height() + 2
        plain = painter.font()
        bold = QFont(plain)
        bold.setWeight(QFont.Weight.DemiBold)
        for line, part in zip(lines, ("text", "muted", "freeze"), strict=True):
            painter.setFont(bold if part == "text" else plain)
            painter.setPen(color(part))
            text = "◆ " + line if part == "freeze" and line else line
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room))
            painter.drawText(QRectF(left, top, room, height), Qt.AlignmentFlag.AlignVCenter, shown)
            top += height
        painter.setFont(plain)

    def _paint_buttons(self, painter: QPainter, rect: QRect, shot: Shot) -> None:
        for name, (_, down_at) in BUTTONS.items():
            place, down = button_at(rect, name), shot.decision in down_at
            painter.setPen(QPen(color("accent" if down else "line"), 1))
            painter.setBrush(color("accent_dark") if down else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place, 5, 5)
            ink = color("on_accent" if down else "muted")
            draw_mark(painter, name, place.adjusted(5, 5, -5, -5), ink)
        text = {"automatic": "", "kept": "kept", "locked": "locked", "rejected": "rejected"}
        words = text[shot.decision] or ("" if shot.selected else "not in summary")
        left = button_at(rect, "lock").right() + 8
        painter.setPen(color("muted" if shot.decision == "automatic" else "text"))
        spot = QRectF(left, button_at(rect, "lock").top(), rect.right() - left - 8, BUTTON)
        painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, tr(words) if words else "")


def draw_picture(painter: QPainter, frame: QRectF, image: QImage | None) -> None:
    """A picture scaled to fit into a frame, on black."""
    painter.fillRect(frame, color("picture"))
    if image is None or image.isNull():
        return
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    scale = min(frame.width() / image.width(), frame.height() / image.height())
    spot = QRectF(0, 0, image.width() * scale, image.height() * scale)
    spot.moveCenter(frame.center())
    painter.drawImage(spot, image)


def _button_under(point: QPoint, card: QRect) -> str | None:
    return next((name for name in BUTTONS if button_at(card, name).contains(point)), None)


class BudgetBar(QWidget):
    """Shows how much of the allowed length the key shots use; an excess is hatched."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._used = self._allowed = 0.0
        self.setFixedHeight(8)
        self.setAccessibleName(tr("Length used"))

    def show_budget(self, used_s: float, allowed_s: float) -> None:
        self._used, self._allowed = used_s, allowed_s
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        whole = max(self._used, self._allowed, 1e-9)
        allowed, used = (self.width() * part / whole for part in (self._allowed, self._used))
        painter.fillRect(QRectF(0, 0, allowed, self.height()), color("line"))
        painter.fillRect(QRectF(0, 0, min(used, allowed), self.height()), color("accent"))
        if used > allowed:
            over = QRectF(allowed, 0, used - allowed, self.height())
            painter.fillRect(over, QBrush(color("freeze"), Qt.BrushStyle.BDiagPattern))
            painter.fillRect(QRectF(allowed - 1, 0, 2, self.height()), color("text"))


class ShotCards(QWidget):
    """The shots, and how much of the allowed length the key shots use.

    Signals:
        chosen: Index into `Summary.shots` of the card that was clicked or stepped to.
        decided: Index of a shot, and ``keep``, ``reject`` or ``lock``.
        pictures_wanted: Other cards became visible.
    """

    chosen = Signal(int)
    decided = Signal(int, str)
    pictures_wanted = Signal()

    def __init__(self, state: State, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.model = ShotModel(state, pictures, self)
        self.delegate = CardDelegate(self)
        self._facts = label("", "muted", wrap=True)
        self.budget = BudgetBar()
        self.all_box = QCheckBox(tr("All shots"))
        self.all_box.setToolTip(tr("Show the rejected shots and those not in the summary too"))
        self.all_box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.all_box.toggled.connect(self._show_all)
        self.list = self._make_list()
        top = QHBoxLayout()
        top.addWidget(self._facts, 1)
        top.addWidget(self.all_box, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self.budget)
        layout.addWidget(self.list, 1)

    def _make_list(self) -> QListView:
        made = QListView()
        made.setModel(self.model)
        self.delegate.decided.connect(self.decided)
        made.setItemDelegate(self.delegate)
        made.setMouseTracking(True)
        made.setUniformItemSizes(True)
        made.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        made.setAccessibleName(tr("Key shots"))
        made.clicked.connect(self._choose)
        made.activated.connect(self._choose)
        made.verticalScrollBar().valueChanged.connect(lambda _: self.pictures_wanted.emit())
        return made

    def refresh(self) -> None:
        """Shows the state's shots."""
        self.model.refresh()
        self._facts.setText(self._describe())
        summary = self._state.summary
        self.budget.setVisible(summary is not None)
        self.all_box.setEnabled(summary is not None)
        if summary is not None:
            self.budget.show_budget(summary.used_s, summary.budget_s)
        self.show_selected()

    def show_keys(self, tip: Callable[[str, str], str]) -> None:
        """Adds keys to the buttons' tool tips; `tip` adds the keys of a command id to a text."""
        self.delegate.tips = {name: tip(tr(text), name) for name, (text, _) in BUTTONS.items()}

    def show_selected(self) -> None:
        """Marks the selected shot and scrolls to it."""
        row = self.model.row_of(self._state.selected)
        if row is None:
            self.list.clearSelection()
            return
        if row != self.list.currentIndex().row() or not self.list.selectedIndexes():
            self.list.setCurrentIndex(self.model.index(row))
            self.list.scrollTo(self.model.index(row))

    def wanted_positions(self) -> list[int]:
        """Positions of the key frames of the visible cards."""
        height = self.list.viewport().height()
        first = self.list.verticalScrollBar().value() // CARD_HEIGHT
        last = min(first + height // CARD_HEIGHT + 2, self.model.rowCount())
        return [self.model.key_position(row) for row in range(first, last)]

    @Slot(bool)
    def _show_all(self, wanted: bool) -> None:
        self.model.shows_all = wanted
        self.refresh()
        self.pictures_wanted.emit()

    def _describe(self) -> str:
        summary = self._state.summary
        if summary is None:
            return tr(WAITING[self._state.phase]) if self._state.phase in WAITING else ""
        count, frozen = len(self._state.key_shots), len(summary.freeze_frames)
        text = tr(
            "{used} used of {allowed} allowed · {count} shots",
            used=clock(summary.used_s, digits=1), allowed=clock(summary.budget_s, digits=1),
            count=count,
        )  # fmt: skip
        if frozen:
            held = sum(freeze.matched_shot is not None for freeze in summary.freeze_frames)
            text += "\n" + tr("Holds {held} of {count} freeze-frames", held=held, count=frozen)
        return text

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(index.data(ShotRole))
