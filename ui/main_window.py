"""The window: lays the parts out, gives them their keys, and has them show the session's state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, QUrl, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QIcon,
    QImage,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui import preferences
from ui.cards import PICTURE, ShotCards
from ui.dialogs import CheatSheet, ExportDialog, FirstStartNotice
from ui.panels import (
    RESEARCH_USE,
    DonePanel,
    ErrorPanel,
    LengthControl,
    NoticePanel,
    RunningPanel,
    StartPage,
)
from ui.player import Player
from ui.problems import Problem
from ui.session import Session
from ui.state import LENGTHS, clock
from ui.timeline import Timeline
from ui.widgets import ElidedLabel, icon_button, label, panel, push_button
from usummary.paths import resources_dir


class MainWindow(QMainWindow):
    """The program's one window."""

    def __init__(self, session: Session | None = None) -> None:
        super().__init__()
        self.session = session or Session(parent=self)
        self.state = self.session.state
        self.preferences = preferences.load()
        self.start_page = StartPage()
        self.player = Player(self.state, self.session.playback)
        self.cards = ShotCards(self.state)
        self.timeline = Timeline(self.state)
        self.length = LengthControl()
        self.running = RunningPanel()
        self.error = ErrorPanel()
        self.notices = NoticePanel()
        self.done = DonePanel()
        self._name = ElidedLabel("title", Qt.TextElideMode.ElideMiddle)
        self._facts = ElidedLabel("muted", Qt.TextElideMode.ElideRight)
        self.run_button = push_button("Run", self.session.run)
        self.run_button.setToolTip("Make the summary (Ctrl+R)")
        self.export_button = push_button("Export …", self.ask_export, name="primary")
        self.export_button.setToolTip("Write the summary to a folder (E)")
        self._pages = QStackedWidget()
        self.setWindowTitle("usummary")
        self.setWindowIcon(QIcon(str(resources_dir() / "icons" / "app.svg")))
        self.setMinimumSize(1024, 700)
        self.resize(1280, 800)
        self.setAcceptDrops(True)
        self._build()
        self._connect()
        self._add_keys()
        if self.preferences.geometry:
            self.restoreGeometry(QByteArray.fromHex(self.preferences.geometry.encode()))
        self._refresh()

    def _build(self) -> None:
        middle = QSplitter(Qt.Orientation.Horizontal)
        middle.setHandleWidth(10)
        middle.setChildrenCollapsible(False)
        middle.addWidget(self.player)
        middle.addWidget(self.cards)
        middle.setStretchFactor(0, 1)
        middle.setStretchFactor(1, 0)
        middle.setSizes([880, 376])
        exam = QWidget()
        column = QVBoxLayout(exam)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._header())
        column.addWidget(self.notices)
        column.addWidget(middle, 6)
        column.addWidget(self._timeline_panel(), 1)
        self._pages.addWidget(self.start_page)
        self._pages.addWidget(exam)
        page = panel("page")
        outer = QVBoxLayout(page)
        outer.setContentsMargins(12, 12, 12, 6)
        outer.setSpacing(8)
        for part in (self.error, self.done, self.running):
            outer.addWidget(part)
        outer.insertWidget(0, self._pages, 1)
        outer.addLayout(self._footer())
        self.setCentralWidget(page)

    def _header(self) -> QWidget:
        header = panel("header")
        row = QHBoxLayout(header)
        row.setContentsMargins(8, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(icon_button("open", "Open a file (Ctrl+O)", self.ask_open))
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self._name)
        names.addWidget(self._facts)
        row.addLayout(names, 1)
        row.addWidget(self.length)
        row.addSpacing(8)
        row.addWidget(self.run_button)
        row.addWidget(self.export_button)
        return header

    def _timeline_panel(self) -> QWidget:
        below = panel("timelinePanel")
        row = QHBoxLayout(below)
        row.setContentsMargins(4, 4, 8, 4)
        row.setSpacing(0)
        row.addWidget(self.timeline, 1)
        fit = icon_button("fit", "Show the whole exam (Z)", self.timeline.fit)
        row.addWidget(fit, 0, Qt.AlignmentFlag.AlignTop)
        return below

    def _footer(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 0, 0)
        row.addWidget(label(RESEARCH_USE, "footer"))
        row.addStretch(1)
        row.addWidget(label("F1 shows the keys", "footer"))
        row.addWidget(icon_button("help", "Keys (F1)", self.show_keys))
        return row

    def _connect(self) -> None:
        session, playback = self.session, self.session.playback
        self.start_page.open_wanted.connect(self.ask_open)
        self.start_page.folder_wanted.connect(self.ask_open_folder)
        self.start_page.sample_wanted.connect(session.open_sample)
        self.start_page.recent_chosen.connect(self.open)
        self.length.chosen.connect(session.choose_length)
        self.timeline.sought.connect(self._seek)
        self.cards.chosen.connect(self.go_to_shot)
        self.player.jump_wanted.connect(self._jump)
        self.running.cancel_wanted.connect(self.cancel)
        self.error.action_wanted.connect(self._act)
        self.done.open_wanted.connect(self._open_folder)
        playback.moved.connect(self.timeline.show_time)
        playback.opened.connect(self._show_opened)
        session.changed.connect(self._refresh)
        session.began.connect(self._show_begun)
        session.progressed.connect(self.running.show_progress)
        session.ended.connect(self.running.hide)
        session.problem.connect(self._show_problem)
        session.exported.connect(self._show_exported)
        session.thumbnail.connect(self._show_thumbnail)
        session.opening.connect(self._prepare)

    def _add_keys(self) -> None:
        playback = self.session.playback
        keys: dict[str, Callable[[], None]] = {
            "Space": self._press_or_play,
            "K": playback.toggle,
            "J": lambda: playback.change_speed(-1),
            "L": lambda: playback.change_speed(1),
            ",": lambda: playback.step(-1),
            ".": lambda: playback.step(1),
            "Left": lambda: playback.seek(self.state.playhead_s - 1.0),
            "Right": lambda: playback.seek(self.state.playhead_s + 1.0),
            "Home": lambda: playback.seek(0.0),
            "End": lambda: playback.seek(float("inf")),
            "Up": lambda: self._jump("shot", -1),
            "Down": lambda: self._jump("shot", 1),
            "F": lambda: self._jump("freeze", 1),
            "Shift+F": lambda: self._jump("freeze", -1),
            "Z": self.timeline.fit,
            "+": lambda: self.timeline.zoom(0.8),
            "-": lambda: self.timeline.zoom(1.25),
            "Ctrl+O": self.ask_open,
            "Ctrl+Shift+O": self.ask_open_folder,
            "Ctrl+R": self._run,
            "E": self.ask_export,
            "Esc": self.cancel,
            "F1": self.show_keys,
        }
        for number, length in enumerate(LENGTHS, start=1):
            keys[str(number)] = partial(self.length.choose, length)
        for key, call in keys.items():
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(call)

    def open(self, path: Path) -> None:
        """Opens a recording or a study folder and starts its run."""
        self.session.open(Path(path))

    @Slot()
    def ask_open(self) -> None:
        kinds = (
            "Recordings (*.mp4 *.m4v *.mov *.mkv *.avi *.mpg *.mpeg *.webm *.dcm);;All files (*)"
        )
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a recording", self._last(), kinds)
        if chosen:
            self.open(Path(chosen))

    @Slot()
    def ask_open_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a DICOM study", self._last())
        if chosen:
            self.open(Path(chosen))

    def _last(self) -> str:
        recent = self.preferences.recent
        return str(Path(recent[0]).parent) if recent else str(Path.home())

    @Slot()
    def ask_export(self) -> None:
        """Asks where to and what, then exports."""
        if not self.export_button.isEnabled() or self.state.path is None:
            return
        from usummary.export import ExportOptions

        self.session.playback.pause()
        kept = self.preferences.export_folder
        parent = Path(kept) if kept and Path(kept).is_dir() else self.state.path.parent
        folder = parent / f"{self.state.path.stem} summary"
        dialog = ExportDialog(folder, ExportOptions(), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.wanted.connect(self._export)
        dialog.open()

    @Slot(object, object)
    def _export(self, folder: Path, options: object) -> None:
        self._remember(export_folder=str(folder.parent))
        self.done.hide()
        self.session.export(folder, options)  # type: ignore[arg-type]

    @Slot()
    def show_keys(self) -> None:
        dialog = CheatSheet(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def show_first_start_notice(self) -> None:
        """Shows it unless it was read before."""
        if self.preferences.notice_read:
            return
        notice = FirstStartNotice(self)
        notice.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        notice.accepted.connect(lambda: self._remember(notice_read=True))
        notice.open()

    @Slot()
    def cancel(self) -> None:
        """Stops the work; where none is on its way, closes a message."""
        if self.session.busy:
            self.running.show_cancelling()
            self.session.cancel()
        else:
            self.error.hide()
            self.done.hide()

    @Slot(int)
    def go_to_shot(self, shot: int) -> None:
        """Selects a shot and goes to exactly its first frame."""
        if self.state.opened is None:
            return
        self.state.selected = shot
        found = self.state.shots[shot]
        table = self.state.opened.table
        self.session.playback.go(table.position_of(found.recording, found.start_frame))
        self.cards.show_selected()
        self.timeline.refresh()

    @Slot(str, int)
    def _jump(self, kind: str, direction: int) -> None:
        if kind == "shot":
            shot = self.state.next_key_shot(direction)
            if shot is not None:
                self.go_to_shot(shot)
            return
        freeze, opened = self.state.next_freeze_frame(direction), self.state.opened
        if freeze is not None and opened is not None:
            place = opened.table.position_of(freeze.recording, freeze.frame)
            self.session.playback.go(place)

    @Slot(float)
    def _seek(self, time_s: float) -> None:
        """A click on the timeline: goes there, and selects the key shot under it."""
        self.session.playback.seek(time_s)
        shot = self.state.shot_at(time_s)
        self.state.selected = shot if shot in self.state.key_shots else None
        self.cards.show_selected()
        self.timeline.refresh()

    def _press_or_play(self) -> None:
        """Space presses a button that the Tab key has reached, and plays otherwise."""
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton) and focused.isVisible():
            focused.click()
        else:
            self.session.playback.toggle()

    def _run(self) -> None:
        if self.run_button.isEnabled():
            self.session.run()

    @Slot(str)
    def _act(self, action: str) -> None:
        actions: dict[str, Callable[[], None]] = {
            "open": self.ask_open,
            "run": self.session.run,
            "cpu": self.session.run_on_cpu,
            "export": self.ask_export,
        }
        actions[action]()

    @Slot(str)
    def _show_begun(self, work: str) -> None:
        self.error.hide()
        self.running.begin(work)

    @Slot(object)
    def _show_problem(self, problem: Problem) -> None:
        self.error.show_problem(problem)

    @Slot(object)
    def _prepare(self, _: Path) -> None:
        """Clears what belongs to the exam before."""
        self.error.hide()
        self.done.hide()
        self.player.view.setFocus()  # so that Space plays, and presses no button by surprise
        self.player.view.show_image(None)
        self.cards.model.forget_pictures()
        self.timeline.fit()

    @Slot()
    def _show_opened(self) -> None:
        self.timeline.fit()
        if self.state.path is not None:
            self._remember(recent=self.preferences.with_recent(self.state.path).recent)

    @Slot(object, object)
    def _show_exported(self, folder: Path, paths: tuple[Path, ...]) -> None:
        self.done.show_done(f"{len(paths)} files are in {folder.name}", folder)

    @Slot(object)
    def _open_folder(self, folder: Path) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    @Slot(int, object)
    def _show_thumbnail(self, position: int, image: QImage) -> None:
        self.cards.model.take_picture(position, image)

    @Slot()
    def _refresh(self) -> None:
        """Has every part show the state."""
        state = self.state
        self._pages.setCurrentIndex(0 if state.path is None else 1)
        if state.path is None:
            recent = [Path(path) for path in self.preferences.recent]
            self.start_page.show_recent([path for path in recent if path.exists()][:5])
            self.setWindowTitle("usummary")
        else:
            self._name.set_text(state.path.name)
            self.setWindowTitle(f"{state.path.name} – usummary")
        self._facts.set_text(self._describe())
        self.length.show_length(state.length)
        self.length.allow_p(state.summary is not None and bool(state.freeze_frames))
        self.run_button.setEnabled(state.can_run and not self.session.busy)
        self.run_button.setText("Run again" if state.summary else "Run")
        self.export_button.setEnabled(state.can_export and not self.session.busy)
        self.notices.show_notices(state.notices)
        self.player.refresh()
        self.cards.refresh()
        self.timeline.refresh()
        ratio = self.devicePixelRatioF()
        self.session.want_thumbnails(self.cards.model.without_picture(), PICTURE * 2 * ratio)

    def _describe(self) -> str:
        opened = self.state.opened
        if opened is None:
            return "Opening …"
        first = opened.recordings[0]
        parts = [
            clock(opened.table.end_s),
            f"{len(opened.table):,} frames",
            f"{first.width} × {first.height}",
        ]
        if len(opened.recordings) > 1:
            parts.insert(0, f"{len(opened.recordings)} recordings")
        analysis = self.state.analysis
        if analysis is not None:
            parts.append(analysis.provenance.device)
        return "  ·  ".join(parts)

    def _remember(self, **values: object) -> None:
        self.preferences = replace(self.preferences, **values)  # type: ignore[arg-type]
        preferences.save(self.preferences)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event) is not None:
            event.acceptProposedAction()
            self.start_page.show_hot(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.start_page.show_hot(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.start_page.show_hot(False)
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.open(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._remember(geometry=bytes(self.saveGeometry().toHex().data()).decode())
        self.hide()
        self.session.close()
        super().closeEvent(event)


def _dropped(event: QDropEvent) -> Path | None:
    """The one file or folder of this computer that is dragged, if it is one."""
    urls = event.mimeData().urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
