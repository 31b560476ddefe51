"""The export folder: whole or not at all, and nobody else's file is ever lost."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.export.exams import small_case
from usummary.errors import ExportError
from usummary.export import ExportOptions, check_folder, export_summary
from usummary.export.folder import _own_files, staged

QUICK = ExportOptions(clips=False, stills=False, contact_sheet=False, report=False)
AGAIN = ExportOptions(clips=False, contact_sheet=False, report=False, overwrite=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / "out").mkdir()
    export_summary(*small_case(), tmp_path / "out", QUICK)
    assert set(contents(tmp_path)) == {"out/summary.mp4", "out/summary.json"}


def test_a_used_folder_is_refused_before_any_work(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="not empty"):
        export_summary(*small_case(), tmp_path, QUICK)
    assert contents(tmp_path) == {"notes.txt": b"mine"}


def test_a_folder_is_checked_without_leaving_a_trace(tmp_path):
    check_folder(tmp_path / "deep" / "out", overwrite=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "notes.txt").write_text("mine")
    check_folder(tmp_path, overwrite=True)
    with pytest.raises(ExportError, match="not empty"):
        check_folder(tmp_path, overwrite=False)
    with pytest.raises(ExportError, match="is a file, not a folder"):
        check_folder(tmp_path / "notes.txt" / "out", overwrite=False)
    assert contents(tmp_path) == {"notes.txt": b"mine"}


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini"])
def test_what_a_system_put_into_a_folder_does_not_make_it_used(tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b"the system's")
    check_folder(out, overwrite=False)
    export_summary(*small_case(), out, QUICK)
    assert contents(out)[name] == b"the system's"
    assert set(contents(out)) == {name, "summary.mp4", "summary.json"}
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="not empty"):
        check_folder(out, overwrite=False)


@pytest.mark.parametrize("name", ["\\bait", "..\\bait", "C:bait", "C:\\bait", "../bait", "nul"])
@pytest.mark.parametrize("record", ["summary.json", ".usummary-moving.json"])
def test_a_crafted_record_names_nothing_outside_the_folder(tmp_path, name, record):
    artefacts = [{"path": name}, {"path": "old.mp4"}]
    values = {"program": "usummary", "artefacts": artefacts}
    text = json.dumps(values if record == "summary.json" else [name, "old.mp4"])
    (tmp_path / record).write_text(text)
    assert _own_files(tmp_path) - {"summary.json"} == {"old.mp4"}


def test_a_linked_folder_is_not_emptied(tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "shot.mp4").write_text("mine")
    export_summary(*small_case(), out, QUICK)
    (out / "clips").symlink_to(elsewhere)
    (out / "notes.txt").write_text("mine")
    record = json.loads((out / "summary.json").read_text())
    record["artefacts"].append({"path": "clips/shot.mp4"})
    (out / "summary.json").write_text(json.dumps(record))
    export_summary(*small_case(), out, AGAIN)
    assert (elsewhere / "shot.mp4").read_text() == "mine"


def test_a_file_of_that_name_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportError, match="is a file"):
        export_summary(*small_case(), tmp_path / "out", AGAIN)
    assert contents(tmp_path) == {"out": b"mine"}


def test_overwriting_replaces_the_whole_export(tmp_path):
    export_summary(*small_case(), tmp_path / "out", ExportOptions(reel=False, report=False))
    files = export_summary(*small_case(), tmp_path / "out", AGAIN)
    assert set(contents(tmp_path)) == {path.relative_to(tmp_path).as_posix() for path in files}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_overwriting_keeps_other_files(tmp_path):
    out = tmp_path / "out"
    export_summary(*small_case(), out, ExportOptions(report=False))
    (out / "notes.txt").write_text("mine")
    (out / "clips" / "mine.mp4").write_text("mine")
    files = export_summary(*small_case(), out, AGAIN)
    written = {path.relative_to(out).as_posix() for path in files}
    assert set(contents(out)) == written | {"notes.txt", "clips/mine.mp4"}
    assert (out / "notes.txt").read_text() == "mine"


def test_another_file_under_one_of_our_names_is_kept(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "summary.mp4").write_text("a person's own")
    with pytest.raises(ExportError, match=r"summary\.mp4 was not written by usummary"):
        export_summary(*small_case(), out, AGAIN)
    assert contents(tmp_path) == {"out/summary.mp4": b"a person's own"}


def test_a_record_cannot_name_files_elsewhere(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "precious.txt").write_text("mine")
    (out / "other.txt").write_text("mine")
    (out / "summary.json").write_text(
        '{"program": "usummary", "artefacts": [{"path": "../precious.txt"}]}'
    )
    export_summary(*small_case(), out, AGAIN)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_a_failed_overwrite_leaves_the_earlier_export(tmp_path):
    export_summary(*small_case(), tmp_path / "out", QUICK)
    before = contents(tmp_path)

    def fail() -> None:
        with staged(tmp_path / "out", overwrite=True) as stage:
            (stage / "summary.json").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert contents(tmp_path) == before


def test_odd_names(tmp_path):
    out = tmp_path / "Ärztin [1]* é" / "summary of 孕 1"
    files = export_summary(*small_case(), out, QUICK)
    files = export_summary(*small_case(), out, AGAIN)
    assert all(path.is_file() for path in files)


def test_a_run_at_work_is_left_alone_and_a_killed_one_is_cleared(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from usummary.export.folder import staged\n"
        "with staged(Path(sys.argv[1]), overwrite=False) as stage:\n"
        "    (stage / 'summary.mp4').write_bytes(b'half')\n"
        "    print('ready', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "out")], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        (partial,) = tmp_path.iterdir()
        export_summary(*small_case(), tmp_path / "out", QUICK)
        assert partial.is_dir()
        other.kill()
    assert partial.is_dir()
    export_summary(*small_case(), tmp_path / "out", AGAIN)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("after_s", [0.0, 0.15, 0.4, 0.7, 1.0])
def test_killed_while_exporting(tmp_path, after_s):
    code = (
        "import sys; from pathlib import Path; from tests.export.exams import small_case\n"
        "from usummary.export import export_summary; case = small_case()\n"
        "print('ready', flush=True); export_summary(*case, Path(sys.argv[1]))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "out")], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        time.sleep(after_s)
        other.kill()
    whole = (tmp_path / "out").exists()
    files = export_summary(
        *small_case(), tmp_path / "out", ExportOptions(report=False, overwrite=whole)
    )
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert {path.relative_to(tmp_path).as_posix() for path in files} == set(contents(tmp_path))


def test_killed_between_the_two_renames_of_a_swap(tmp_path):
    export_summary(*small_case(), tmp_path / "out", QUICK)
    before = contents(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / ".out.replaced-1234")
    with pytest.raises(ExportError, match="not empty"):
        export_summary(*small_case(), tmp_path / "out", QUICK)
    assert contents(tmp_path / "out") == before


def test_a_path_through_a_file(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportError, match="is a file, not a folder"):
        export_summary(*small_case(), tmp_path / "file" / "out", QUICK)
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody can write to")
def test_a_folder_nobody_can_write_to():
    with pytest.raises(ExportError, match="could not be written to /proc/out"):
        export_summary(*small_case(), Path("/proc/out"), QUICK)


@pytest.mark.skipif(sys.platform == "win32", reason="folder permissions are POSIX's")
def test_a_read_only_folder(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("the administrator may write anywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(ExportError, match="may not write"):
        export_summary(*small_case(), tmp_path / "out", QUICK)
    tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if (
        sys.platform != "linux"
        or subprocess.run(command, check=False, capture_output=True).returncode
    ):
        pytest.skip("no right to mount a file system here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("name", ["reel", "clips", "stills", "contact_sheet", "report"])
def test_full_disk(tiny_disk, name):
    (tiny_disk / "ballast").write_bytes(bytes(60_000))
    wanted = {key: key == name for key in ("reel", "clips", "stills", "contact_sheet", "report")}
    with pytest.raises(ExportError, match="disk is full"):
        export_summary(*small_case(), tiny_disk / "out", ExportOptions(**wanted))
    assert [path.name for path in tiny_disk.iterdir()] == ["ballast"]


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
@pytest.mark.parametrize("name", ["reel", "clips", "stills", "contact_sheet", "report"])
def test_file_that_may_not_grow(tmp_path, name):
    import resource

    wanted = {key: key == name for key in ("reel", "clips", "stills", "contact_sheet", "report")}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, hard))
    try:
        with pytest.raises(ExportError) as caught:
            export_summary(*small_case(), tmp_path / "out", ExportOptions(**wanted))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "disk is full" in str(caught.value)
    assert getattr(caught.value.__cause__, "errno", None) == errno.EFBIG
    assert list(tmp_path.iterdir()) == []
