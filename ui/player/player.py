"""The player: the picture, its controls, and its place in the exam."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.common.language import tr
from ui.common.widgets import IconButton, icon_button, label, panel
from ui.player.picture_view import PictureView
from ui.player.track import Track
from ui.session.playback import Playback
from ui.session.state import State, clock
from usummary.selection.edits import ShotSpan

CONTROLS = (
    ("freeze_back", "Previous freeze-frame"),
    ("shot_back", "Previous key shot"),
    ("frame_back", "One frame back"),
    ("play", "Play or pause"),
    ("frame_on", "One frame on"),
    ("shot_on", "Next key shot"),
    ("freeze_on", "Next freeze-frame"),
)
TOGGLES = (
    ("loop", "Loop the shot"),
    ("reel", "Play only the key shots"),
    ("outline", "Outline of the ultrasound sector"),
    ("mask", "Black around the sector, as exports have it"),
)
POINTS = (
    ("mark_in", "In point: the picture on screen is the first one"),
    ("mark_out", "Out point: the picture on screen is the last one"),
    ("add_shot", "Add a shot between in and out point"),
)
"""Tool tips of buttons by command id in `ui.window.keys.COMMANDS`, which is the icon's name too."""
PLACE_PX = 150
"""Room for the time of a short exam, so that nothing moves while an exam is being opened."""
WAIT_MS = 150
"""A picture that comes sooner is not announced: the words would only flicker."""
PLACES = {
    (False, False): "frame {frame:,} / {total:,}",
    (False, True): "near frame {frame:,} / {total:,}",
    (True, False): "frame {frame:,} / {total:,} of recording {recording}",
    (True, True): "near frame {frame:,} / {total:,} of recording {recording}",
}
"""Text about the picture on screen; keys: several recordings, and the person drags."""


class Player(QWidget):
    """The picture, the track below it, and the controls.

    Signals:
        command_wanted: Id of a button's command in `ui.window.keys.COMMANDS`.
    """

    command_wanted = Signal(str)

    def __init__(self, state: State, playback: Playback, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.playback = playback
        self.view = PictureView(self)
        self.track = Track(state)
        self._time = label("", "time")
        self._time.setMinimumWidth(PLACE_PX)
        self._frame = label("", "muted")
        self.buttons: dict[str, IconButton] = {}
        self._waits = QTimer(self)
        self._waits.setSingleShot(True)
        self._waits.setInterval(WAIT_MS)
        self._waits.timeout.connect(self._show_waiting)
        self._build()
        self.playback.shown.connect(self.view.show_image)
        self.playback.shown.connect(self._show_place)
        self.playback.moved.connect(self._show_place)
        self.playback.speed_changed.connect(self._show_speed)
        self.playback.looped.connect(self._show_loop)
        self.refresh()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        bar = panel("transport")
        column = QVBoxLayout(bar)
        column.setContentsMargins(12, 4, 12, 6)
        column.setSpacing(2)
        column.addLayout(self._upper_row())
        column.addLayout(self._lower_row())
        layout.addWidget(bar)

    def _upper_row(self) -> QHBoxLayout:
        """The track between the buttons for in and out point."""
        row = QHBoxLayout()
        row.setSpacing(4)
        for name, tip in POINTS:
            self._add(name, tip, partial(self.command_wanted.emit, name))
        row.addWidget(self.buttons["mark_in"])
        row.addWidget(self.track, 1)
        row.addWidget(self.buttons["mark_out"])
        row.addWidget(self.buttons["add_shot"])
        return row

    def _lower_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(1)  # so that the row fits a window of 1024 pixels
        place = QVBoxLayout()
        place.setSpacing(0)
        place.addWidget(self._time)
        place.addWidget(self._frame)
        row.addLayout(place)
        row.addStretch(1)
        for name, tip in CONTROLS:
            row.addWidget(self._add(name, tip, partial(self.command_wanted.emit, name)))
        row.addStretch(1)
        toggled: dict[str, Callable[[], object]] = {
            "loop": self._loop,
            "reel": self._play_only,
            "outline": self._show_place,
            "mask": self._show_place,
        }
        for name, tip in TOGGLES:
            button = self._add(name, tip, toggled[name])
            button.setCheckable(True)
            row.addWidget(button)
        self.buttons["outline"].setChecked(True)
        return row

    def _add(self, name: str, tip: str, call: Callable[[], object]) -> IconButton:
        self.buttons[name] = icon_button(name, tr(tip), call)
        return self.buttons[name]

    def _play_only(self) -> None:
        self.playback.only_key_shots = self.buttons["reel"].isChecked()
        if self.buttons["reel"].isChecked() and not self.playback.speed:
            self.playback.play()

    def toggle(self, name: str) -> None:
        """Does what pressing one of the buttons in `TOGGLES` does."""
        self.buttons[name].click()

    def _loop(self) -> None:
        shot = self._state.target_shot
        wanted = self.buttons["loop"].isChecked() and shot is not None
        self.playback.loop(self._state.shots[shot] if wanted and shot is not None else None)
        self._show_loop()

    @Slot()
    def _show_loop(self) -> None:
        self.buttons["loop"].setChecked(self.playback.looping is not None)

    def refresh(self) -> None:
        """Shows the state: enables controls and draws the outline."""
        opened = self._state.opened is not None
        for button in self.buttons.values():
            button.setEnabled(opened)
        has_shots = bool(self._state.key_shots)
        self.buttons["reel"].setEnabled(has_shots)
        if not has_shots and self.buttons["reel"].isChecked():
            self.buttons["reel"].setChecked(False)
            self.playback.only_key_shots = False
        for name in ("outline", "mask"):
            self.buttons[name].setEnabled(self._state.analysis is not None)
        self.buttons["loop"].setEnabled(bool(self._state.shots))
        between = self._state.between_points is not None
        self.buttons["add_shot"].setEnabled(self._state.can_edit and between)
        looping = self.playback.looping
        spans = {ShotSpan.of(shot) for shot in self._state.shots}
        if looping is not None and ShotSpan.of(looping) not in spans:
            self.playback.loop(None)  # an edit has changed its borders
        self._show_place()

    @Slot()
    def _show_place(self) -> None:
        opened = self._state.opened
        if opened is None:
            self._time.setText("")
            self._frame.setText("")
            self.view.show_waiting("")
            self.view.show_region(None, outlined=False, masked=False)
            return
        table, here = opened.table, self._state.here
        at = self._state.here_s
        recording, frame = table.place_of(here)
        total = table.starts[recording + 1] - table.starts[recording]
        self._time.setText(f"{clock(at, digits=3)} / {clock(table.end_s)}")
        several, near = len(opened.recordings) > 1, self.playback.scrubbing
        text = PLACES[several, near]
        place = tr(text, frame=frame + 1, total=total, recording=recording + 1)
        speed = self.playback.speed
        shown = "" if math.isclose(speed, 1.0) or not speed else f"  ·  {speed:g}×"
        self._frame.setText(place + shown.replace("-", "−"))
        self._show_waiting()
        self.track.update()
        analysis = self._state.analysis
        self.view.show_region(
            analysis.regions[recording] if analysis is not None else None,
            outlined=self.buttons["outline"].isChecked(),
            masked=self.buttons["mask"].isChecked(),
        )

    @Slot()
    def _show_waiting(self) -> None:
        """Says on the picture that another one is being decoded, once that takes longer."""
        if self.playback.lacking:
            self._waits.stop()
            there = clock(self._state.playhead_s, digits=3)
            self.view.show_waiting(tr("There is no picture at {time}", time=there))
        elif not self.playback.waiting:
            self._waits.stop()
            self.view.show_waiting("")
        elif self._waits.isActive():
            return
        elif self.sender() is self._waits or self.view.waits_for:
            wanted = clock(self._state.playhead_s, digits=3)
            self.view.show_waiting(tr("Loading {time} …", time=wanted))
        else:
            self._waits.start()

    @Slot(float)
    def _show_speed(self, speed: float) -> None:
        self.buttons["play"].show_picture("pause" if speed else "play")
        self._show_place()
