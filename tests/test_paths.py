"""Names of recordings and study folders."""

from pathlib import Path

import pytest

from usummary.paths import stem_of


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("exam.mp4", "exam"),
        ("exam.MPEG", "exam"),
        ("exam 12.5 weeks.mov", "exam 12.5 weeks"),
        ("exam 12.5 weeks", "exam 12.5 weeks"),
        ("1.2.840.10008.5", "1.2.840.10008.5"),
        ("IM0001", "IM0001"),
    ],
)
def test_only_an_ending_is_left_out(name, stem) -> None:
    assert stem_of(Path(name)) == stem


def test_a_folder_has_no_ending(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "visit.second"
    folder.mkdir()
    assert stem_of(folder) == "visit.second"
    monkeypatch.chdir(folder)
    assert stem_of(Path()) == "visit.second"
