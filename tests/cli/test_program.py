"""The command line: options, order of checks, exit codes, progress and signals."""

import errno
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.builders import write_study
from usummary import readers
from usummary.cli import exams, summarise, terminal
from usummary.progress import Progress

pytestmark = pytest.mark.usefixtures("signal_handlers")
posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def test_help_names_commands_and_exit_codes(run):
    code, out, _ = run("--help")
    assert code == 0
    commands = ("summarize", "info", "phantom", "models", "compose", "train", "evaluate")
    for word in (*commands, "130 Ctrl-C", "not for diagnosis"):
        assert word in out


def test_version(run):
    code, out, _ = run("--version")
    assert code == 0
    assert re.fullmatch(r"usummary \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--length", "150%"], "at most 100 %"),
        (["--length", "long"], "no summary length"),
        (["--sample-rate", "fast"], 'neither a number of frames per second nor "all"'),
        (["--sample-rate", "0"], "sample_rate"),
        (["--device", "abacus"], "abacus"),
        (["--mode", "abacus"], "abacus"),
        (["--mode", "benchmark", "--cover-planes"], "no covering"),
        (["--speed", "9"], "--speed"),
    ],
)
def test_a_wrong_option_is_named(run, tmp_path, options, words):
    code, _, err = run("summarize", "exam.mp4", "--out", tmp_path / "out", *options)
    assert code == 2
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_options_come_before_the_settings_file(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('length = "20%"\nshot_s = 7.0\n', encoding="utf-8")
    settings = summarise._settings(file, {"length": "25%", "model": None})
    assert (settings.length, settings.shot_s) == ("25%", 7.0)


def test_planes_are_covered_in_application_mode_unless_told_otherwise():
    assert summarise._settings(None, {}).covering_s == 3.0
    assert summarise._settings(None, {"cover_planes": False}).covering_s == 0.0
    assert summarise._settings(None, {"mode": "benchmark"}).covering_s == 0.0


def test_an_unknown_setting_is_named(run, tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("legnth = 1", encoding="utf-8")
    code, _, err = run("summarize", "x.mp4", "--out", tmp_path / "out", "--settings", file)
    assert code == 2
    assert "legnth" in err


def test_the_results_folder_is_checked_before_the_input(run, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for out, words in ((tmp_path, "not empty"), (tmp_path / "mine.txt", "is a file")):
        code, _, err = run("summarize", tmp_path / "missing.mp4", "--out", out)
        assert code == 5
        assert words in err


@pytest.mark.parametrize(
    "command", [["summarize", "missing.mp4", "--out", "x"], ["phantom", "--out", "x.mp4"]]
)
def test_a_place_that_takes_no_files_is_refused_at_once(run, tmp_path, command):
    (tmp_path / "file").write_text("")
    code, _, err = run(*command[:-1], tmp_path / "file" / command[-1])
    assert code == 5
    assert "file" in err
    assert (tmp_path / "file").read_text() == ""


def test_a_missing_input_is_told_plainly_and_leaves_nothing(run, tmp_path):
    out = tmp_path / "deep" / "out"
    code, stdout, err = run("summarize", tmp_path / "ö missing.mp4", "--out", out)
    assert code == 3
    assert "ö missing.mp4" in err
    assert "Traceback" not in err
    assert stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_fault_of_the_program_has_its_own_exit_code(run, monkeypatch, debug):
    def broken(*_, **__):
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(readers, "open_exam", broken)
    code, _, err = run(*debug, "info", "exam.mp4")
    assert code == 1
    assert "ZeroDivisionError: by nought" in err
    assert ("Traceback" in err) == bool(debug)


def test_a_disk_that_is_full_elsewhere_is_told_too(run, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(readers, "open_exam", full)
    code, _, err = run("info", "exam.mp4")
    assert code == 5
    assert err == "usummary: The disk is full. Free some space and run this again.\n"


def test_an_existing_phantom_is_not_replaced_unasked(run, tmp_path):
    there = tmp_path / "exam.mp4"
    there.write_text("precious")
    code, _, err = run("phantom", "--out", there, "--minutes", "1")
    assert code == 5
    assert "--overwrite" in err
    assert there.read_text() == "precious"


def test_phantom_then_info(run, tmp_path):
    out = tmp_path / "Übung eins.mp4"
    code, stdout, err = run("phantom", "--out", out, "--minutes", "0.02", "--seed", "3")
    assert code == 0
    assert "simulated" in stdout
    assert "Rendering: done" in err
    code, stdout, _ = run("info", out, "--json")
    assert code == 0
    found = json.loads(stdout)
    (recording,) = found["recordings"]
    assert found["frames"] == recording["frames"] == 36
    assert found["duration_s"] == pytest.approx(1.2, abs=0.01)
    assert recording["frame_rate"]["mean"] == pytest.approx(30, rel=0.01)
    assert (recording["kind"], recording["encoding"]) == ("video", "h264")
    code, stdout, _ = run("info", out)
    assert code == 0
    assert "Übung eins.mp4" in stdout
    assert "1280 x 720" in stdout


def test_models_are_listed_with_what_they_were_trained_on(run):
    code, stdout, _ = run("models")
    assert code == 0
    assert "3dst-unet-rl" in stdout
    assert "Trained on" in stdout


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (48.24, "48.2 s"), (725, "12:05"), (3725.4, "1:02:05")]
)
def test_durations_read_like_clocks(seconds, text):
    assert terminal.duration(seconds) == text


def test_frame_rates_of_a_recording_with_gaps():
    rates = exams._frame_rates([0.0, 0.1, 0.15, 0.35])
    assert rates == {"lowest": 5.0, "mean": 8.571, "highest": 20.0}
    assert exams._frame_rates([0.0]) is None


def test_progress_without_a_terminal_is_plain_lines(capsys):
    with terminal.progress_display() as report:
        report(Progress("reading", 0.0))
        report(Progress("reading", 0.5, message="the frame time is a guess"))
        report(Progress("reading", 1.0))
        report(Progress("reading", 1.0))
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["Reading: started", "Reading: the frame time is a guess"]
    assert re.fullmatch(r"Reading: done in \d\.\d s", lines[2])
    assert len(lines) == 3


def test_progress_lines_come_now_and_then_with_the_time_left(capsys, monkeypatch):
    clock = iter([0.0, 4.0, 10.0, 12.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    with terminal.progress_display() as report:
        for fraction, left_s in ((0.0, None), (0.1, 36.0), (0.25, 30.0), (0.5, 12.0)):
            report(Progress("features", fraction, left_s))
    assert capsys.readouterr().err.splitlines() == [
        "Features: started",
        "Features: 25%, 30.0 s left",
    ]


def test_progress_on_a_terminal_is_bars(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with terminal.progress_display() as report:
        report(Progress("features", 0.25, 42.0))
    text = capsys.readouterr().err
    assert "Features" in text
    assert "25%" in text
    assert "42.0 s left" in text


def work_through(report_to, *steps):
    """Take steps, each a signal to send or a progress to report, within `cancellable`."""
    with terminal.cancellable(report_to) as report:
        for step in steps:
            if isinstance(step, Progress):
                report(step)
            else:
                os.kill(os.getpid(), step)


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_next_report(number):
    seen = []
    done, begun = Progress("reading", 1.0), Progress("features", 0.0)
    with pytest.raises(terminal.Interrupted) as end:
        work_through(seen.append, number, done, begun)
    assert end.value.signum == number
    assert seen == [done]


@posix
def test_a_second_signal_does_not_wait():
    before = signal.getsignal(signal.SIGINT)
    seen = []
    with pytest.raises(terminal.Interrupted):
        work_through(seen.append, signal.SIGINT, signal.SIGINT, Progress("reading", 1.0))
    assert seen == []
    assert signal.getsignal(signal.SIGINT) is before


@posix
def test_a_cancelled_command_says_that_nothing_was_written(run, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(readers, "open_exam", interrupted)
    code, _, err = run("info", tmp_path)
    assert code == 130
    assert err == "Cancelled, nothing was written.\n"


def test_names_outside_the_terminals_encoding_are_shown_somehow(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "usummary", "info", tmp_path / "胎児.mp4"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
    )
    assert result.returncode == 3
    assert rb"\u80ce\u5150.mp4" in result.stderr


def test_the_current_folder_can_be_named_by_its_dot(run, tmp_path, monkeypatch):
    write_study(tmp_path / "study", cines=1, stills=1)
    monkeypatch.chdir(tmp_path / "study")
    code, stdout, err = run("info", ".", "--json")
    assert code == 0, err
    assert json.loads(stdout)["path"] == "study"
