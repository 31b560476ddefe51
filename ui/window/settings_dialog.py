"""What the person can choose for good: look, runs, cache, keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ui.common.language import language_name, languages, tr
from ui.common.theme import THEMES
from ui.common.widgets import label, panel, push_button
from ui.preferences import Preferences
from ui.session.state import LENGTHS
from ui.session.worker import Worker
from ui.window.keys import COMMANDS, GROUPS, Command, Keys, conflicts, effective
from usummary.analysis import feature_cache
from usummary.progress import Report
from usummary.settings import DEFAULT_MODEL

DEVICES = {"auto": "The fastest there is", "cpu": "CPU", "cuda": "NVIDIA GPU (CUDA)"}
KEYS_EACH = 2
"""Keys that one thing can have."""


class SettingsDialog(QDialog):
    """The settings. Nothing changes before "Save".

    Args:
        preferences: What was chosen so far.
        looker: Finds models and the cache's size meanwhile.
        parent: The window.

    Signals:
        wanted: The `Preferences` to use from now on.
        clear_wanted: All kept features are to be deleted.
    """

    wanted = Signal(object)
    clear_wanted = Signal()

    def __init__(
        self, preferences: Preferences, looker: Worker, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self._before = preferences
        self._looker = looker
        self.general = GeneralPage(preferences)
        self.keys = KeysPage(preferences.keys)
        self.save_button = push_button(tr("Save"), self._save, name="primary")
        self.save_button.setDefault(True)
        tabs = QTabWidget()
        tabs.tabBar().setDrawBase(False)
        tabs.addTab(self.general, tr("General"))
        tabs.addTab(self.keys, tr("Keys"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(tabs, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(push_button(tr("Cancel"), self.reject))
        row.addWidget(self.save_button)
        layout.addLayout(row)
        self.resize(620, 560)
        self.keys.changed.connect(self._check)
        self.general.clear_button.clicked.connect(self._clear)
        looker.succeeded.connect(self._show_found)
        self._look()

    def choice(self) -> Preferences:
        """What would be saved now."""
        return self.keys.chosen_into(self.general.chosen_into(self._before))

    def _look(self) -> None:
        if not self._looker.busy:
            self._looker.start(_find)

    @Slot(object)
    def _show_found(self, found: tuple[tuple[str, ...], int]) -> None:
        self.general.show_found(*found)

    @Slot()
    def _clear(self) -> None:
        self.clear_wanted.emit()
        self._look()

    @Slot()
    def _check(self) -> None:
        self.save_button.setEnabled(not self.keys.show_conflicts())

    @Slot()
    def _save(self) -> None:
        self.accept()
        self.wanted.emit(self.choice())


def _find(_: Report) -> tuple[tuple[str, ...], int]:
    """Names of the summarisers, and the bytes that kept features take."""
    from usummary import pipeline

    names = tuple(model.name for model in pipeline.models() if model.role == "summariser")
    return names, feature_cache.size()


class GeneralPage(QWidget):
    """Everything but the keys."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self._model = preferences.model or DEFAULT_MODEL
        form = QFormLayout(self)
        form.setContentsMargins(12, 16, 12, 12)
        form.setVerticalSpacing(9)
        form.setHorizontalSpacing(18)
        self.theme = _combo({key: tr(text) for key, text in THEMES.items()}, preferences.theme)
        names = {code: language_name(code) for code in languages()}
        self.language = _combo(names, preferences.language)
        self.length = _combo({text: text for text in LENGTHS if text != "P"}, preferences.length)
        self.device = _combo({key: tr(text) for key, text in DEVICES.items()}, preferences.device)
        self.model = _combo({self._model: self._model}, self._model)
        self.limit = QDoubleSpinBox()
        self.limit.setRange(0.5, 1000.0)
        self.limit.setDecimals(1)
        self.limit.lineEdit().setTextMargins(6, 0, 0, 0)
        self.limit.setSuffix(tr(" GiB"))
        self.limit.setValue(preferences.cache_gb)
        self.folder = QLineEdit(preferences.cache_folder)
        self.folder.setPlaceholderText(str(feature_cache.usual_root()))
        self.used = label(tr("Looking …"), "muted")
        self.clear_button = QPushButton(tr("Clear"))
        self.clear_button.setAutoDefault(False)
        for text, field in (
            (tr("Colours"), self.theme),
            (tr("Language (from the next start)"), self.language),
            (tr("Length of a new summary"), self.length),
            (tr("Networks run on"), self.device),
            (tr("Model"), self.model),
            (tr("Kept features take at most"), self.limit),
            (tr("They are kept in"), self._folder_row()),
            (tr("They take now"), self._used_row()),
        ):
            field.setAccessibleName(text)
            form.addRow(label(text), field)
        note = label(
            tr("Kept features make a second run of a recording quick. They hold no picture."),
            "muted",
            wrap=True,
        )
        form.addRow("", note)

    def show_found(self, models: tuple[str, ...], used: int) -> None:
        """Names of the models there are, and how much the kept features take, bytes."""
        chosen = self.model.currentData()
        self.model.clear()
        for name in dict.fromkeys((*models, chosen)):
            self.model.addItem(name, name)
        self.model.setCurrentIndex(self.model.findData(chosen))
        self.used.setText(tr("{mib:,.0f} MiB", mib=used / 2**20))

    def chosen_into(self, before: Preferences) -> Preferences:
        model = self.model.currentData()
        return replace(
            before,
            theme=self.theme.currentData(),
            language=self.language.currentData(),
            length=self.length.currentData(),
            device=self.device.currentData(),
            model="" if model == DEFAULT_MODEL else model,
            cache_folder=self.folder.text().strip(),
            cache_gb=self.limit.value(),
        )

    def _folder_row(self) -> QWidget:
        self.folder.setAccessibleName(tr("They are kept in"))
        browse = push_button(tr("Choose …"), self._browse)
        browse.setAutoDefault(False)
        return _row(self.folder, browse)

    def _used_row(self) -> QWidget:
        return _row(self.used, self.clear_button)

    @Slot()
    def _browse(self) -> None:
        start = self.folder.text() or str(feature_cache.usual_root())
        chosen = QFileDialog.getExistingDirectory(self, tr("Folder of kept features"), start)
        if chosen:
            self.folder.setText(str(Path(chosen) / "usummary-features"))


class KeysPage(QWidget):
    """Two keys for everything that can be done.

    A hundred fields take longer to make than a person overlooks, so each group of them is made in
    a turn of its own of the event loop. Fields that are not there yet hold the keys of before.

    Signals:
        changed: A key was changed.
    """

    changed = Signal()

    def __init__(self, chosen: Keys) -> None:
        super().__init__()
        self._before = effective(chosen)
        self._edits: dict[str, list[QKeySequenceEdit]] = {}
        self._missing = list(GROUPS)
        self.trouble = label("", "warning", wrap=True)
        inner = panel("page")
        self._grid = QGridLayout(inner)
        self._grid.setColumnStretch(0, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.trouble)
        reset = push_button(tr("All keys as they came"), self.reset)
        reset.setAutoDefault(False)
        layout.addWidget(reset, 0, Qt.AlignmentFlag.AlignLeft)
        self._next = QTimer(self, interval=0)
        self._next.timeout.connect(self._add_group)
        self._next.start()

    @Slot()
    def _add_group(self) -> None:
        """Makes the fields of one group more."""
        group = self._missing.pop(0)
        if not self._missing:
            self._next.stop()
        self._grid.addWidget(label(tr(group), "sectionTitle"), self._grid.rowCount(), 0)
        for command in (command for command in COMMANDS if command.group == group):
            self._add(command, self._before[command.id])

    def _add_all(self) -> None:
        while self._missing:
            self._add_group()

    def _add(self, command: Command, keys: tuple[str, ...]) -> None:
        grid, row = self._grid, self._grid.rowCount()
        grid.addWidget(label(tr(command.text), wrap=True), row, 0)
        self._edits[command.id] = []
        for place in range(KEYS_EACH):
            edit = QKeySequenceEdit()
            edit.setMaximumSequenceLength(1)
            edit.setClearButtonEnabled(True)
            edit.setMaximumWidth(150)
            name = tr("Key {number} for: {what}", number=place + 1, what=tr(command.text))
            edit.setAccessibleName(name)
            if place < len(keys):
                edit.setKeySequence(QKeySequence(keys[place]))
            edit.keySequenceChanged.connect(self._tell)
            grid.addWidget(edit, row, 1 + place)
            self._edits[command.id].append(edit)

    def set_key(self, name: str, place: int, key: str) -> None:
        """As if the person had pressed it there."""
        self._add_all()
        self._edits[name][place].setKeySequence(QKeySequence(key))

    def chosen(self) -> dict[str, tuple[str, ...]]:
        """Keys that are not the program's own."""
        found = {}
        for command in COMMANDS:
            keys = self._before[command.id]
            if (edits := self._edits.get(command.id)) is not None:
                texts = [edit.keySequence().toString() for edit in edits]
                keys = tuple(dict.fromkeys(text for text in texts if text))
            if keys != command.keys:
                found[command.id] = keys
        return found

    def chosen_into(self, before: Preferences) -> Preferences:
        return replace(before, keys=self.chosen())

    def show_conflicts(self) -> bool:
        """Names every key given twice; whether there is one."""
        lines = [
            tr("{key} means both “{one}” and “{other}”.", key=key, one=tr(a.text), other=tr(b.text))
            for key, a, b in conflicts(self.chosen())
        ]
        self.trouble.setText("\n".join(lines))
        return bool(lines)

    @Slot()
    def reset(self) -> None:
        """The program's own keys again."""
        self._add_all()
        for command in COMMANDS:
            for place, edit in enumerate(self._edits[command.id]):
                key = command.keys[place] if place < len(command.keys) else ""
                edit.setKeySequence(QKeySequence(key))

    @Slot(QKeySequence)
    def _tell(self, _: QKeySequence) -> None:
        self.changed.emit()


def _combo(items: dict[str, str], chosen: str) -> QComboBox:
    made = QComboBox()
    for key, text in items.items():
        made.addItem(text, key)
    made.setCurrentIndex(max(made.findData(chosen), 0))
    return made


def _row(wide: QWidget, narrow: QWidget) -> QWidget:
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(wide, 1)
    row.addWidget(narrow)
    return made
