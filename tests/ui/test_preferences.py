"""What the window remembers."""

from pathlib import Path

import pytest

from ui import preferences
from ui.preferences import RECENT, Preferences
from usummary.paths import data_dir


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    (data_dir() / "window.json").unlink(missing_ok=True)


def test_what_is_kept_comes_back() -> None:
    kept = Preferences(
        notice_read=True, export_folder="/aus gabe", theme="light", keys={"play": ("P", "Space")}
    ).with_recent(Path("/ä b/x.mp4"))
    preferences.save(kept)
    assert preferences.load() == kept


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"unknown": 1}', '{"recent": 3}'])
def test_a_damaged_file_means_the_defaults(text) -> None:
    (data_dir() / "window.json").write_text(text, encoding="utf-8")
    assert preferences.load() == Preferences()


def test_one_damaged_value_costs_no_other() -> None:
    text = '{"theme": "pink", "keys": [1], "cache_gb": "x", "device": 3, "notice_read": true}'
    (data_dir() / "window.json").write_text(text, encoding="utf-8")
    assert preferences.load() == Preferences(notice_read=True)


def test_recent_files_are_few_and_newest_first() -> None:
    kept = Preferences()
    for number in [*range(12), 5]:
        kept = kept.with_recent(Path(f"/{number}.mp4"))
    assert len(kept.recent) == RECENT
    assert [Path(path).stem for path in kept.recent[:3]] == ["5", "11", "10"]
