"""The player: the picture, its controls, and where in the exam it is."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from ui.icons import icon
from ui.playback import Playback
from ui.state import State, clock
from ui.view import PictureView
from ui.widgets import icon_button, label, panel
from usummary.edits import Span


class Player(QWidget):
    """The picture and its controls.

    Signals:
        jump_wanted: ``shot`` or ``freeze``, and a direction of +1 or -1.
    """

    jump_wanted = Signal(str, int)

    def __init__(self, state: State, playback: Playback, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.playback = playback
        self.view = PictureView(self)
        self._time = label("", "time")
        self._frame = label("", "muted")
        self._speed = label("", "muted")
        self._speed.setMinimumWidth(48)
        self.buttons: dict[str, QToolButton] = {}
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
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(4)
        place = QVBoxLayout()
        place.setSpacing(0)
        place.addWidget(self._time)
        place.addWidget(self._frame)
        row.addLayout(place)
        row.addStretch(1)
        playback = self.playback
        jump = self.jump_wanted.emit
        controls: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("freeze_back", "Previous freeze-frame (Shift+F)", lambda: jump("freeze", -1)),
            ("shot_back", "Previous key shot (Up)", lambda: jump("shot", -1)),
            ("frame_back", "One frame back (,)", lambda: playback.step(-1)),
            ("play", "Play or pause (Space)", playback.toggle),
            ("frame_forward", "One frame on (.)", lambda: playback.step(1)),
            ("shot_forward", "Next key shot (Down)", lambda: jump("shot", 1)),
            ("freeze_forward", "Next freeze-frame (F)", lambda: jump("freeze", 1)),
        )
        for picture, tip, call in controls:
            self.buttons[picture] = icon_button(picture, tip, call)
            row.addWidget(self.buttons[picture])
        row.addStretch(1)
        row.addWidget(self._speed)
        toggles: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("loop", "Loop the shot (R)", self._loop),
            ("reel", "Play only the key shots", self._play_only),
            ("outline", "Outline of the ultrasound sector", self._show_place),
            ("mask", "Black around the sector, as exports have it (M)", self._show_place),
        )
        for picture, tip, call in toggles:
            self.buttons[picture] = icon_button(picture, tip, call)
            self.buttons[picture].setCheckable(True)
            row.addWidget(self.buttons[picture])
        self.buttons["outline"].setChecked(True)
        layout.addWidget(bar)

    def _play_only(self) -> None:
        self.playback.only_key_shots = self.buttons["reel"].isChecked()
        if self.buttons["reel"].isChecked() and not self.playback.speed:
            self.playback.play()

    def toggle_loop(self) -> None:
        """Loops the selected shot, else the one under the playhead; or ends that."""
        self.buttons["loop"].click()

    def toggle_mask(self) -> None:
        self.buttons["mask"].click()

    def _loop(self) -> None:
        shot = self._state.target_shot
        wanted = self.buttons["loop"].isChecked() and shot is not None
        self.playback.loop(self._state.shots[shot] if wanted and shot is not None else None)
        self._show_loop()

    @Slot()
    def _show_loop(self) -> None:
        self.buttons["loop"].setChecked(self.playback.looping is not None)

    def refresh(self) -> None:
        """Shows what the state says: which controls work, and the outline."""
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
        looping = self.playback.looping
        spans = {Span.of(shot) for shot in self._state.shots}
        if looping is not None and Span.of(looping) not in spans:
            self.playback.loop(None)  # an edit cut it anew
        self._show_place()

    @Slot()
    def _show_place(self) -> None:
        opened = self._state.opened
        if opened is None:
            self._time.setText("")
            self._frame.setText("")
            self.view.show_region(None, outlined=False, masked=False)
            return
        table, at = opened.table, self._state.playhead_s
        recording, frame = table.place_of(self.playback.due)
        total = table.starts[recording + 1] - table.starts[recording]
        self._time.setText(f"{clock(at, digits=3)} / {clock(table.end_s)}")
        which = f" of recording {recording + 1}" if len(opened.recordings) > 1 else ""
        near = "near " if self.playback.scrubbing else ""
        self._frame.setText(f"{near}frame {frame + 1:,} / {total:,}{which}")
        analysis = self._state.analysis
        self.view.show_region(
            analysis.regions[recording] if analysis is not None else None,
            outlined=self.buttons["outline"].isChecked(),
            masked=self.buttons["mask"].isChecked(),
        )

    @Slot(float)
    def _show_speed(self, speed: float) -> None:
        self.buttons["play"].setIcon(icon("pause" if speed else "play"))
        shown = "" if math.isclose(speed, 1.0) or not speed else f"{speed:g}×".replace("-", "−")
        self._speed.setText(shown)
