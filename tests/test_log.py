"""The log: what is in it, what never is, how it rotates, and what survives a crash."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from tests.builders import write_dicom_cine, write_element, write_study, write_video
from usummary import log

NAMES = ("Doe", "Jane", "4711", "19900101", "Riverbend")
ON_LINUX = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")


def run(
    home: Path, code: str, *arguments: object, **environment: str
) -> subprocess.CompletedProcess:
    """A Python program of its own, with the log in `home`."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "XDG_STATE_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def command(home: Path, *arguments: object) -> subprocess.CompletedProcess:
    return run(home, "import sys; from usummary.cli import main; sys.exit(main())", *arguments)


def logged(home: Path) -> str:
    """Everything that lies in the folder of the log."""
    files = [path for path in home.rglob("*") if path.is_file()]
    return "\n".join(path.read_text("utf-8") for path in files)


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def started(home, monkeypatch):
    """The log of this process, in `home`."""
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.setattr(log, "_watch_for_crashes", lambda _: None)
    log.start("usummary tests")
    yield log
    log.stop()


def test_a_command_leaves_what_it_did_and_no_names(tmp_path, home):
    folder = tmp_path / "Doe^Jane 4711"
    folder.mkdir()
    path = write_video(folder / "Jane Doe 19900101.mp4")
    assert command(home, "info", path).returncode == 0
    text = logged(home)
    for line in ("The command is info", "Opened an exam of 1 recordings", "The exit code is 0"):
        assert line in text
    assert not [name for name in NAMES if name in text]


def test_what_fails_is_there_with_its_place_and_no_names(tmp_path, home):
    folder = tmp_path / "Doe^Jane 4711"
    study = write_study(folder, cines=1, stills=1)
    write_dicom_cine(
        study / "Jane.dcm",
        PatientName="Doe^Jane",
        PatientID="4711",
        PatientBirthDate="19900101",
        InstitutionName="Riverbend",
        photometric="MONOCHROME2",
    )
    write_element(study / "Jane.dcm", "WindowCenter", b"Jane Doe")
    (study / "Doe.dcm").write_bytes(bytes(128) + b"DICM" + b"Jane Doe 4711" * 9)
    for arguments in (("info", study), ("info", folder / "Jane"), ("info", study / "Doe.dcm")):
        command(home, *arguments)
    (folder.parent / "Doe.toml").write_text("[Jane")
    command(home, "summarize", study, "--settings", folder.parent / "Doe.toml", "--out", "Jane")
    text = logged(home)
    assert text.count("The command failed") == 4
    assert "usummary.errors.UnreadableFile: " in text
    assert "usummary/readers/__init__.py:" in text
    assert not [name for name in NAMES if name in text]


def test_debug_prints_the_log_too(tmp_path, home):
    shown = command(home, "--debug", "info", tmp_path / "Doe.mp4").stderr
    assert "The command failed" in shown
    assert "in open_exam" in shown


@ON_LINUX
def test_a_crash_of_a_native_library_is_in_the_log_of_the_next_start(tmp_path, home):
    crashing = """
        import ctypes, sys
        from usummary import log
        def harm(patient):
            ctypes.string_at(0)
        log.start("usummary")
        harm("Doe Jane 4711")
    """
    assert run(home, crashing, tmp_path / "Doe Jane 4711.mp4").returncode < 0
    next_start = "from usummary import log; print(len(log.start('usummary')))"
    assert run(home, next_start).stdout == "1\n"
    text = logged(home)
    assert "usummary crashed in process" in text
    assert "Segmentation fault" in text
    assert "in harm" in text
    assert not [name for name in NAMES if name in text]
    assert run(home, next_start).stdout == "0\n"


def test_what_nobody_caught_is_logged_from_every_thread(home, started, capsys):
    def fail():
        raise ValueError("Jane Doe")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    text = logged(home)
    assert "An exception was not caught" in text
    assert "in test_what_nobody_caught_is_logged_from_every_thread.<locals>.fail" in text
    assert "Jane" not in text
    assert "Jane" not in capsys.readouterr().err


def test_one_that_repeats_fills_no_disk(home, started):
    for _ in range(1000):
        started.fault(ValueError("Jane"))
    assert logged(home).count("ValueError") == 10


def test_records_of_libraries_say_only_who_spoke(home, started):
    logging.getLogger("pydicom").error("patient %s", "Jane Doe")
    text = logged(home)
    assert "pydicom" in text
    assert "test_log.py" in text
    assert "Jane" not in text


def test_full_files_give_way_to_new_ones(home, started, monkeypatch):
    monkeypatch.setattr(log, "LARGEST", 2000)
    importlib.import_module("usummary.cli.program")  # whose words these are
    logger = logging.getLogger("usummary.tests")
    for number in range(200):
        logger.warning("The exit code is %s", number)
    files = sorted(path.name for path in home.rglob("usummary*.log"))
    assert files == ["usummary.1.log", "usummary.2.log", "usummary.log"]
    assert all(path.stat().st_size <= 2000 for path in home.rglob("*.log"))
    assert "The exit code is 199" in log.last_lines()


def test_two_processes_share_the_file(home):
    writing = """
        import logging
        import usummary.cli.program  # whose words these are
        from usummary import log
        log.LARGEST = 20_000
        log.start("usummary")
        for number in range(300):
            logging.getLogger("usummary").warning("The exit code is %s", number)
    """
    environment = {**os.environ, "XDG_STATE_HOME": str(home)}
    code = textwrap.dedent(writing)
    both = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    lines = [line for line in logged(home).splitlines() if line]
    assert lines
    known = ("The exit code is ", " starts, Python ", "It runs on ")
    assert [line for line in lines if not any(part in line for part in known)] == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_stops_nothing(home, tmp_path):
    home.mkdir(mode=0o500)
    _stops_nothing(home, tmp_path)


def test_a_folder_that_cannot_be_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    _stops_nothing(tmp_path / "file", tmp_path)


def _stops_nothing(home: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "scan.mp4")
    done = command(home, "info", path)
    assert done.returncode == 0
    assert done.stderr.count("no log is kept") == 1
