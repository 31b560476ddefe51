"""The call behind each command of the window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from ui.cohort.controller import Cohorts
from ui.compare.controller import Compare
from ui.export.controller import Exporting
from ui.player.player import Player
from ui.session.navigation import Navigation, unless_focused
from ui.session.session import Session
from ui.session.state import LENGTHS
from ui.timeline.timeline import Timeline
from ui.window.header import LengthControl


class Parts(Protocol):
    """The parts and methods of the window that commands use."""

    session: Session
    navigation: Navigation
    exporting: Exporting
    player: Player
    timeline: Timeline
    compare: Compare
    cohort: Cohorts
    length: LengthControl

    def ask_open(self) -> None: ...
    def ask_open_folder(self) -> None: ...
    def ask_export(self) -> None: ...
    def ask_save_as(self) -> None: ...
    def cancel(self) -> None: ...
    def show_settings(self) -> None: ...
    def show_keys(self) -> None: ...
    def close(self) -> bool: ...


def commands(window: Parts) -> dict[str, Callable[[], object]]:
    """A call for every id of `ui.window.keys.COMMANDS`."""
    session = window.session
    playback, go, editing = session.playback, window.navigation, session.editing
    calls: dict[str, Callable[[], object]] = {
        "open": window.ask_open,
        "open_folder": window.ask_open_folder,
        "run": session.run,
        "export": window.ask_export,
        "review_mask": window.exporting.review,
        "save_as": window.ask_save_as,
        "cancel": window.cancel,
        "settings": window.show_settings,
        "quit": window.close,
        "play": unless_focused(playback.toggle),
        "slower": lambda: playback.change_speed(-1),
        "faster": lambda: playback.change_speed(1),
        "frame_back": lambda: playback.step(-1),
        "frame_on": lambda: playback.step(1),
        "second_back": lambda: go.move(-1.0),
        "second_on": lambda: go.move(1.0),
        "loop": partial(window.player.toggle, "loop"),
        "reel": partial(window.player.toggle, "reel"),
        "shot_back": lambda: go.jump("shot", -1),
        "shot_on": lambda: go.jump("shot", 1),
        "freeze_on": lambda: go.jump("freeze", 1),
        "freeze_back": lambda: go.jump("freeze", -1),
        "start": lambda: playback.seek(0.0),
        "end": lambda: playback.seek(float("inf")),
        "undo": editing.undo,
        "redo": editing.redo,
        "keep": unless_focused(lambda: editing.decide_here("keep")),
        "reject": lambda: editing.decide_here("reject"),
        "lock": lambda: editing.decide_here("lock"),
        "split": editing.split,
        "mark_in": lambda: session.set_point("in"),
        "mark_out": lambda: session.set_point("out"),
        "add_shot": editing.add_shot,
        "clear_points": session.clear_points,
        "add_freeze": editing.add_freeze,
        "closer": lambda: window.timeline.zoom(0.8),
        "wider": lambda: window.timeline.zoom(1.25),
        "fit": window.timeline.fit,
        "outline": partial(window.player.toggle, "outline"),
        "mask": partial(window.player.toggle, "mask"),
        "picture_fit": window.player.view.fit,
        "picture_full": window.player.view.zoom_full,
        "compare": window.compare.toggle,
        "cohort": window.cohort.toggle,
        "keys": window.show_keys,
    }
    calls["cover"] = window.length.cover_button.click
    for number, length in enumerate(LENGTHS, start=1):
        calls[f"length_{number}"] = partial(window.length.choose, length)
    return calls
