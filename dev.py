#!/usr/bin/env python3
"""Set up and run usummary from a checkout, with nothing but Python and its standard library.

    python3 dev.py run [PATH]   summarise PATH (default: a simulated sample exam) and show it
    python3 dev.py test         format, lint, types, import contracts and tests
    python3 dev.py check        the same without the tests
    python3 dev.py mutants ...  small changes to the program: does a nearby test notice each?
    python3 dev.py fuzz ...     damaged recordings: does each end in pictures or a plain error?

Each makes `.venv` with the versions of requirements.lock first, and skips that when it is done.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = BIN / ("python" + SUFFIX)
STAMP = VENV / "usummary-setup.txt"
LOCK = ROOT / "requirements.lock"
SAMPLE = ROOT / "sample" / "sample-exam.mp4"

UNFINISHED = "unfinished"
OLDEST_PYTHON = (3, 11)
LEAST_FREE_GB = 4
CUDA_FREE_GB = 12

# What PySide6-Essentials takes from the system: shared library -> package on Debian and Ubuntu.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libzstd.so.1": "libzstd1",
}
FONT_PACKAGE = "fonts-dejavu-core"
NO_FONT = 4

# torch computes some things only with AVX-512: what it does without is tested on every machine.
# These are the tests in which networks compute and are trained.
COMPUTING = [
    "tests/networks",
    "tests/training/backbone",
    "tests/training/summariser",
    "tests/cli/test_training.py",
]
WITHOUT_AVX512 = {"ONEDNN_MAX_CPU_ISA": "AVX2"}
QT_PROBE = f"""
import sys
from PySide6 import QtGui, QtSvg, QtWidgets
application = QtWidgets.QApplication([])
sys.exit(0 if QtGui.QFontDatabase.families() else {NO_FONT})
"""


class Stop(Exception):
    """The work cannot go on; the text says why and what to do."""


class Terminated(BaseException):
    """SIGTERM came."""


# --- Running programs ---------------------------------------------------------------------------


def call(command: list[str | Path], **variables: str) -> int:
    """Run a program in the checkout, with extra environment variables; its exit code.

    Ctrl-C reaches the program too: it is given the time to tidy up.
    """
    interrupted = False
    process = subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, **variables}
    )
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            interrupted = True
        except Terminated:
            process.terminate()
            process.wait()
            raise
        else:
            break
    if interrupted:
        raise KeyboardInterrupt
    return code


def must(command: list[str | Path], failure: str) -> None:
    """Run a program that has to succeed."""
    code = call(command)
    if code != 0:
        raise Stop(f"{failure} (exit code {code}; the reason stands above).")


def say(text: str) -> None:
    """Print at once, so that lines keep their place among those of other programs."""
    print(text, flush=True)


# --- Set-up -------------------------------------------------------------------------------------


def fingerprint() -> str:
    """What a finished set-up depends on: locked versions, the project file, Python, the place."""
    digest = hashlib.sha256()
    for part in (LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes()):
        digest.update(part)
    digest.update(f"{platform.python_version()} {sys.base_prefix} {ROOT}".encode())
    return digest.hexdigest()


def read_stamp() -> str:
    """What the last set-up left: a fingerprint, `UNFINISHED`, or "" where there was none."""
    try:
        return STAMP.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def write_stamp(text: str) -> None:
    """Replace the stamp in one step."""
    beside = STAMP.with_suffix(".new")
    beside.write_text(text, encoding="ascii")
    beside.replace(STAMP)


def set_up() -> None:
    """Make `.venv` as the lock says, unless that is done; an interrupted one is made anew."""
    wanted, found = fingerprint(), read_stamp()
    if found == wanted and PYTHON.exists():
        return
    check_free_disk()
    say("Setting up .venv; where libraries have to be downloaded this takes some minutes.")
    if found == UNFINISHED or not PYTHON.exists() or not same_python():
        if VENV.exists():
            say("An unfinished or foreign .venv is replaced.")
            shutil.rmtree(VENV)
        make_venv()
    write_stamp(UNFINISHED)
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    pip += [] if sys.stdout.isatty() else ["-qq"]
    must([*pip, "-r", LOCK], "The locked dependencies could not be installed")
    must(
        [*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT],
        "The project could not be installed into .venv",
    )
    write_stamp(wanted)
    say("Set-up finished.")


def same_python() -> bool:
    """Whether `.venv` works and belongs to the Python version that runs this file."""
    version = "import platform; print(platform.python_version())"
    result = subprocess.run([str(PYTHON), "-c", version], capture_output=True, text=True)
    return result.returncode == 0 and result.stdout.strip() == platform.python_version()


def make_venv() -> None:
    """An empty virtual environment with pip, also where the system left `ensurepip` out."""
    failure = "The virtual environment could not be made"
    if importlib.util.find_spec("ensurepip"):
        must([sys.executable, "-m", "venv", VENV], failure)
        return
    if not importlib.util.find_spec("pip"):
        raise Stop(
            "This Python has neither ensurepip nor pip. Install one of them"
            " (on Debian and Ubuntu: apt-get install python3-venv) and run this again."
        )
    must([sys.executable, "-m", "venv", "--without-pip", VENV], failure)
    must(
        [sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "pip"],
        "pip could not be put into the virtual environment",
    )


def check_free_disk() -> None:
    """Stop where the libraries cannot fit, warn where they may not."""
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < LEAST_FREE_GB:
        raise Stop(
            f"Only {free:.1f} GB are free on the disk of {ROOT}; the libraries need about"
            f" {LEAST_FREE_GB} GB. Free some space and run this again."
        )
    if sys.platform == "linux" and free < CUDA_FREE_GB:
        say(f"Note: {free:.0f} GB are free; with CUDA libraries torch can need {CUDA_FREE_GB} GB.")


# --- Qt's system libraries ----------------------------------------------------------------------


def probe_qt(platform_name: str) -> subprocess.CompletedProcess[str]:
    """Start Qt's widgets in the environment; exit code 0 if a window could be shown."""
    variables = {**os.environ, "QT_QPA_PLATFORM": platform_name} if platform_name else os.environ
    return subprocess.run(
        [str(PYTHON), "-c", QT_PROBE], env=dict(variables), capture_output=True, text=True
    )


def missing_libraries(platform_name: str) -> list[str]:
    """Shared libraries that Qt and one of its platform plugins want and the system has not."""
    qt = next(VENV.glob("lib/python*/site-packages/PySide6/Qt"), None)
    if qt is None or not shutil.which("ldd"):
        return []
    plugins = {"wayland": "libqwayland.so", "xcb": "libqxcb.so"}
    files = [
        qt / "lib" / f"libQt6{name}.so.6" for name in ("Core", "Gui", "Widgets", "Svg", "DBus")
    ]
    files.append(qt / "plugins" / "platforms" / plugins.get(platform_name, "libqoffscreen.so"))
    found: set[str] = set()
    for file in files:
        listing = subprocess.run(["ldd", str(file)], capture_output=True, text=True).stdout
        found.update(re.findall(r"^\s*(\S+) => not found", listing, re.MULTILINE))
    return sorted(found)


def ensure_qt(platform_name: str) -> bool:
    """Have Qt start on a platform; missing system packages are installed where that is possible.

    Returns:
        False if it does not start although no library is missing: the display does not answer.

    Raises:
        Stop: Libraries are missing and cannot be installed from here; they are named.
    """
    result = probe_qt(platform_name)
    if result.returncode == 0 or sys.platform != "linux":
        return result.returncode == 0
    missing = missing_libraries(platform_name)
    packages = sorted({QT_LIBRARIES[name] for name in missing if name in QT_LIBRARIES})
    if result.returncode == NO_FONT or not has_fonts():
        missing.append("a font")
        packages.append(FONT_PACKAGE)
    if not missing:
        return False
    install_packages(packages, missing)
    result = probe_qt(platform_name)
    if result.returncode != 0 and (missing := missing_libraries(platform_name)):
        raise Stop(f"Qt does not start. Still missing: {', '.join(missing)}.")
    return result.returncode == 0


def has_fonts() -> bool:
    """Whether a scalable font is installed where Linux systems keep them."""
    return any(Path("/usr/share/fonts").rglob("*.[to]tf"))


def install_packages(packages: list[str], missing: list[str]) -> None:
    """Install Debian packages as root, or say which ones the person has to install."""
    names = " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get") or not packages:
        raise Stop(
            f"The window needs what this system does not have: {', '.join(missing)}.\n"
            f"On Debian and Ubuntu: sudo apt-get install {names}\n"
            "On another system, install the packages that hold these. Then run this again."
        )
    say(f"Installing what Qt needs from the system: {names}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    call(["apt-get", "update", "-qq"], **quiet)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    if call([*install, *packages], **quiet) != 0:
        raise Stop(f"apt-get could not install {names}; the reason stands above.")


def display_platform() -> str | None:
    """Qt's platform for this session's display; "" leaves the choice to Qt, None: no display."""
    if sys.platform != "linux":
        return ""
    if os.environ.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "xcb" if os.environ.get("DISPLAY") else None


# --- run ----------------------------------------------------------------------------------------


def run(path: Path | None) -> int:
    """Summarise a recording and open the window on it; without a display, write the files."""
    if path is not None and not path.exists():
        raise Stop(f"{path} does not exist.")
    set_up()
    if path is None:
        path = sample_exam()
    display = display_platform()
    if display is not None and ensure_qt(display):
        say(f"Opening the window on {path}")
        return call([PYTHON, "-m", "ui.app", path])
    why = "There is no display" if display is None else "The display does not answer"
    say(f"{why}: writing the summary to files instead of opening the window.")
    return write_files(path, ROOT / "out" / path.stem)


def sample_exam() -> Path:
    """The simulated sample exam, rendered on first use."""
    if not SAMPLE.exists():
        say("Rendering the sample exam (simulated, two minutes long) ...")
        command: list[str | Path] = [
            "phantom",
            "--out",
            SAMPLE,
            "--minutes",
            "2",
            "--seed",
            "1",
            "--overwrite",
        ]
        must([PYTHON, "-m", "usummary", *command], "The sample exam could not be rendered")
    return SAMPLE


def write_files(path: Path, folder: Path) -> int:
    """Summarise into a folder and list what lies in it; the exit code."""
    command: list[str | Path] = ["summarize", path, "--out", folder, "--overwrite"]
    code = call([PYTHON, "-m", "usummary", *command])
    if code == 0:
        for file in sorted(item for item in folder.rglob("*") if item.is_file()):
            say(f"  {file.relative_to(ROOT)}  {file.stat().st_size / 1000:,.0f} kB")
    return code


# --- test and check -----------------------------------------------------------------------------


def test(*, with_tests: bool) -> int:
    """Run every check, each named with its time; red if any fails."""
    set_up()
    steps: list[tuple[str, list[str | Path], dict[str, str]]] = [
        ("format", [PYTHON, "-m", "ruff", "format", "--check", "."], {}),
        ("lint", [PYTHON, "-m", "ruff", "check", "."], {}),
        ("types", [PYTHON, "-m", "mypy"], {}),
        ("import contracts", [BIN / ("lint-imports" + SUFFIX)], {}),
    ]
    if with_tests:
        if not ensure_qt("offscreen"):
            raise Stop(f"Qt does not start offscreen:\n{probe_qt('offscreen').stderr.strip()}")
        steps.append(("tests", [PYTHON, "-m", "pytest"], {}))
        steps.append(("as without AVX-512", [PYTHON, "-m", "pytest", *COMPUTING], WITHOUT_AVX512))
    outcomes = []
    for name, command, variables in steps:
        say(f"\n== {name}")
        start = time.monotonic()
        code = call(command, QT_QPA_PLATFORM="offscreen", **variables)
        outcomes.append((name, code, time.monotonic() - start))
    say("\n== summary")
    for name, code, seconds in outcomes:
        say(f"{'ok    ' if code == 0 else 'FAILED'}  {name:<18} {seconds:6.1f} s")
    return int(any(code for _, code, _ in outcomes))


def mutants(arguments: list[str]) -> int:
    """Change the program a little in a copy, again and again (see `benchmarks.mutants`)."""
    set_up()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tool = project["optional-dependencies"]["mutants"]
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "-qq"]
    must([*pip, *tool], "The tool that finds what can be changed could not be installed")
    one_core = {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
    return call([PYTHON, "-m", "benchmarks.mutants", *arguments], **one_core)


def fuzz(arguments: list[str]) -> int:
    """Read damaged recordings (see `tests.fuzz.damaged_recordings`)."""
    set_up()
    return call([PYTHON, "-m", "tests.fuzz.damaged_recordings", *arguments])


# --- Command line -------------------------------------------------------------------------------


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="dev.py", description="Set up, run and test usummary.")
    commands = parser.add_subparsers(dest="command", required=True)
    runner = commands.add_parser("run", help="summarise a recording and open the window on it")
    runner.add_argument(
        "path",
        nargs="?",
        type=lambda text: Path(text).resolve(),
        help="recording or study folder; default: a simulated sample exam",
    )
    commands.add_parser("test", help="format, lint, types, import contracts and tests")
    commands.add_parser("check", help="the same without the tests")
    commands.add_parser(
        "mutants", help="change the program in small ways and run the nearby tests", add_help=False
    )
    commands.add_parser("fuzz", help="read damaged recordings until time is over", add_help=False)
    options, options.rest = parser.parse_known_args(arguments)
    if options.rest and options.command not in {"mutants", "fuzz"}:
        parser.error(f"unrecognized arguments: {' '.join(options.rest)}")
    return options


def on_terminate(*_: object) -> None:
    """Turn SIGTERM into an exception that `call` passes on to the program it waits for."""
    raise Terminated


def main(arguments: list[str]) -> int:
    """Do what the command line says; the exit code."""
    if sys.version_info < OLDEST_PYTHON:
        say(
            "usummary needs Python {}.{} or newer; this is Python {}.".format(
                *OLDEST_PYTHON, platform.python_version()
            )
        )
        return 2
    options = parse(arguments)
    signal.signal(signal.SIGTERM, on_terminate)
    try:
        if options.command == "run":
            return run(options.path)
        if options.command == "mutants":
            return mutants(options.rest)
        if options.command == "fuzz":
            return fuzz(options.rest)
        return test(with_tests=options.command == "test")
    except Stop as stop:
        say(f"dev.py: {stop}")
        return 1
    except KeyboardInterrupt:
        say("Stopped. What was finished is kept; the next run goes on from there.")
        return 130
    except Terminated:
        return 143


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
