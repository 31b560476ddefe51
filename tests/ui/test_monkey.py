"""Five hundred random actions: nothing is raised, no thread is left, no edit is lost."""

import itertools
import logging
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox

from ui import preferences
from ui.common import theme
from ui.window.main_window import MainWindow
from usummary.export import ExportOptions
from usummary.phantom import Recorder, render
from usummary.project import load_project

ACTIONS = 500
SEED = int(os.environ.get("USUMMARY_MONKEY_SEED", "20261123"))
WAIT_S = 60
HARMLESS = ("This plugin does not support", "propagateSizeHints")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("recordings")
    recorder = Recorder(width=320, height=240, fps=15, bit_rate=300_000)
    return [
        render(folder / f"exam {seed}.mp4", minutes=0.3, seed=seed, recorder=recorder)
        for seed in (1, 2)
    ]


class Monkey:
    """Does what comes to its mind with a window, and looks after each action."""

    def __init__(self, recordings: list[Path], folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.recordings, self.folder = recordings, folder
        self.numbers = itertools.count()
        self.problems: list[str] = []
        self.edits = self.exports = 0
        self.window = self.new_window()

    def new_window(self) -> MainWindow:
        window = MainWindow()
        window.session.problem.connect(
            lambda p: self.problems.append(f"{p.sentence}\n{p.cause}\n{p.details}")
        )
        window.session.exported.connect(lambda *_: self.count_export())
        window.show()
        return window

    def count_export(self) -> None:
        self.exports += 1

    @property
    def state(self):
        return self.window.state

    def act(self) -> None:
        session, playback, pick = self.window.session, self.window.session.playback, self.random
        actions: dict[Callable[[], object], int] = {
            self.open: 3,
            self.reopen_window: 1,
            self.finish: 6,
            session.run: 1,
            self.window.cancel: 1,
            self.enqueue: 1,
            self.export: 2,
            self.decide: 14,
            self.split: 5,
            self.add_shot: 4,
            session.editing.add_freeze: 2,
            self.move_edge: 4,
            session.editing.undo: 8,
            session.editing.redo: 5,
            self.choose_length: 5,
            self.window.length.cover_button.click: 2,
            self.seek: 8,
            self.step: 5,
            playback.toggle: 3,
            self.change_speed: 4,
            self.zoom: 5,
            self.window.timeline.fit: 1,
            self.resize: 3,
            self.change_theme: 1,
            self.go_to_shot: 4,
        }
        (action,) = pick.choices(list(actions), list(actions.values()))
        logging.getLogger("monkey").warning(getattr(action, "__name__", action))
        action()
        self.let_pass(pick.choice((0, 0, 0.01, 0.05)))
        self.look()

    def look(self) -> None:
        """What is shown as saved is what is on the disk."""
        give_up = time.monotonic() + WAIT_S
        while self.state.saving == "saving":
            self.let_pass(0.001)
            assert time.monotonic() < give_up, "the edits are never saved"
        assert not self.problems, self.problems[0]
        if self.state.saving == "saved":
            kept = load_project(self.state.project_path)
            assert kept.edits == self.state.edits
            assert kept.exam_path == self.state.path
            self.edits += 1

    def let_pass(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            QApplication.processEvents()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.002))

    def open(self) -> None:
        self.window.open(self.random.choice(self.recordings))

    def reopen_window(self) -> None:
        self.window.close()
        self.window.deleteLater()
        self.window = self.new_window()
        self.open()

    def finish(self) -> None:
        """Lets the work on screen come to its end."""
        if self.state.path is None:
            self.open()
        give_up = time.monotonic() + WAIT_S
        while self.state.phase in ("opening", "ready", "running") or self.window.session.busy:
            if self.state.phase == "ready" and not self.window.session.busy:
                return
            self.let_pass(0.01)
            assert time.monotonic() < give_up, f"stuck while {self.state.phase}"

    def enqueue(self) -> None:
        self.window.session.enqueue(self.random.choice(self.recordings))

    def export(self) -> None:
        if self.window.export_button.isEnabled():
            options = ExportOptions(clips=False, report=False)
            self.window.session.export(self.folder / f"export {next(self.numbers)}", options)

    def shot(self) -> int:
        return self.random.randrange(max(len(self.state.shots), 1))

    def decide(self) -> None:
        decided = self.random.choice(("keep", "reject", "lock", "clear"))
        self.window.session.editing.decide(self.shot(), decided)

    def split(self) -> None:
        self.seek()
        self.window.session.editing.split()

    def add_shot(self) -> None:
        for which in ("in", "out"):
            self.seek()
            self.window.session.set_point(which)
        self.window.session.editing.add_shot()

    def move_edge(self) -> None:
        opened = self.state.opened
        if opened is not None:
            position = self.random.randrange(len(opened.table))
            edge = self.random.choice(("start", "end"))
            self.window.session.editing.move_edge(self.shot(), edge, position)

    def choose_length(self) -> None:
        self.window.session.choose_length(self.random.choice(("15%", "20%", "25%", "7.5%")))

    def seek(self) -> None:
        end = self.state.opened.table.end_s if self.state.opened else 1.0
        self.window.session.playback.seek(self.random.uniform(-1, end + 1))

    def step(self) -> None:
        self.window.session.playback.step(self.random.choice((-10, -1, 1, 1, 10)))

    def change_speed(self) -> None:
        self.window.session.playback.change_speed(self.random.choice((-1, 1)))

    def zoom(self) -> None:
        self.window.timeline.zoom(self.random.choice((0.5, 0.8, 1.25, 2.0)))

    def resize(self) -> None:
        self.window.resize(self.random.randint(1024, 1920), self.random.randint(700, 1080))

    def change_theme(self) -> None:
        self.window.use_theme(self.random.choice(("dark", "light", "system")))

    def go_to_shot(self) -> None:
        if self.state.shots:
            self.window.navigation.go_to_shot(self.shot())


@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.slow
def test_random_actions(qapp, qtlog, recordings, tmp_path, seed, monkeypatch) -> None:
    """Its name holds the seed; what it did stands in its log, which pytest shows if it fails."""
    asked: list[str] = []

    def close_anyway(_parent, _title, text, *_):
        asked.append(text)
        return QMessageBox.StandardButton.Yes

    monkeypatch.setattr(QMessageBox, "warning", close_anyway)
    before = {thread.name for thread in threading.enumerate()}
    theme.apply(qapp)
    remembered = preferences.load()
    monkey = Monkey(recordings, tmp_path, seed)
    try:
        monkey.open()
        monkey.finish()
        for _ in range(ACTIONS):
            monkey.act()
    finally:
        monkey.window.close()
        preferences.save(remembered)
    assert [text for text in asked if not text.startswith("An export is being written")] == []
    said = [record.message for record in qtlog.records]
    assert [text for text in said if not any(word in text for word in HARMLESS)] == []
    assert {thread.name for thread in threading.enumerate()} <= before
    assert monkey.edits > ACTIONS // 5
    assert monkey.exports > 0
    assert not list(tmp_path.rglob("*.part"))
