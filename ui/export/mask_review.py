"""The review of what an export leaves visible: a person checks, corrects and confirms outlines.

The outline that the program found is only a proposal: scanners differ too much to trust it unseen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QImage
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ui.common.language import tr
from ui.common.widgets import label, push_button
from ui.export.outline import OutlineView, Polygon
from ui.session.frames import to_image
from ui.session.worker import Operation, Worker
from usummary.progress import Progress, Report
from usummary.types import Region

SAMPLES = 7


def sample_pictures(path: Path, recording: int, stream: int = 0) -> Operation:
    """The median of a few frames spread over a recording and the frames, as `QImage`s.

    Still parts of the screen, such as a name, are easy to see in the median.
    """

    def work(report: Report) -> list[QImage]:
        report(Progress("reading", 0.0))
        from usummary.readers import open_exam

        with open_exam(path, stream=stream) as exam:
            source = exam.recordings[recording]
            syncs = source.sync_frames
            if len(syncs) < SAMPLES:
                syncs = np.arange(source.info.frame_count)
            picks = np.unique(np.linspace(0, len(syncs) - 1, SAMPLES).round().astype(int))
            frames = []
            for number, pick in enumerate(picks):
                frames.append(source.frame(int(syncs[pick])).pixels)
                report(Progress("reading", (number + 1) / (len(picks) + 1)))
            median = np.median(np.stack(frames), axis=0).astype(np.uint8)
            return [to_image(picture) for picture in (median, *frames)]

    return work


class MaskReview(QDialog):
    """The outlines of an exam, recording after recording.

    Args:
        path: The exam.
        sizes: Width and height of each recording's pictures.
        found: Regions as the program found them.
        confirmed_before: Outlines that the person confirmed already, None for the others.
        parent: The window.
        stream: Which of several video streams (`Settings.video_stream`).

    Signals:
        confirmed: A recording and its outline, as the person wants it.
    """

    confirmed = Signal(int, object)

    def __init__(
        self,
        path: Path,
        sizes: tuple[tuple[int, int], ...],
        found: tuple[Region, ...],
        confirmed_before: tuple[Polygon | None, ...] = (),
        parent: QWidget | None = None,
        *,
        stream: int = 0,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("What exports leave visible"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.resize(900, 680)
        self._path, self._sizes, self._stream = path, sizes, stream
        self._proposals = [
            _corners(region, *size) for region, size in zip(found, sizes, strict=True)
        ]
        self._confirmed = list(confirmed_before) or [None] * len(found)
        self._outlines = [
            done or proposal
            for done, proposal in zip(self._confirmed, self._proposals, strict=True)
        ]
        self._images: list[QImage] = []
        self._shown = 0
        self._worker = Worker("mask review", self)
        self._worker.succeeded.connect(self._take)
        self._worker.failed.connect(self._fail)
        self._worker.ended.connect(self._read_next)
        self._reading = -1
        self._build()
        self._show_recording(0)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(
            label(
                tr(
                    "Only what lies inside the outline is exported. Names, dates and numbers must "
                    "lie outside. Drag corners; click an edge for a new one, right-click one away."
                ),
                wrap=True,
            )
        )
        self.recording = QComboBox()
        self.recording.setAccessibleName(tr("Recording"))
        self.recording.addItems(
            [tr("Recording {number}", number=n + 1) for n in range(len(self._sizes))]
        )
        self.recording.currentIndexChanged.connect(self._show_recording)
        self.recording.setVisible(len(self._sizes) > 1)
        self.picture = QComboBox()
        self.picture.setAccessibleName(tr("Picture below the outline"))
        self.picture.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.picture.currentIndexChanged.connect(self._show_picture)
        self.status = label("", "muted")
        row = QHBoxLayout()
        row.addWidget(self.recording)
        row.addWidget(self.picture)
        row.addStretch(1)
        row.addWidget(self.status)
        layout.addLayout(row)
        self.view = OutlineView()
        self.view.edited.connect(self._take_edit)
        layout.addWidget(self.view, 1)
        layout.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(push_button(tr("Proposal"), self.reset))
        row.addWidget(push_button(tr("Whole picture"), self.show_whole))
        row.addStretch(1)
        row.addWidget(push_button(tr("Close"), self.close))
        self.confirm_button = push_button(tr("Confirm"), self.confirm, name="primary")
        self.confirm_button.setDefault(True)
        row.addWidget(self.confirm_button)
        return row

    def reset(self) -> None:
        """Shows the outline that the program found."""
        self._set(self._proposals[self._shown])

    def show_whole(self) -> None:
        """Shows the border of the picture as the outline."""
        self._set(_border(*self._sizes[self._shown]))

    def confirm(self) -> None:
        """Confirms the outline on screen and goes to the next unconfirmed recording."""
        self._confirmed[self._shown] = self.view.polygon
        self.confirmed.emit(self._shown, self.view.polygon)
        if None in self._confirmed:
            self.recording.setCurrentIndex(self._confirmed.index(None))
            self._show_status()
        else:
            self.accept()

    def _set(self, polygon: Polygon) -> None:
        self._outlines[self._shown] = polygon
        self.view.show_outline(polygon, *self._sizes[self._shown])
        self._show_status()

    @Slot()
    def _take_edit(self) -> None:
        self._outlines[self._shown] = self.view.polygon
        self._show_status()

    @Slot(int)
    def _show_recording(self, recording: int) -> None:
        self._shown = recording
        self._images = []
        self.picture.clear()
        self.view.show_image(None)
        self._set(self._outlines[recording])
        self.view.setFocus()
        self._read_next()

    @Slot()
    def _read_next(self) -> None:
        """Reads the pictures of the recording on screen, after the present reading has ended."""
        if self._worker.busy:
            self._worker.cancel()
        elif not self._images and self._reading != self._shown:
            self._reading = self._shown
            self._worker.start(sample_pictures(self._path, self._shown, self._stream))

    @Slot(object)
    def _take(self, images: list[QImage]) -> None:
        if self._reading != self._shown:
            return
        self._images = images
        names = [tr("Picture {number}", number=n) for n in range(1, len(images))]
        self.picture.addItems([tr("Median of all"), *names])

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.status.setText(str(error))

    @Slot(int)
    def _show_picture(self, number: int) -> None:
        if 0 <= number < len(self._images):
            self.view.show_image(self._images[number])

    def _show_status(self) -> None:
        done = self._confirmed[self._shown]
        if done is not None and done == self._outlines[self._shown]:
            text = tr("Confirmed")
        elif self._outlines[self._shown] == self._proposals[self._shown]:
            text = tr("Proposed by the program")
        else:
            text = tr("Changed, not confirmed yet")
        self.status.setText(text)

    def done(self, result: int) -> None:
        self._worker.close()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._worker.close()
        super().closeEvent(event)


def _corners(region: Region, width: int, height: int) -> Polygon:
    return region.polygon if len(region.polygon) > 2 else _border(width, height)


def _border(width: int, height: int) -> Polygon:
    return (0, 0), (width, 0), (width, height), (0, height)
