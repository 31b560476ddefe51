"""The menu bar, built from the window's actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar

from ui.common.language import tr
from ui.common.theme import CHOICES, THEMES, Choice
from ui.common.widgets import set_plain_tip
from ui.window.keys import Actions
from usummary.types import Streams

SEPARATOR = "-"


class MenuBar(QMenuBar):
    """File, Edit, Play, Go, View, Help.

    Args:
        actions: All commands.
        open_path: Opens a recent file.
        open_sample: Opens the simulated exam.
        choose_theme: Shows a theme, and remembers it.
    """

    def __init__(
        self,
        actions: Actions,
        open_path: Callable[[Path], None],
        open_sample: Callable[[], None],
        choose_theme: Callable[[Choice], None],
    ) -> None:
        super().__init__()
        self._all = actions
        self._open_path = open_path
        self.setNativeMenuBar(True)
        file = self._menu(tr("&File"), ("open", "open_folder"))
        self.recent = file.addMenu(tr("Open recent"))
        file.addAction(tr("Open sample exam"), open_sample)
        self._fill(
            file,
            (SEPARATOR, "run", "export", "review_mask", "save_as", SEPARATOR, "settings"),
        )
        self._fill(file, (SEPARATOR, "quit"))
        decide = ("keep", "reject", "lock", "split", SEPARATOR, "mark_in", "mark_out")
        more = ("add_shot", "clear_points", SEPARATOR, "add_freeze")
        self._menu(tr("&Edit"), ("undo", "redo", SEPARATOR, *decide, *more))
        play = ("play", "slower", "faster", "reel", "loop", SEPARATOR)
        steps = ("frame_back", "frame_on", "second_back", "second_on")
        self._menu(tr("&Play"), (*play, *steps))
        go = ("shot_back", "shot_on", SEPARATOR, "freeze_back", "freeze_on", SEPARATOR)
        self._menu(tr("&Go"), (*go, "start", "end"))
        picture = ("outline", "mask", "picture_fit", "picture_full")
        view = self._menu(
            tr("&View"),
            (
                "compare",
                "cohort",
                SEPARATOR,
                "closer",
                "wider",
                "fit",
                SEPARATOR,
                *picture,
                SEPARATOR,
            ),
        )
        self._themes = self._theme_menu(view, choose_theme)
        self.streams = view.addMenu(tr("Video stream"))
        self.show_streams(None, lambda _: None)
        self._menu(tr("&Help"), ("keys",))

    def show_recent(self, paths: Iterable[Path]) -> None:
        """Lists files that were open before."""
        self.recent.clear()
        for path in paths:
            action = self.recent.addAction(path.name.replace("&", "&&"))
            set_plain_tip(action, str(path))
            action.triggered.connect(partial(self._open, path))
        self.recent.setEnabled(not self.recent.isEmpty())

    def show_streams(self, streams: Streams | None, choose: Callable[[int], None]) -> None:
        """Lists the video streams of the open file; `choose` hears the number of another one."""
        self.streams.clear()
        self.streams.setEnabled(streams is not None)
        for number, (width, height) in enumerate(streams.sizes if streams else (), start=1):
            text = tr("{number}: {width} × {height}", number=number, width=width, height=height)
            action = self.streams.addAction(text)
            action.setCheckable(True)
            is_shown = streams is not None and number == streams.shown
            action.setChecked(is_shown)
            if not is_shown:
                action.triggered.connect(lambda _=False, number=number: choose(number))

    def show_theme(self, choice: Choice) -> None:
        """Marks the chosen theme."""
        self._themes.actions()[CHOICES.index(choice)].setChecked(True)

    def _open(self, path: Path, _: bool = False) -> None:
        self._open_path(path)

    def _menu(self, title: str, names: Iterable[str]) -> QMenu:
        menu = self.addMenu(title)
        self._fill(menu, names)
        return menu

    def _fill(self, menu: QMenu, names: Iterable[str]) -> None:
        for name in names:
            if name == SEPARATOR:
                menu.addSeparator()
            else:
                menu.addAction(self._all[name])

    def _theme_menu(self, view: QMenu, choose: Callable[[Choice], None]) -> QActionGroup:
        menu = view.addMenu(tr("Colours"))
        group = QActionGroup(menu)
        for choice in CHOICES:
            action = menu.addAction(tr(THEMES[choice]))
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, choice=choice: choose(choice))
            group.addAction(action)
        return group
