"""The smaller parts of the window: start page, length control, error and notice panels."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.language import tr
from ui.problems import ACTIONS, Problem
from ui.state import LENGTHS
from ui.widgets import icon_button, label, panel, push_button, restyle
from usummary.settings import parse_length

RESEARCH_USE = "Research use only – not for diagnosis"


class StartPage(QWidget):
    """What stands there while nothing is open.

    Signals:
        open_wanted: The person wants to choose a file.
        folder_wanted: The person wants to choose a study folder.
        sample_wanted: The person wants to see the simulated exam.
        cohort_wanted: The person wants to compare over many exams.
        recent_chosen: Path of a recording that was open before.
    """

    open_wanted = Signal()
    folder_wanted = Signal()
    sample_wanted = Signal()
    cohort_wanted = Signal()
    recent_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._area = panel("dropArea")
        self._area.setMaximumWidth(760)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        inner = QVBoxLayout(self._area)
        inner.setContentsMargins(48, 44, 48, 36)
        inner.setSpacing(10)
        center = Qt.AlignmentFlag.AlignHCenter
        inner.addWidget(label(tr("Drop a recording here"), "hero"), 0, center)
        text = tr("A video file, a DICOM cine, or the folder of a DICOM study")
        inner.addWidget(label(text, "muted"), 0, center)
        inner.addSpacing(14)
        inner.addLayout(self._buttons())
        inner.addSpacing(8)
        inner.addLayout(self._recent)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._area, 6)
        row.addStretch(1)
        outer.addLayout(row)
        outer.addStretch(3)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        for text, signal, main in (
            (tr("Open a file …"), self.open_wanted, True),
            (tr("Open a study folder …"), self.folder_wanted, False),
            (tr("Open sample exam"), self.sample_wanted, False),
            (tr("Compare exams …"), self.cohort_wanted, False),
        ):
            name = "primary" if main else ""
            row.addWidget(push_button(text, signal.emit, name=name))
        row.addStretch(1)
        return row

    def show_recent(self, paths: list[Path]) -> None:
        """Lists recordings that were open before and are still there."""
        while (item := self._recent.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        if paths:
            self._recent.addWidget(label(tr("Recent"), "muted"))
        for path in paths:
            button = push_button(path.name, partial(self.recent_chosen.emit, path), name="link")
            button.setToolTip(str(path))
            self._recent.addWidget(button)

    def show_hot(self, hot: bool) -> None:
        """Marks the drop area while something is dragged over it."""
        self._area.setProperty("hot", hot)
        restyle(self._area)


class LengthControl(QWidget):
    """How long the summary may be, and whether it covers the planes.

    Signals:
        chosen: The length as `usummary.settings.parse_length` reads it.
        covering: Something of every recognised plane is wanted first, or not.
    """

    chosen = Signal(str)
    covering = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(label(tr("Length"), "muted"))
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        for length in LENGTHS:
            button = QToolButton()
            button.setText(length.replace("%", " %"))
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(tr("Length {length}", length=length))
            button.clicked.connect(partial(self._choose, length))
            self._group.addButton(button)
            self._buttons[length] = button
            row.addWidget(button)
        self._spin = QDoubleSpinBox()
        self._spin.setRange(0.5, 100.0)
        self._spin.setDecimals(1)
        self._spin.setSuffix(" %")
        self._spin.lineEdit().setTextMargins(6, 0, 0, 0)
        self._spin.setKeyboardTracking(False)
        self._spin.setAccessibleName(tr("Length in per cent"))
        self._spin.setToolTip(tr("Any other length"))
        self._spin.setFixedWidth(74)
        self._spin.valueChanged.connect(self._choose_free)
        row.addWidget(self._spin)
        self.cover_button = QToolButton()
        self.cover_button.setText(tr("Cover planes"))
        self.cover_button.setCheckable(True)
        self.cover_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cover_button.setAccessibleName(tr("Something of every recognised plane first"))
        self.cover_button.clicked.connect(self.covering)
        row.addWidget(self.cover_button)

    @property
    def buttons(self) -> list[QToolButton]:
        """The buttons of `LENGTHS` but P, which says why it cannot be chosen."""
        return [button for length, button in self._buttons.items() if length != "P"]

    def show_length(self, length: str) -> None:
        """Shows a length without choosing it again."""
        self._group.setExclusive(False)
        for text, button in self._buttons.items():
            button.setChecked(text == length)
        self._group.setExclusive(True)
        share = parse_length(length)
        if share is not None:
            self._spin.blockSignals(True)
            self._spin.setValue(100 * share[0] / share[1])
            self._spin.blockSignals(False)

    def show_covering(self, covering: bool, *, possible: bool) -> None:
        """Shows whether planes are covered; benchmark summaries cannot."""
        self.cover_button.setChecked(covering)
        self.cover_button.setEnabled(possible)

    def allow_p(self, allowed: bool) -> None:
        """P, the share that the freeze-frames hold, exists only where there are freeze-frames."""
        button = self._buttons["P"]
        button.setEnabled(allowed)
        button.setToolTip(
            tr("The share that the freeze-frames hold")
            if allowed
            else tr("The share that the freeze-frames hold: this exam has none yet")
        )

    def choose(self, length: str) -> None:
        """As if its button were pressed."""
        if self.isEnabled() and self._buttons[length].isEnabled():
            self.chosen.emit(length)

    def _choose(self, length: str, _: bool = False) -> None:
        self.chosen.emit(length)

    @Slot(float)
    def _choose_free(self, value: float) -> None:
        self.chosen.emit(f"{value:g}%")


class ErrorPanel(QFrame):
    """What went wrong: sentence, cause, one action, and details to copy.

    Signals:
        action_wanted: The `Problem`'s action.
    """

    action_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errorPanel")
        self._problem: Problem | None = None
        self.title = label("", "errorTitle", wrap=True)
        self.cause = label("", "muted", wrap=True)
        for text in (self.title, self.cause):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action_button = push_button(tr(ACTIONS["run"]), self._act, name="primary")
        self.copy_button = push_button(tr("Copy details"), self._copy)
        self.copy_button.setToolTip(tr("Versions and where it happened, without names of files"))
        close = icon_button("close", tr("Close this message"), self.hide)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.title)
        texts.addWidget(self.cause)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 8, 10)
        row.setSpacing(10)
        row.addLayout(texts, 1)
        for button in (self.action_button, self.copy_button, close):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def show_problem(self, problem: Problem) -> None:
        self._problem = problem
        self.title.setText(problem.sentence)
        self.cause.setText(problem.cause)
        self.cause.setVisible(bool(problem.cause))
        self.action_button.setText(tr(ACTIONS[problem.action]))
        self.copy_button.setText(tr("Copy details"))
        self.show()

    @Slot()
    def _act(self) -> None:
        if self._problem is not None:
            self.hide()
            self.action_wanted.emit(self._problem.action)

    @Slot()
    def _copy(self) -> None:
        if self._problem is not None:
            QGuiApplication.clipboard().setText(self._problem.details)
            self.copy_button.setText(tr("Copied"))


class NoticePanel(QFrame):
    """Notices of the run, one line a notice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticePanel")
        self._text = label(wrap=True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        close = icon_button("close", tr("Close the notices"), self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 1, 8, 1)
        row.addWidget(self._text, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._shown: tuple[str, ...] = ()
        self.hide()

    def show_notices(self, notices: tuple[str, ...]) -> None:
        """Shows them; the same ones that were closed before stay closed."""
        if notices != self._shown:
            self._shown = notices
            self._text.setText("\n".join(notices))
            self.setVisible(bool(notices))


class DonePanel(QFrame):
    """Says that an export is finished, and shows where it is.

    Signals:
        open_wanted: The folder, to be shown by the system.
    """

    open_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticePanel")
        self._folder: Path | None = None
        self._text = label(wrap=True)
        show = push_button(tr("Open the folder"), self._open)
        close = icon_button("close", tr("Close this message"), self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.addWidget(self._text, 1)
        row.addWidget(show)
        row.addWidget(close)
        self.hide()

    def show_done(self, text: str, folder: Path) -> None:
        self._folder = folder
        self._text.setText(tr("✓  {text}", text=text))
        self._text.setToolTip(str(folder))
        self.show()

    @Slot()
    def _open(self) -> None:
        if self._folder is not None:
            self.open_wanted.emit(self._folder)
