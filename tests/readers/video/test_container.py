"""Which stream of a file is read, and names that are no addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import STREAM_SIZES, read_code, write_streams
from usummary.errors import SettingsError, UnreadableFile
from usummary.readers import open_exam
from usummary.types import Streams


def opened(path: Path, stream: int = 0) -> tuple[int, tuple[str, ...]]:
    with open_exam(path, stream=stream) as exam:
        return read_code(exam.recordings[0].frame(0).pixels), exam.notices


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("default", [0, 1])
def test_the_default_stream_is_taken_and_told(tmp_path, container, default):
    path = write_streams(tmp_path / f"a.{container}", default)
    listed = "1: 160 x 96, 2: 320 x 192"
    assert opened(path) == (
        300 * default,
        (f"The file holds 2 video streams ({listed}); stream {default + 1} is used.",),
    )


def test_a_person_may_choose(tmp_path):
    path = write_streams(tmp_path / "a.mkv", 0)
    with open_exam(path, stream=2) as exam:
        assert exam.recordings[0].info.streams == Streams(2, 1, STREAM_SIZES)
    assert opened(path, 2)[0] == 300
    assert opened(path, 1)[0] == 0
    with pytest.raises(SettingsError, match="there is no stream 3"):
        opened(path, 3)


def test_features_of_one_stream_are_not_those_of_another(tmp_path):
    from usummary.pipeline import _inspect

    path = write_streams(tmp_path / "a.mkv", 0)
    found = []
    for stream in (1, 2):
        with open_exam(path, stream=stream) as exam:
            found.append(_inspect(exam, lambda _: None))
    assert found[0].hashes == found[1].hashes
    assert found[0].recordings != found[1].recordings


@pytest.mark.parametrize("name", ["10:30:15.mp4", "concat:a.mp4", "http:.mp4", "%03d.mp4"])
def test_names_are_no_addresses(tmp_path, monkeypatch, name):
    write_streams(tmp_path / "a.mp4", 0).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert opened(Path(name))[0] == 0


@pytest.mark.parametrize("stem", ["a" * 251, "胎児" * 41, "é" * 125])
def test_names_as_long_as_the_system_allows(tmp_path, stem):
    path = tmp_path / f"{stem}.mp4"
    write_streams(tmp_path / "a.mp4", 0).rename(path)
    assert opened(path)[0] == 0


def test_a_box_larger_than_any_file_is_damage(tmp_path):
    path = write_streams(tmp_path / "a.mp4", 0)
    data = path.read_bytes()
    at = data.index(b"moov") - 4
    huge = (1).to_bytes(4, "big") + b"free" + b"\xff" * 8
    path.write_bytes(data[:at] + huge + data[at:])
    with pytest.raises(UnreadableFile):
        open_exam(path)
