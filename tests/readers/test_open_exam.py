"""Opening tells how far it is, can be cancelled, and says what an archive is."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from tests.builders import write_dicom_cine, write_study
from usummary.errors import UnreadableFile
from usummary.progress import Cancelled
from usummary.readers import look, open_exam


@pytest.fixture
def every_tick(monkeypatch):
    """Every tick is passed on, however soon after the one before."""
    monkeypatch.setattr(look, "EVERY_S", 0.0)


def test_opening_reports_each_file_and_never_goes_back(tmp_path, every_tick):
    write_study(tmp_path, cines=4, frames=2, stills=3)
    for number in range(50):
        (tmp_path / f"other{number}.txt").write_text("x")
    seen = []
    open_exam(tmp_path, progress=seen.append).close()
    assert {report.stage for report in seen} == {"reading"}
    fractions = [report.fraction for report in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] > 0.85
    assert len(seen) >= 2 * 57 + 4  # each file is met, each is looked at, each cine is opened


@pytest.mark.parametrize("stop_at", [1, 20, 70, 118])
def test_opening_can_be_cancelled_at_any_report(tmp_path, every_tick, stop_at):
    write_study(tmp_path, cines=4, frames=2, stills=3)
    for number in range(50):
        (tmp_path / f"other{number}.txt").write_text("x")
    count = itertools.count(1)

    def cancel(_):
        if next(count) == stop_at:
            raise Cancelled

    with pytest.raises(Cancelled):
        open_exam(tmp_path, progress=cancel)


@pytest.fixture
def opened(monkeypatch):
    """The paths that were opened, in order."""
    paths = []
    plain = Path.open

    def counted(self, *args, **kwargs):
        paths.append(self)
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", counted)
    return paths


def test_each_file_is_opened_once_for_its_header(tmp_path, opened):
    write_study(tmp_path, cines=2, frames=2, stills=2)
    opened.clear()
    open_exam(tmp_path).close()
    stills = [path for path in opened if path.name.startswith("still")]
    cines = [path for path in opened if path.suffix == ".dcm"]
    assert len(stills) == len(set(stills)) == 2
    assert len(cines) == 2 * len(set(cines)) == 4  # the header; then the first picture


def test_one_cine_alone_is_opened_once_for_its_header(tmp_path, opened):
    path = write_dicom_cine(tmp_path / "a.dcm", n=2)
    opened.clear()
    open_exam(path).close()
    assert len(opened) == 2


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar", "bztar", "xztar"])
def test_an_archive_is_to_be_unpacked(tmp_path, kind):
    study = write_study(tmp_path / "study")
    archive = Path(shutil.make_archive(str(tmp_path / "archive"), kind, study))
    with pytest.raises(UnreadableFile, match="is an archive"):
        open_exam(archive)
