"""Small changes to the program, one at a time: does a nearby test notice each of them?

    python3 dev.py mutants --sample 600 --seed 7      a sample over the three packages
    python3 dev.py mutants --module selection/edits   all of one module

Cosmic Ray says what can be changed (`benchmarks.mutations` says which of it is). Here each change
is made in a copy of the tree and the nearby tests are run on it. Starting Python with all libraries
takes longer than most of these tests, so the libraries are loaded once and every run is a fork of
the loaded process. Each result is written down at once; a run that was stopped goes on from there.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.mutations import Mutation, mutated, mutations

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "out" / "mutants"
COPIED = ("usummary", "tests", "models", "resources")
LIBRARIES = (
    "numpy", "scipy.special", "scipy.stats", "cv2", "torch", "numba", "openvino", "av", "pydicom",
    "h5py", "PIL.Image", "matplotlib.figure", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg", "matplotlib.backends.backend_pdf", "pydantic", "typer",
    "hypothesis.strategies", "pytest",
)  # fmt: skip
LEAST_LIMIT_S = 15.0
"""A run is stopped after this long, or after some times what the unchanged program takes."""
TIMES_LONGER = 5

COMPARING = "tests/comparing/test_"
NEARBY: dict[str, tuple[str, ...]] = {
    "selection/choose": ("tests/selection/test_choose.py", "tests/selection/test_covering.py"),
    "selection/covering": ("tests/selection/test_covering.py",),
    "selection/edits": ("tests/selection/test_edits.py",),
    "selection/knapsack": ("tests/selection/test_knapsack.py",),
    "analysis/clips": ("tests/analysis/test_clips.py",),
    "analysis/feature_cache": (
        "tests/analysis/test_feature_cache.py",
        "tests/analysis/test_features.py",
    ),
    "analysis/features": ("tests/analysis/test_features.py",),
    "analysis/frame_scores": (
        "tests/analysis/test_frame_scores.py",
        "tests/analysis/test_shots.py",
    ),
    "analysis/freeze_frames": ("tests/analysis/test_freeze_frames.py",),
    "analysis/kts": ("tests/analysis/test_kts.py",),
    "analysis/planes": ("tests/analysis/test_planes.py",),
    "analysis/preview": ("tests/analysis/test_preview.py",),
    "analysis/scores": ("tests/analysis/test_scores.py", "tests/analysis/test_shots.py"),
    "analysis/sector": ("tests/analysis/test_sector.py",),
    "analysis/shots": ("tests/analysis/test_shots.py",),
    "comparing/cohort": (f"{COMPARING}cohort_by_hand.py",),
    "comparing/cohort_report": (f"{COMPARING}cohort_report.py",),
    "comparing/exam_figure": (f"{COMPARING}exam_figure.py",),
    "comparing/figure": (f"{COMPARING}figure.py", f"{COMPARING}exam_figure.py"),
    "comparing/intervals": (f"{COMPARING}intervals.py",),
    "comparing/one_exam": (f"{COMPARING}one_exam.py",),
}
"""The tests that are run on a changed module, nearest first."""
TOO_LONG = " or ".join(
    (
        "test_the_result_is_the_same_with_and_without_preview",
        "test_a_preview_can_cancel",
        "test_real_lung_clips",
        "test_the_phantoms_sector",
        "test_float32_is_summed",
        "test_blocks_and_long_segments",
        "test_cap_inside_a_hull_edge",
        "strongly",
    )
)
"""Tests that would notice, but take several seconds a change, here where nothing is compiled."""
UNCOMPILED = ("selection/covering", "selection/knapsack", "analysis/kts")
"""Modules that numba compiles. Changed, they run as plain Python: compiling takes far longer than
the tests, and a changed index would read foreign memory where Python raises."""

CONFIG = """[pytest]
filterwarnings =
    error
    ignore::pytest.PytestAssertRewriteWarning
timeout = 300
markers =
    slow: longer than ten seconds on two cores
"""


@dataclass(frozen=True)
class Result:
    """What became of one change.

    Attributes:
        key: Stands for the change, the module as it was and the tests that ran.
        outcome: ``killed``, ``survived`` or ``timeout`` (killed too: it never ends).
        seconds: How long the tests took.
    """

    key: str
    module: str
    line: int
    operator: str
    change: str
    outcome: str
    seconds: float


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for; 0 whatever the share, 1 where the tests are red."""
    options = _parse(arguments)
    if not hasattr(os, "fork"):
        print("Processes cannot be forked on this system. Use Linux or macOS.")
        return 1
    modules = [name for name in NEARBY if name.startswith(options.module)]
    chosen = _chosen(modules, options.sample, options.seed)
    ledger = Ledger(WORK / "results.jsonl")
    if options.survivors:
        stood = ledger.survivors()
        chosen = [one for one in chosen if (one.module, one.line, one.change) in stood]
    for name in LIBRARIES:
        importlib.import_module(name)
    tree = _copied_tree()
    for module in modules:
        mine = [one for one in chosen if one.module == module]
        if mine and not _run_module(tree, module, mine, ledger):
            return 1
    _report(chosen, ledger)
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py mutants")
    parser.add_argument("--module", default="", help="such as selection/edits, or a package")
    parser.add_argument("--sample", type=int, help="how many changes; without it all of them")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--survivors", action="store_true", help="only those that survived before")
    return parser.parse_args(arguments)


def _chosen(modules: Sequence[str], sample: int | None, seed: int) -> list[Mutation]:
    """A sample of all changes of these modules, or all; each change is as likely as any other."""
    everything = [one for name in modules for one in mutations(name, _source(ROOT, name))]
    if sample is None or sample >= len(everything):
        return everything
    picked = random.Random(seed).sample(range(len(everything)), sample)
    return [everything[place] for place in sorted(picked)]


def _source(tree: Path, module: str) -> str:
    return (tree / "usummary" / f"{module}.py").read_text(encoding="utf-8")


def _copied_tree() -> Path:
    """A fresh copy of the tree in which changes are made; the working tree is never touched."""
    tree = WORK / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dev.py", "pyproject.toml", "requirements.lock"):
        shutil.copy2(ROOT / name, tree / name)
    (tree / "pytest.ini").write_text(CONFIG, encoding="ascii")
    return tree


def _run_module(tree: Path, module: str, chosen: Sequence[Mutation], ledger: Ledger) -> bool:
    """Run the tests of one module on each change; False if they fail without any."""
    tests = [name for name in NEARBY[module] if (tree / name).exists()]
    stamp = _digest(_source(tree, module), *((tree / name).read_text() for name in tests))
    new = [one for one in chosen if _key(one, stamp) not in ledger.results]
    ledger.use({one: _key(one, stamp) for one in chosen})
    if not new:
        return True
    runner = Runner(tree, module, tests)
    runner.run(600.0, keep_compiled=True)
    outcome, seconds = runner.run(600.0)
    if outcome != "survived":
        print(f"{module}: the nearby tests fail without any change ({outcome}).")
        return False
    limit = max(LEAST_LIMIT_S, TIMES_LONGER * seconds)
    print(f"{module}: {len(new)} changes, the tests take {seconds:.1f} s", flush=True)
    file = tree / "usummary" / f"{module}.py"
    whole, times = file.read_bytes(), file.stat()
    for one in new:
        file.write_text(mutated(whole.decode(), one), encoding="utf-8")
        outcome, seconds = runner.run(limit)
        result = Result(
            _key(one, stamp), module, one.line, one.operator, one.change, outcome, seconds
        )
        ledger.add(result)
    file.write_bytes(whole)
    os.utime(file, (times.st_atime, times.st_mtime))  # as its compiled form remembers it
    return True


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _key(one: Mutation, stamp: str) -> str:
    return f"{stamp} {one.operator} {one.occurrence}"


@dataclass(frozen=True)
class Runner:
    """Runs the nearby tests of a module in forks of this process.

    Attributes:
        tree: The copy that the tests are run in.
        module: What is changed in it.
        tests: Their files, relative to the tree.
    """

    tree: Path
    module: str
    tests: Sequence[str]

    def run(self, limit_s: float, *, keep_compiled: bool = False) -> tuple[str, float]:
        """Outcome and seconds of one run, stopped after a time."""
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            self._run_as_child(keep_compiled=keep_compiled)
        status = _waited(child, began + limit_s)
        seconds = time.monotonic() - began
        if status is None:
            return "timeout", seconds
        return ("survived" if status == 0 else "killed"), seconds

    def _run_as_child(self, *, keep_compiled: bool) -> None:
        """Become the test run; ends the process."""
        import numba
        import pytest
        from hypothesis import HealthCheck, Phase, settings

        os.setsid()
        os.nice(10)  # other work on the machine goes first
        log = os.open(WORK / "last.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(self.tree)
        sys.path[:] = [str(self.tree), *(place for place in sys.path if place != str(ROOT))]
        for name in [name for name in sys.modules if name.split(".")[0] == "benchmarks"]:
            del sys.modules[name]
        sys.dont_write_bytecode = not keep_compiled
        numba.config.DISABLE_JIT = self.module in UNCOMPILED
        phases = (Phase.explicit, Phase.generate)  # whether one fails, not the smallest that does
        settings.register_profile(
            "mutants",
            phases=phases,
            suppress_health_check=list(HealthCheck),  # slow on a busy machine is not noticed
            database=None,
            deadline=None,
            derandomize=True,
        )
        settings.load_profile("mutants")
        words = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:pytest-qt",
            "-p",
            "no:faulthandler",
        ]
        code = 3
        try:
            code = int(pytest.main([*words, "-k", f"not ({TOO_LONG})", *self.tests]))
        finally:  # never on into what the parent does
            sys.stdout.flush()
            os._exit(code)


def _waited(child: int, until: float) -> int | None:
    """Exit status of a child; None if it had to be stopped."""
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.01)


class Ledger:
    """All results so far, one line each, in a file that is only ever added to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.results = {result.key: result for result in self._read()}
        self._used: dict[Mutation, str] = {}

    def _read(self) -> Iterator[Result]:
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                yield Result(**json.loads(line))

    def add(self, result: Result) -> None:
        """Write a result down."""
        self.results[result.key] = result
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")

    def survivors(self) -> set[tuple[str, int, str]]:
        """Module, line and change of all that survived when they were last run."""
        last = {(one.module, one.line, one.change): one.outcome for one in self.results.values()}
        return {change for change, outcome in last.items() if outcome == "survived"}

    def use(self, keys: dict[Mutation, str]) -> None:
        """Say under which keys this run's results lie."""
        self._used |= keys

    def result(self, one: Mutation) -> Result:
        """What became of a change in this run."""
        return self.results[self._used[one]]


def _report(chosen: Sequence[Mutation], ledger: Ledger) -> None:
    """Survivors, then the share of killed changes of each module and package."""
    results = [ledger.result(one) for one in chosen]
    for result in results:
        if result.outcome == "survived":
            print(f"survived  {result.module}.py:{result.line}  {result.change}")
    total, killed = Counter[str](), Counter[str]()
    for result in results:
        for name in (result.module, result.module.split("/")[0], "all"):
            total[name] += 1
            killed[name] += result.outcome != "survived"
    for name in sorted(total):
        print(f"{name:<24} {killed[name]:5} of {total[name]:5}  {killed[name] / total[name]:.1%}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
