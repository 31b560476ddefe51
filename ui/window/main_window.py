"""The main window: lays out its parts, gives them keys, and lets them show the session's state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QIcon,
    QImage,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui import preferences
from ui.cohort.controller import Cohorts
from ui.common import theme
from ui.common.file_dialogs import all_dropped, ask_file, ask_project, ask_study, dropped
from ui.common.language import tr
from ui.common.widgets import icon_button, label, panel
from ui.compare.controller import Compare
from ui.export.controller import Exporting
from ui.player.player import Player
from ui.preferences import Preferences
from ui.result.cards import PICTURE
from ui.result.side_panel import SidePanel
from ui.session.navigation import Navigation
from ui.session.problems import Problem
from ui.session.session import Session
from ui.session.worker import Worker
from ui.timeline.timeline import Timeline
from ui.window.commands import commands
from ui.window.dialogs import ChangedBesideDialog, CheatSheet, FirstStartNotice, ask_quit
from ui.window.header import ExamHeader
from ui.window.keys import COMMANDS, Actions
from ui.window.menus import MenuBar
from ui.window.messages import RESEARCH_USE, DonePanel, ErrorPanel, NoticePanel
from ui.window.progress_panels import QueuePanel, RunningPanel
from ui.window.settings_dialog import SettingsDialog
from ui.window.start_page import StartPage
from usummary.analysis import feature_cache
from usummary.paths import resources_dir, stem_of
from usummary.settings import DEFAULT_MODEL

TABLE_SHARE, TABLE_PX = 0.42, 560
"""Width of the comparison's table: a share of the window's width, and the most pixels."""
OF_THE_EXAM = ("Play", "Go to", "Length", "Edit")
"""Groups of keys that only work while the exam's page is on screen."""
HINT_MS = 5000
"""How long a hint is shown that says why nothing happened."""


class MainWindow(QMainWindow):
    """The program's one window."""

    def __init__(self, session: Session | None = None) -> None:
        super().__init__()
        self.session = session or Session(parent=self)
        self.state = self.session.state
        self.preferences = preferences.load()
        self._looker = Worker("settings", self)
        self._use_settings()
        self.start_page = StartPage()
        self.player = Player(self.state, self.session.playback)
        self.side = SidePanel(self.session)
        self.cards = self.side.cards
        self.timeline = Timeline(self.state)
        self.compare = Compare(self.session, self.timeline, self)
        self.cohort = Cohorts(self.session, self._known_exams, self)
        self.header = ExamHeader(self.state)
        self.length = self.header.length
        self.run_button, self.export_button = self.header.run_button, self.header.export_button
        self.exporting = Exporting(self.session, self)
        self.running = RunningPanel()
        self.queue = QueuePanel()
        self.error = ErrorPanel()
        self.notices = NoticePanel()
        self.done = DonePanel()
        self._fit_button = icon_button("fit", tr("Show the whole exam"), self.timeline.fit)
        self._help_button = icon_button("help", tr("Keys"), self.show_keys)
        self.hint = label("", "warning")
        self._pages = QStackedWidget()
        self._build()
        self.navigation = Navigation(self.session, self)
        self._connect()
        self.key_actions = self._make_actions()
        self.menus = MenuBar(self.key_actions, self.open, self.session.open_sample, self.use_theme)
        self.menus.show_theme(self.preferences.theme)
        self.menus.show_recent(self._recent())
        # `Editing.changed` comes before the history has moved on, so its buttons need this too.
        self.session.editing.history.indexChanged.connect(self._show_history)
        self.setMenuBar(self.menus)
        self._dress()
        self.session.choose_length(self.preferences.length)
        self._refresh()

    def _damaged(self) -> tuple[str, ...]:
        """A notice that names the preferences that were damaged and are back at their defaults."""
        names = ", ".join(self.preferences.damaged)
        text = tr(
            "Remembered choices were damaged and are the usual ones again: {names}.", names=names
        )
        return (text,) if names else ()

    def _dress(self) -> None:
        """Sets title, icon, size and place; size and place are those of the last time."""
        self.setWindowTitle("usummary")
        self.setWindowIcon(QIcon(str(resources_dir() / "icons" / "app.svg")))
        self.setMinimumSize(1024, 700)
        self.resize(1280, 800)
        self.setAcceptDrops(True)
        if self.preferences.geometry:
            self.restoreGeometry(QByteArray.fromHex(self.preferences.geometry.encode()))

    def _build(self) -> None:
        self._middle = middle = QSplitter(Qt.Orientation.Horizontal)
        middle.setHandleWidth(10)
        middle.setChildrenCollapsible(False)
        middle.addWidget(self.player)
        middle.addWidget(self.side)
        middle.addWidget(self.compare.panel)
        middle.setStretchFactor(0, 1)
        middle.setStretchFactor(1, 0)
        middle.setSizes([880, 376])
        exam = QWidget()
        column = QVBoxLayout(exam)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.header)
        column.addWidget(self.notices)
        column.addWidget(middle, 5)
        self._below = self._timeline_panel()
        column.addWidget(self._below, 2)
        column.addWidget(self.compare.below, 4)
        self._pages.addWidget(self.start_page)
        self._pages.addWidget(exam)
        self._pages.addWidget(self.cohort.page)
        page = panel("page")
        outer = QVBoxLayout(page)
        outer.setContentsMargins(12, 12, 12, 6)
        outer.setSpacing(8)
        for part in (self.error, self.done, self.running, self.queue):
            outer.addWidget(part)
        outer.insertWidget(0, self._pages, 1)
        outer.addLayout(self._footer())
        self.setCentralWidget(page)

    def _timeline_panel(self) -> QWidget:
        below = panel("timelinePanel")
        row = QHBoxLayout(below)
        row.setContentsMargins(4, 4, 8, 4)
        row.setSpacing(0)
        row.addWidget(self.timeline, 1)
        row.addWidget(self._fit_button, 0, Qt.AlignmentFlag.AlignTop)
        return below

    def _footer(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 0, 0)
        row.addWidget(label(tr(RESEARCH_USE), "footer"))
        row.addStretch(1)
        row.addWidget(self.hint)
        row.addStretch(1)
        row.addWidget(self._help_button)
        return row

    def _connect(self) -> None:
        session, playback = self.session, self.session.playback
        self.start_page.open_wanted.connect(self.ask_open)
        self.start_page.folder_wanted.connect(self.ask_open_folder)
        self.start_page.sample_wanted.connect(session.open_sample)
        self.start_page.cohort_wanted.connect(self.cohort.toggle)
        self.start_page.recent_chosen.connect(self.open)
        self.length.chosen.connect(session.choose_length)
        self.length.covering.connect(session.cover_planes)
        self.timeline.scrubbed.connect(playback.scrub)
        self.timeline.sought.connect(self.navigation.seek)
        self.cards.chosen.connect(self.navigation.go_to_shot)
        self.side.pictures_wanted.connect(self._want_pictures)
        self.player.track.scrubbed.connect(playback.scrub)
        self.player.track.sought.connect(self.navigation.seek)
        for part in (self.header, self.player):
            part.command_wanted.connect(self._do)
        self.navigation.selected.connect(self._show_selected)
        self.running.cancel_wanted.connect(self.cancel)
        self.queue.open_wanted.connect(self.open)
        self.queue.remove_wanted.connect(session.take_from_queue)
        self.error.action_wanted.connect(self._act)
        self.done.open_wanted.connect(self._open_folder)
        playback.moved.connect(self.timeline.show_time)
        playback.opened.connect(self._show_opened)
        session.changed.connect(self._refresh)
        session.began.connect(self._show_begun)
        session.progressed.connect(self.running.show_progress)
        session.problem.connect(self._show_problem)
        session.refused.connect(self._hint)
        session.copied.connect(self._show_copied)
        session.changed_beside.connect(self._ask_whose)
        session.exported.connect(self._show_exported)
        self.exporting.wanted.connect(self._export)
        session.thumbnail.connect(self._show_thumbnail)
        session.small.connect(self.timeline.take_picture)
        self.timeline.pictures_wanted.connect(session.want_small)
        self.timeline.edge_moved.connect(session.editing.move_edge)
        session.opening.connect(self._prepare)
        self._connect_compare()

    def _connect_compare(self) -> None:
        self.compare.shown.connect(self._show_compare)
        self.compare.refused.connect(self._hint)
        self.compare.problem.connect(self._show_problem)
        self.compare.lanes.sought.connect(self.navigation.seek)
        self.session.playback.moved.connect(self.compare.lanes.update)
        self.cohort.shown.connect(self._show_cohort)
        self.cohort.open_wanted.connect(self.open)
        self.cohort.refused.connect(self._hint)
        self.cohort.problem.connect(self._show_problem)

    def _make_actions(self) -> Actions:
        actions = Actions(commands(self), self.preferences.keys, self)
        for button, name in (
            (self.run_button, "run"),
            (self.export_button, "export"),
            (self.header.open_button, "open"),
            (self._fit_button, "fit"),
            (self._help_button, "keys"),
            (self.compare.panel.close_button, "compare"),
            (self.cohort.page.close_button, "cohort"),
            (self.length.cover_button, "cover"),
            (self.running.cancel_button, "cancel"),
            *((button, name) for name, button in self.player.buttons.items()),
        ):
            actions.name_keys(button, name)
        actions.remapped.connect(lambda: self.cards.show_keys(actions.tip))
        self.cards.show_keys(actions.tip)
        for number, preset in enumerate(self.length.buttons, start=1):
            actions.name_keys(preset, f"length_{number}")
        return actions

    def open(self, path: Path) -> None:
        """Opens a recording or a study folder and starts its run."""
        self.session.open(Path(path))

    @Slot()
    def ask_open(self) -> None:
        path = ask_file(self, self._last())
        if path is not None:
            self.open(path)

    @Slot()
    def ask_open_folder(self) -> None:
        path = ask_study(self, self._last())
        if path is not None:
            self.open(path)

    @Slot()
    def ask_save_as(self) -> None:
        if self.state.path is None or not self.state.can_edit:
            return
        path = ask_project(self, self._beside_exam())
        if path is not None:
            self.session.save_project_as(path)

    def _beside_exam(self) -> Path:
        """The proposed path of a saved project."""
        path = self.state.path or Path.home()
        return path.with_name(f"{stem_of(path)}.usummary")

    @Slot(object)
    def _ask_whose(self, path: Path) -> None:
        """Asks whose edits count, unless that question is open already."""
        if self.findChild(ChangedBesideDialog) is not None:
            return
        dialog = ChangedBesideDialog(path, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.answered.connect(self._resolve)
        dialog.open()

    @Slot(str)
    def _resolve(self, wanted: str) -> None:
        if wanted == "beside":
            path = ask_project(self, self._beside_exam())
            if path is not None:
                self.session.save_to(path)
        else:
            self.session.resolve("mine" if wanted == "mine" else "theirs")

    def _last(self) -> str:
        recent = self.preferences.recent
        return str(Path(recent[0]).parent) if recent else str(Path.home())

    @Slot()
    def ask_export(self) -> None:
        """Asks what to export and where to, then exports."""
        if not self.export_button.isEnabled() or self.state.path is None:
            return
        self.session.playback.pause()
        kept = self.preferences.export_folder
        parent = Path(kept) if kept and Path(kept).is_dir() else self.state.path.parent
        folder = parent / f"{stem_of(self.state.path)} summary"
        self.exporting.ask(folder)

    @Slot(object, object)
    def _export(self, folder: Path, options: object) -> None:
        self._remember(export_folder=str(folder.parent))
        self.done.hide()
        self.session.export(folder, options)  # type: ignore[arg-type]

    @Slot()
    def show_keys(self) -> None:
        dialog = CheatSheet(self.key_actions.chosen, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot()
    def show_settings(self) -> None:
        dialog = SettingsDialog(self.preferences, self._looker, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.general.clear_button.setEnabled(not self.session.busy)
        dialog.wanted.connect(self._take_settings)
        dialog.clear_wanted.connect(feature_cache.clear)
        dialog.open()

    @Slot(object)
    def _take_settings(self, chosen: Preferences) -> None:
        """Remembers the person's settings; those of runs count from the next run on."""
        if chosen.length != self.preferences.length and not self.state.can_edit:
            self.session.choose_length(chosen.length)
        self._remember(**vars(chosen))
        self.use_theme(chosen.theme)
        self.key_actions.remap(chosen.keys)
        self._use_settings()

    def _use_settings(self) -> None:
        chosen = self.preferences
        folder = Path(chosen.cache_folder) if chosen.cache_folder else None
        feature_cache.keep_in(folder, int(chosen.cache_gb * 2**30))
        self.session.use(device=chosen.device, model=chosen.model or DEFAULT_MODEL)

    def use_theme(self, choice: theme.Choice) -> None:
        """Shows a theme, and remembers it."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, choice)
        self.menus.show_theme(choice)
        self._remember(theme=choice)

    def show_first_start_notice(self) -> None:
        """Shows the notice of the first start, unless it was read before."""
        if self.preferences.notice_read:
            return
        notice = FirstStartNotice(self)
        notice.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        notice.accepted.connect(lambda: self._remember(notice_read=True))
        notice.open()

    @Slot()
    def cancel(self) -> None:
        """Stops opening or the running work; if there is neither, closes messages."""
        if self.session.opens or self.session.working:
            if not self.session.opens:
                self.running.show_cancelling()
            self.session.cancel()
        else:
            self.error.hide()
            self.done.hide()

    @Slot()
    def _show_selected(self) -> None:
        self.cards.show_selected()
        self.timeline.refresh()

    @Slot(str)
    def _do(self, name: str) -> None:
        self.key_actions[name].trigger()

    @Slot(str)
    def _act(self, action: str) -> None:
        actions: dict[str, Callable[[], None]] = {
            "open": self.ask_open,
            "run": self.session.run,
            "cpu": self.session.run_on_cpu,
            "export": self.ask_export,
            "compare": self.compare.try_again,
            "cohort": self.cohort.run,
            "go_on": self.error.hide,
        }
        actions[action]()

    @Slot(bool)
    def _show_compare(self, shown: bool) -> None:
        """Shows the comparison in place of the side panel and the timeline, or them again."""
        self.side.setVisible(not shown)
        self._below.setVisible(not shown)
        if shown:
            wide = self._middle.width()
            table = min(round(wide * TABLE_SHARE), TABLE_PX)
            self._middle.setSizes([wide - table, 0, table])

    @Slot(bool)
    def _show_cohort(self, shown: bool) -> None:
        """Shows the cohort's page in place of the exam's, whose keys are then switched off."""
        if shown:
            self.session.playback.pause()
        for command in COMMANDS:
            if command.group in OF_THE_EXAM:
                self.key_actions[command.id].setEnabled(not shown)
        self._refresh()

    def _known_exams(self) -> list[Path]:
        """Recently opened exams that still exist, and those of the queue."""
        return [*self._recent(), *(entry.path for entry in self.session.queue.entries)]

    @Slot(str)
    def _show_begun(self, work: str) -> None:
        self.error.hide()
        self.running.begin(work)

    @Slot(str)
    def _hint(self, sentence: str) -> None:
        """Shows for a while a sentence that says why nothing happened."""
        self.hint.setText(sentence)
        QTimer.singleShot(HINT_MS, self, self.hint.clear)

    @Slot(object)
    def _show_problem(self, problem: Problem) -> None:
        self.error.show_problem(problem)

    @Slot(object)
    def _prepare(self, _: Path) -> None:
        """Clears everything that belongs to the last exam."""
        self.cohort.show(False)
        self.error.hide()
        self.done.hide()
        self.player.view.setFocus()  # so that Space plays instead of pressing a button
        self.player.view.show_image(None)
        self.side.pictures.forget()
        self.timeline.fit()

    @Slot()
    def _show_opened(self) -> None:
        self.timeline.fit()
        if self.state.path is not None:
            self._remember(recent=self.preferences.with_recent(self.state.path).recent)
            self.menus.show_recent(self._recent())
        opened = self.state.opened
        streams = opened.recordings[0].streams if opened is not None else None
        self.menus.show_streams(streams, self._choose_stream)

    def _choose_stream(self, number: int) -> None:
        """Opens the same file anew, with another of its video streams."""
        opened = self.state.opened
        streams = opened.recordings[0].streams if opened is not None else None
        if opened is not None and streams is not None:
            self.session.open(opened.path, 0 if number == streams.usual else number)

    @Slot(object, object)
    def _show_exported(self, folder: Path, paths: tuple[Path, ...]) -> None:
        self.done.show_done(
            tr("{count} files are in {folder}", count=len(paths), folder=folder.name), folder
        )

    @Slot(object)
    def _show_copied(self, path: Path) -> None:
        self._hint(tr("The project is saved as {name}.", name=path.name))

    @Slot(object)
    def _open_folder(self, folder: Path) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    @Slot(int, object)
    def _show_thumbnail(self, position: int, image: QImage) -> None:
        self.side.take_picture(position, image)

    @Slot()
    def _refresh(self) -> None:
        """Lets every part show the state."""
        state = self.state
        page = 0 if state.path is None else 1
        self._pages.setCurrentIndex(2 if self.cohort.is_shown else page)
        alone = not self.cohort.is_shown
        if state.path is None:
            self.start_page.show_recent(self._recent()[:5])
            self.setWindowTitle("usummary")
        else:
            self.setWindowTitle(tr("{name} – usummary", name=state.path.name))
        self.header.refresh(busy=self.session.busy)
        if not (self.session.working or self.session.opens):
            self.running.hide()
        self.key_actions["run"].setEnabled(alone and self.run_button.isEnabled())
        self.key_actions["export"].setEnabled(alone and self.export_button.isEnabled())
        self.key_actions["review_mask"].setEnabled(alone and state.can_edit)
        self.key_actions["compare"].setEnabled(alone and (state.can_edit or self.compare.is_shown))
        self._show_history()
        self.notices.show_notices((*self._damaged(), *state.notices))
        self.queue.show_queue(self.session.queue)
        self.player.refresh()
        self.side.refresh()
        self.timeline.refresh()
        self.compare.refresh()
        self._want_pictures()

    @Slot()
    def _want_pictures(self) -> None:
        size = PICTURE * 2 * self.devicePixelRatioF()
        self.session.want_thumbnails(self.side.missing_pictures(), size)

    @Slot()
    def _show_history(self) -> None:
        can = self.state.can_edit and not self.cohort.is_shown
        self.key_actions.show_history(self.session.editing.history, can=can)

    def _recent(self) -> list[Path]:
        paths = [Path(path) for path in self.preferences.recent]
        return [path for path in paths if path.exists()]

    def _remember(self, **values: object) -> None:
        self.preferences = replace(self.preferences, **values)  # type: ignore[arg-type]
        preferences.save(self.preferences)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped(event) is not None or (self.cohort.is_shown and all_dropped(event)):
            event.acceptProposedAction()
            self.start_page.show_hot(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.start_page.show_hot(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.start_page.show_hot(False)
        if self.cohort.is_shown:
            event.acceptProposedAction()
            self.cohort.add(all_dropped(event))
            return
        path = dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.session.enqueue(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._may_close():
            event.ignore()
            return
        self._remember(geometry=bytes(self.saveGeometry().toHex().data()).decode())
        self.hide()
        self.session.editing.history.blockSignals(True)  # it outlives its menu entries
        self._looker.close()
        self.compare.close()
        self.cohort.close()
        self.session.close()
        super().closeEvent(event)

    def _may_close(self) -> bool:
        """Asks the person if edits could not be saved or an export would be stopped."""
        reasons = [str(error) for error in self.session.save_all()]
        if self.session.exporting:
            reasons.append(tr("An export is being written; closing stops it."))
        return not reasons or ask_quit(self, reasons)
