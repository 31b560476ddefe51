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


def test_nothing_kept_means_the_defaults() -> None:
    assert preferences.load() == Preferences()


@pytest.mark.parametrize("text", ["", "no json", "[]", "\ud800", "[" * 100_000, " " * 2**21])
def test_a_damaged_file_means_the_defaults_and_is_said(text) -> None:
    (data_dir() / "window.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    assert preferences.load() == Preferences(damaged=("all of them",))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("length", '"0%"'), ("length", "null"), ("length", "15"), ("length", '"1e3"'),
        ("cache_gb", "Infinity"), ("cache_gb", "NaN"), ("cache_gb", "1e308"), ("cache_gb", "-1"),
        ("cache_gb", "1" + 400 * "0"), ("cache_gb", "true"), ("cache_gb", '"x"'),
        ("theme", '"pink"'), ("theme", "[]"), ("device", "3"), ("device", "{}"),
        ("keys", "[1]"), ("keys", '{"play": [1]}'), ("keys", '{"play": "P"}'),
        ("recent", "3"), ("recent", "[[]]"), ("recent", '["a\\u0000b"]'),
        ("model", '"../../x"'), ("language", '"..\\\\x"'), ("geometry", '"zz"'),
        ("export_folder", '"\\ud800"'), ("cache_folder", "7"), ("notice_read", "1"),
    ],
)  # fmt: skip
def test_one_damaged_value_costs_no_other_and_is_said(name, value) -> None:
    text = f'{{"export_folder": "/out", "unknown": 1, "{name}": {value}}}'
    (data_dir() / "window.json").write_text(text, encoding="utf-8")
    folder = "" if name == "export_folder" else "/out"
    damaged = (name.replace("_", " "),)
    assert preferences.load() == Preferences(export_folder=folder, damaged=damaged)


def test_a_write_that_fails_midway_leaves_what_was_kept(monkeypatch) -> None:
    kept = Preferences(theme="light")
    preferences.save(kept)

    def torn(path, text, **_):
        with path.open("w") as file:
            file.write(text[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", torn)
    preferences.save(Preferences(theme="system"))
    assert preferences.load() == kept
    assert not list(data_dir().glob("*.part"))


def test_recent_files_are_few_and_newest_first() -> None:
    kept = Preferences()
    for number in [*range(12), 5]:
        kept = kept.with_recent(Path(f"/{number}.mp4"))
    assert len(kept.recent) == RECENT
    assert [Path(path).stem for path in kept.recent[:3]] == ["5", "11", "10"]
