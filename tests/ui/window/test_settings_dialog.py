"""The settings: what is chosen is told, a key given twice is named, the cache is cleared."""

import pytest
from PySide6.QtWidgets import QKeySequenceEdit

from ui.preferences import Preferences
from ui.session.worker import Worker
from ui.window.keys import COMMANDS, GROUPS
from ui.window.settings_dialog import KEYS_EACH, SettingsDialog
from usummary import pipeline
from usummary.analysis import feature_cache
from usummary.settings import DEFAULT_MODEL


@pytest.fixture
def dialog(qtbot):
    looker = Worker("settings")
    made = SettingsDialog(Preferences(notice_read=True, keys={"fit": ("Ctrl+G",)}), looker)
    qtbot.addWidget(made)
    made.show()
    yield made
    looker.close()


def test_nothing_chosen_changes_nothing(dialog) -> None:
    assert dialog.choice() == Preferences(notice_read=True, keys={"fit": ("Ctrl+G",)})


def test_the_fields_of_keys_are_made_in_several_turns(qtbot) -> None:
    """All in one kept the window waiting for longer than a person overlooks."""
    looker = Worker("settings")
    dialog = SettingsDialog(Preferences(keys={"fit": ("Ctrl+G",)}), looker)
    qtbot.addWidget(dialog)
    counts = [0]
    dialog.keys._next.timeout.connect(
        lambda: counts.append(len(dialog.keys.findChildren(QKeySequenceEdit)))
    )
    assert not dialog.keys.findChildren(QKeySequenceEdit)
    qtbot.waitUntil(lambda: counts[-1] == KEYS_EACH * len(COMMANDS))
    assert len(counts) == 1 + len(GROUPS)
    assert dialog.keys.chosen() == {"fit": ("Ctrl+G",)}
    looker.close()


def test_what_is_chosen_is_told(qtbot, dialog, tmp_path) -> None:
    page = dialog.general
    for combo, key in ((page.theme, "light"), (page.device, "cpu"), (page.length, "25%")):
        combo.setCurrentIndex(combo.findData(key))
    page.limit.setValue(1.5)
    page.folder.setText(str(tmp_path))
    dialog.keys.set_key("reject", 0, "Ctrl+D")
    with qtbot.waitSignal(dialog.wanted) as told:
        dialog.save_button.click()
    assert told.args == [
        Preferences(
            notice_read=True, theme="light", device="cpu", length="25%", cache_gb=1.5,
            cache_folder=str(tmp_path), keys={"fit": ("Ctrl+G",), "reject": ("Ctrl+D",)},
        )
    ]  # fmt: skip


def test_models_and_the_cache_are_looked_up_meanwhile(qtbot, dialog) -> None:
    qtbot.waitUntil(lambda: "MiB" in dialog.general.used.text())
    model = dialog.general.model
    found = {model.itemData(place) for place in range(model.count())}
    assert found == {made.name for made in pipeline.models() if made.role == "summariser"}
    assert model.currentData() == DEFAULT_MODEL


def test_a_key_given_twice_is_named_and_cannot_be_saved(dialog) -> None:
    dialog.keys.set_key("fit", 0, "E")
    assert not dialog.save_button.isEnabled()
    assert "E means both" in dialog.keys.trouble.text()
    assert "All of the timeline" in dialog.keys.trouble.text()
    dialog.keys.reset()
    assert dialog.save_button.isEnabled()
    assert dialog.keys.chosen() == {}


def test_clearing_takes_only_what_the_cache_made(tmp_path) -> None:
    feature_cache.keep_in(tmp_path, 5000)
    try:
        (tmp_path / ("a" * 32)).mkdir()
        (tmp_path / ("a" * 32) / "00000.npz").write_bytes(b"x" * 3000)
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "text").write_bytes(b"mine")
        assert feature_cache.size() == 3000
        feature_cache.prune(feature_cache.root())
        assert feature_cache.size() == 3000
        feature_cache.keep_in(tmp_path, 2000)
        feature_cache.prune(feature_cache.root())
        assert feature_cache.size() == 0
        assert (tmp_path / "thesis" / "text").read_bytes() == b"mine"
        (tmp_path / ("b" * 32)).mkdir()
        feature_cache.clear()
        assert [path.name for path in tmp_path.iterdir()] == ["thesis"]
    finally:
        feature_cache.keep_in()
