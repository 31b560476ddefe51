"""The wheel holds all the program needs, and works installed, away from the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("usummary", "ui", "models", "resources")
FILES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
BIN = "Scripts" if os.name == "nt" else "bin"


def pip(*arguments):
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        check=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy, so that no old build folder gets into it."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.nb[ci]")
        )
    for name in FILES:
        shutil.copy(ROOT / name, copy)
    target = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", target, copy)
    (built,) = target.glob("usummary-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A new environment with the wheel, borrowing the libraries of this one; its `bin` folder."""
    folder = tmp_path_factory.mktemp("installed") / "env"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = next((folder / BIN).glob("python*"))
    pip("--python", python, "install", "--no-deps", "-c", ROOT / "requirements.lock", wheel)
    ask = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = subprocess.check_output([python, "-c", ask], text=True).strip()
    borrowed = sysconfig.get_paths()["purelib"]
    Path(packages, "borrowed.pth").write_text(borrowed, encoding="utf-8")
    return folder / BIN


def start(program, *arguments, cwd, **variables):
    """Run a program of the new environment in another folder."""
    command = [shutil.which(program, path=str(program.parent)) or program, *arguments]
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_wheel_holds_code_models_resources_and_licences(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in ("usummary", "ui")
        for path in (ROOT / package).rglob("*.py")
    }
    for folder in ("models", "resources"):
        expected |= {
            f"usummary/_{path.relative_to(ROOT).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
    assert expected <= held
    assert {path.rpartition("/")[2] for path in held} >= {"LICENSE", "NOTICE"}
    assert not [path for path in held if path.startswith(("tests/", "dev", "benchmarks/"))]
    assert not [path for path in held if "__pycache__" in path]


def test_installed_program_finds_its_own_models(installed, tmp_path):
    result = start(installed / "usummary", "models", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    for card in (ROOT / "models").glob("*/model.toml"):
        assert card.parent.name in result.stdout


def test_installed_program_runs_from_the_new_environment(installed, tmp_path):
    code = "import usummary, ui.app, usummary.paths as p; print(usummary.__file__, p.models_dir())"
    python = next(installed.glob("python*"))
    result = start(python, "-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    for found in result.stdout.split():
        assert Path(found).is_relative_to(installed.parent)


def test_installed_window_starts(installed, tmp_path):
    result = start(installed / "usummary-gui", "--help", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "Research use only" in result.stdout


def test_installed_program_makes_a_simulated_exam(installed, tmp_path):
    out = tmp_path / "exam.mp4"
    result = start(
        installed / "usummary", "phantom", "--out", out, "--minutes", "0.01", cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    assert out.stat().st_size > 0
