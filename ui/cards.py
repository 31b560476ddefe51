"""The key shots as cards: picture, plane, start, length, score, matched freeze-frames."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ui.state import State, clock
from ui.theme import DARK
from ui.widgets import label

PICTURE = QSize(116, 88)
CARD_HEIGHT = 108
WAITING = {
    "opening": "They appear here when the run is finished.",
    "running": "They appear here when the run is finished. You can look around meanwhile.",
    "ready": "Run makes the summary.",
    "cancelled": "The run was stopped. Run goes on from what was finished.",
    "failed": "The run did not finish.",
}
"""What stands in place of the cards."""
AnyIndex = QModelIndex | QPersistentModelIndex
ShotRole = Qt.ItemDataRole.UserRole


def plane_name(plane: str | None) -> str:
    """A shot's plane in words; the program does not claim that an unknown one shows none."""
    return plane or "No plane recognised"


def match_text(numbers: list[int]) -> str:
    """What a card says of the freeze-frames its shot holds; empty if it holds none."""
    if not numbers:
        return ""
    shown = ", ".join(map(str, numbers[:4])) + (", …" if len(numbers) > 4 else "")
    return f"matches freeze-frame{'s' if len(numbers) > 1 else ''} {shown}"


class ShotModel(QAbstractListModel):
    """The key shots of the state, in exam order."""

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._shots: list[int] = []
        self._pictures: dict[int, QImage] = {}

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shots)

    def refresh(self) -> None:
        self.beginResetModel()
        self._shots = self._state.key_shots
        self.endResetModel()

    def forget_pictures(self) -> None:
        self._pictures.clear()

    def row_of(self, shot: int | None) -> int | None:
        return self._shots.index(shot) if shot in self._shots else None

    def key_position(self, shot: int) -> int:
        """Position in the exam of a shot's key frame."""
        opened = self._state.opened
        found = self._state.shots[shot]
        return opened.table.position_of(found.recording, found.key_frame) if opened else 0

    def without_picture(self) -> list[int]:
        """Positions of the key frames whose pictures are still wanted."""
        positions = [self.key_position(shot) for shot in self._shots]
        return [position for position in positions if position not in self._pictures]

    def take_picture(self, position: int, image: QImage) -> None:
        self._pictures[position] = image
        if self._shots:
            self.dataChanged.emit(self.index(0), self.index(len(self._shots) - 1))

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        shot = self._shots[index.row()]
        if role == ShotRole:
            return shot
        if role == Qt.ItemDataRole.DecorationRole:
            return self._pictures.get(self.key_position(shot))
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole):
            return ". ".join(line for line in self.lines(index.row()) if line)
        return None

    def lines(self, row: int) -> tuple[str, str, str, str]:
        """A card's lines: plane, time, score, freeze-frames."""
        shot = self._state.shots[self._shots[row]]
        sure = f" · {shot.plane_confidence:.0%}" if shot.plane else ""
        return (
            plane_name(shot.plane) + sure,
            f"{clock(shot.start_s, digits=1)} · {shot.duration_s:.1f} s",
            f"score {shot.score:.2f}",
            match_text(self._state.matched_freeze_frames(self._shots[row])),
        )


class CardDelegate(QStyledItemDelegate):
    """Draws one card."""

    def sizeHint(self, option: QStyleOptionViewItem, _: AnyIndex) -> QSize:
        return QSize(300, CARD_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        card = QRectF(rect).adjusted(2, 3, -6, -3)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(QPen(DARK.color("accent"), 2) if chosen else Qt.PenStyle.NoPen)
        painter.setBrush(DARK.color("hover" if hovered or chosen else "raised"))
        painter.drawRoundedRect(card, 8, 8)
        self._paint_picture(painter, card, index)
        self._paint_lines(painter, card, index)
        painter.restore()

    def _paint_picture(self, painter: QPainter, card: QRectF, index: AnyIndex) -> None:
        frame = QRectF(card.left() + 7, card.top() + 7, PICTURE.width(), card.height() - 14)
        path = QPainterPath()
        path.addRoundedRect(frame, 5, 5)
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(frame, DARK.color("picture"))
        image = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(image, QImage):
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            scale = min(frame.width() / image.width(), frame.height() / image.height())
            spot = QRectF(0, 0, image.width() * scale, image.height() * scale)
            spot.moveCenter(frame.center())
            painter.drawImage(spot, image)
        painter.restore()

    def _paint_lines(self, painter: QPainter, card: QRectF, index: AnyIndex) -> None:
        model = index.model()
        if not isinstance(model, ShotModel):
            return
        lines = model.lines(index.row())
        left, top = card.left() + PICTURE.width() + 18, card.top() + 8
        room = card.right() - left - 8
        height = painter.fontMetrics().height() + 3
        plain = painter.font()
        bold = QFont(plain)
        bold.setWeight(QFont.Weight.DemiBold)
        for line, part in zip(lines, ("text", "muted", "muted", "freeze"), strict=True):
            painter.setFont(bold if part == "text" else plain)
            painter.setPen(DARK.color(part))
            text = line
            if part == "freeze" and line:
                text = "◆ " + line
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room))
            painter.drawText(QRectF(left, top, room, height), Qt.AlignmentFlag.AlignVCenter, shown)
            top += height


class ShotCards(QWidget):
    """The panel on the right.

    Signals:
        chosen: Index into `Summary.shots` of the card that was clicked or stepped to.
    """

    chosen = Signal(int)

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidePanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._state = state
        self.model = ShotModel(state, self)
        self._title = label("Key shots", "sectionTitle")
        self._facts = label("", "muted", wrap=True)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(CardDelegate(self.list))
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setAccessibleName("Key shots")
        self.list.clicked.connect(self._choose)
        self.list.activated.connect(self._choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 6, 8)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self._facts)
        layout.addSpacing(4)
        layout.addWidget(self.list, 1)
        self.setMinimumWidth(356)

    def refresh(self) -> None:
        """Shows the state's key shots."""
        self.model.refresh()
        self._facts.setText(self._describe())
        self.show_selected()

    def show_selected(self) -> None:
        """Marks the selected shot and scrolls to it."""
        row = self.model.row_of(self._state.selected)
        if row is None:
            self.list.clearSelection()
            return
        self.list.setCurrentIndex(self.model.index(row))
        self.list.scrollTo(self.model.index(row))

    def _describe(self) -> str:
        summary = self._state.summary
        if summary is None:
            return WAITING.get(self._state.phase, "")
        count, frozen = len(self._state.key_shots), len(summary.freeze_frames)
        text = f"{count} shot{'' if count == 1 else 's'}: {clock(summary.used_s, digits=1)} of "
        text += f"{clock(summary.budget_s, digits=1)} allowed"
        if frozen:
            held = sum(freeze.matched_shot is not None for freeze in summary.freeze_frames)
            text += f"\nHolds {held} of {frozen} freeze-frame{'' if frozen == 1 else 's'}"
        return text

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(index.data(ShotRole))
