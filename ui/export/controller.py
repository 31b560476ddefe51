"""Asks what to export: shows the export sheet, and the review of the masks."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from ui.export.mask_review import MaskReview
from ui.export.outline import Polygon
from ui.export.sheet import ExportSheet
from ui.session.session import Session


class Exporting(QObject):
    """Asks what to export of the session's exam.

    Signals:
        wanted: Folder and `ExportOptions`.
    """

    wanted = Signal(object, object)

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._state, self._window = session, session.state, window
        self._sheet: ExportSheet | None = None

    def ask(self, folder: Path) -> None:
        """Shows the sheet over the window, with `folder` proposed."""
        summary, opened = self._state.summary, self._state.opened
        if summary is None or opened is None:
            return
        # Imported here, because it loads libraries that would delay the window's start.
        from usummary.export import ExportOptions, SizeEstimate, estimate

        def guess(options: ExportOptions) -> SizeEstimate:
            return estimate(self._state.summary or summary, opened.recordings, options)

        self._sheet = ExportSheet(folder, ExportOptions(), guess, self._window)
        self._sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._sheet.wanted.connect(self.wanted)
        self._sheet.review_wanted.connect(self.review)
        self._sheet.destroyed.connect(self._forget)
        self._show_masks()
        self._sheet.open()

    @Slot()
    def review(self) -> None:
        """Shows the outlines, to be confirmed."""
        path, computed, opened = self._state.path, self._state.computed, self._state.opened
        if path is None or computed is None or opened is None or not self._state.can_edit:
            return
        self._session.playback.pause()
        sizes = tuple((info.width, info.height) for info in opened.recordings)
        masks = self._state.edits.masks
        parent, stream = self._sheet or self._window, self._state.video_stream
        review = MaskReview(path, sizes, computed.regions, masks, parent, stream=stream)
        review.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        review.confirmed.connect(self._confirm)
        review.open()

    @Slot(int, object)
    def _confirm(self, recording: int, polygon: Polygon) -> None:
        self._session.editing.set_mask(recording, polygon)
        self._show_masks()

    def _show_masks(self) -> None:
        if self._sheet is not None and self._state.computed is not None:
            regions = self._state.computed.regions
            masks = self._state.edits.masks or (None,) * len(regions)
            missing = any(
                mask is None and region.source == "whole"
                for mask, region in zip(masks, regions, strict=True)
            )
            self._sheet.show_masks([mask is not None for mask in masks], missing=missing)

    @Slot()
    def _forget(self) -> None:
        self._sheet = None
