"""dev.py: what is locked, when set-up works again, and how it says what is missing."""

import os
import platform
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import dev

PROJECT = tomllib.loads((dev.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WANTED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]


def locked() -> dict[str, str]:
    lines = dev.LOCK.read_text(encoding="ascii").splitlines()
    found = {}
    for line in lines:
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (pin,) = requirement.specifier
            assert pin.operator == "==", line
            found[canonicalize_name(requirement.name)] = pin.version
    return found


@pytest.mark.parametrize("wanted", WANTED)
def test_lock_holds_a_version_that_the_project_allows(wanted):
    requirement = Requirement(wanted)
    assert requirement.specifier.contains(locked()[canonicalize_name(requirement.name)])


def test_lock_names_no_place_to_fetch_from():
    text = dev.LOCK.read_text(encoding="ascii")
    assert not re.search(r"://|--|@", text.replace("--dry-run --ignore-installed --report", ""))


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder that stands in for the checkout, and a pip that only notes its calls."""
    calls = []
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "stamp.txt")
    monkeypatch.setattr(dev, "PYTHON", tmp_path / ".venv" / "python")

    def make_venv():
        calls.append("venv")
        dev.VENV.mkdir()
        dev.PYTHON.symlink_to(sys.executable)

    monkeypatch.setattr(dev, "make_venv", make_venv)
    monkeypatch.setattr(dev, "must", lambda command, _: calls.append(command[-1]))
    (tmp_path / "requirements.lock").write_text("a==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return calls


def test_a_finished_set_up_is_not_repeated(checkout):
    dev.set_up()
    assert checkout == ["venv", dev.LOCK, dev.ROOT]
    dev.set_up()
    assert len(checkout) == 3


def test_another_lock_updates_the_environment_in_place(checkout):
    dev.set_up()
    dev.LOCK.write_text("a==2\n")
    dev.set_up()
    assert checkout == ["venv", dev.LOCK, dev.ROOT, dev.LOCK, dev.ROOT]


def test_an_interrupted_set_up_starts_anew(checkout, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dev, "must", interrupted)
        with pytest.raises(KeyboardInterrupt):
            dev.set_up()
    (dev.VENV / "half-installed").touch()
    dev.set_up()
    assert checkout == ["venv", "venv", dev.LOCK, dev.ROOT]
    assert not (dev.VENV / "half-installed").exists()


def test_an_environment_of_another_python_is_replaced(checkout, monkeypatch):
    dev.set_up()
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    dev.set_up()
    assert checkout.count("venv") == 2


def test_a_full_disk_stops_before_anything_is_made(checkout, monkeypatch):
    monkeypatch.setattr(dev, "LEAST_FREE_GB", 1e9)
    with pytest.raises(dev.Stop, match="GB are free"):
        dev.set_up()
    assert not dev.VENV.exists()


def test_missing_libraries_are_named_where_they_cannot_be_installed(monkeypatch):
    monkeypatch.setattr(dev.os, "geteuid", lambda: 1000, raising=False)
    with pytest.raises(dev.Stop, match=r"libEGL\.so\.1.*\n.*apt-get install libegl1"):
        dev.install_packages(["libegl1"], ["libEGL.so.1"])


@pytest.mark.skipif(sys.platform != "linux", reason="displays are named like this on Linux only")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, None), ({"DISPLAY": ":0"}, "xcb"), ({"WAYLAND_DISPLAY": "wayland-0"}, "wayland")],
)
def test_the_display_is_what_the_session_names(monkeypatch, variables, expected):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert dev.display_platform() == expected


def test_an_old_python_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(dev, "OLDEST_PYTHON", (99, 0))
    assert dev.main(["test"]) == 2
    assert "needs Python 99.0 or newer" in capsys.readouterr().out


def test_a_missing_recording_is_told_before_any_set_up(checkout, capsys):
    assert dev.main(["run", "no such exam.mp4"]) == 1
    assert "no such exam.mp4 does not exist" in capsys.readouterr().out
    assert checkout == []


def test_options_for_mutants_are_passed_on_and_others_refused(checkout, monkeypatch):
    (dev.ROOT / "pyproject.toml").write_text(
        '[project.optional-dependencies]\nmutants = ["tool==1"]\n'
    )
    started = []
    monkeypatch.setattr(dev, "call", lambda command, **_: started.append(command) or 0)
    assert dev.main(["mutants", "--module", "selection/edits", "--sample", "3"]) == 0
    assert checkout[-1] == "tool==1"
    assert started == [
        [dev.PYTHON, "-m", "benchmarks.mutants", "--module", "selection/edits", "--sample", "3"]
    ]
    with pytest.raises(SystemExit):
        dev.main(["check", "--sample", "3"])


INTERRUPTED = """
import subprocess, sys
import dev

class Process(subprocess.Popen):
    # says when it is waited for, and when that was interrupted
    def wait(self, timeout=None):
        print("waiting", flush=True)
        try:
            return super().wait(timeout)
        except KeyboardInterrupt:
            print("heard", flush=True)
            raise

subprocess.Popen = Process
dev.call([sys.executable, "-c", *sys.argv[1:]])
"""
TIDY = """
import pathlib, sys, time
try:
    print("working", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("tidying", flush=True)
    sys.stdin.readline()
    pathlib.Path(sys.argv[1]).touch()
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_waits_for_the_program_to_tidy_up(tmp_path):
    """Both hear Ctrl-C; the program tidies up only when its parent is known to have heard it."""
    mark = tmp_path / "tidied"
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, TIDY, str(mark)],
        cwd=Path(dev.__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        said = {process.stdout.readline(), process.stdout.readline()}
        assert said == {b"waiting\n", b"working\n"}
        os.killpg(process.pid, signal.SIGINT)
        said = {process.stdout.readline(), process.stdout.readline()}
        assert said == {b"heard\n", b"tidying\n"}
        process.communicate(b"tidy up now\n", timeout=120)
    assert mark.exists()
    assert process.returncode != 0


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_sigterm_is_passed_on(monkeypatch):
    started = []

    class Process(subprocess.Popen):
        """The signal comes as soon as the program is waited for."""

        def wait(self, timeout=None):
            if not started:
                started.append(self)
                os.kill(os.getpid(), signal.SIGTERM)
            return super().wait(timeout)

    monkeypatch.setattr(subprocess, "Popen", Process)
    before = signal.signal(signal.SIGTERM, dev.on_terminate)
    try:
        with pytest.raises(dev.Terminated):
            dev.call([sys.executable, "-c", "import time; time.sleep(600)"])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert started[0].returncode == -signal.SIGTERM
