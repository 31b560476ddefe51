"""Damaged and hostile files: each is loaded, and must end in a result or a `UsummaryError`.

``python -m tests.fuzz.altered_files --count 20000 --seed 1`` makes project files, settings, the
window's memory and export records, alters each in one to three places, and loads it. Opening,
moving or deleting anything outside the fuzz's own folder is a finding, as is any other exception.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.edited import ANALYSIS
from ui import preferences
from ui.session import jobs
from usummary.analysis.feature_cache import content_hash
from usummary.errors import UsummaryError
from usummary.export.folder import staged
from usummary.project import Project, check_recording, load_project, save_project
from usummary.selection import edits
from usummary.settings import Settings, load_settings, make_settings

NAMES = [
    "../../etc/hostname", "..", ".", "", "/etc/hostname", "\\bait", "..\\..\\bait", "C:\\bait",
    "C:bait", "\\\\server\\share\\x", "//server/share/x", "\\\\.\\pipe\\x", "/dev/zero", "CON",
    "nul.mp4", "a\0b", "a" * 5000, "\ud800", "<img src=x>", "%s", "{x}",
]  # fmt: skip
NUMBERS = [
    float("nan"),
    float("inf"),
    -1,
    -1.5,
    0,
    1e308,
    2**31,
    2**63,
    10**400,
    -(10**400),
    1e-320,
]
OTHERS: list[Any] = [None, True, [], {}, [[]], "0%", "15%", [None], {"a": None}]
DEEP = "\ue000deep\ue000"
"""Stands for a nesting too deep for `json`."""
OUTSIDE = frozenset(
    {"open", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "shutil.rmtree"}
)


class Watch:
    """Notes what is opened or changed outside the places a load may touch.

    Python gives no audit hook back, so there is one for the process, asleep between loads.
    """

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] | None = None
        self.seen: list[str] = []
        self._code = tuple({sys.prefix, sys.base_prefix, str(Path(__file__).parents[2])})
        sys.addaudithook(self._hear)

    @contextmanager
    def over(self, *allowed: Path) -> Iterator[list[str]]:
        """Listens; the list holds what was touched elsewhere."""
        self.seen, self.allowed = [], tuple(map(str, allowed))
        try:
            yield self.seen
        finally:
            self.allowed = None

    def _hear(self, event: str, values: tuple[Any, ...]) -> None:
        if self.allowed is None:
            return
        if event.startswith(("socket.", "subprocess.")):
            self.seen.append(event)
        elif event in OUTSIDE:
            reads = event == "open" and not set(str(values[1] or "r")) & set("wax+")
            places = self.allowed + (self._code if reads else ())
            paths = values[:2] if event in {"os.rename", "os.link"} else values[:1]
            if event in {"os.remove", "os.rmdir"} and values[-1] != -1:
                paths = ()  # within a folder that `shutil.rmtree` told of
            for path in paths:
                named = isinstance(path, str | bytes | Path)
                if named and not str(path).startswith(places):
                    self.seen.append(f"{event} {path!r}")


class Fuzz:
    """Makes, alters and loads files of all kinds in one folder.

    Args:
        home: An empty folder.
        seed: Of every choice.
    """

    def __init__(self, home: Path, seed: int, watch: Watch) -> None:
        self.home, self.rng, self.watch = home, random.Random(seed), watch
        exam = home / "exam" / "exam.mp4"
        exam.parent.mkdir()
        exam.write_bytes(b"pictures")
        provenance = replace(ANALYSIS.provenance, input_sha256={exam.name: content_hash(exam)})
        analysis = replace(ANALYSIS, path=exam, provenance=provenance)
        made = edits.keep(edits.UNEDITED, ANALYSIS.shots[1])
        save_project(home / "good", Project(exam, Settings(), "15%", made, analysis, True))
        self._project = (home / "good").read_bytes()
        self.kinds: dict[str, Callable[[], None]] = {
            "project": self._load_project,
            "settings.toml": self._load_settings,
            "window.json": self._load_window,
            "summary.json": self._overwrite,
        }

    def run(self, count: int) -> tuple[Counter[str], list[str]]:
        """How the loads ended, and every finding."""
        ends: Counter[str] = Counter()
        findings = []
        names = sorted(self.kinds)
        for number in range(count):
            kind = names[number % len(names)]
            with self.watch.over(self.home) as seen:
                try:
                    self.kinds[kind]()
                    end = "loaded"
                except UsummaryError:
                    end = "refused"
                except Exception as error:  # noqa: BLE001 - this is what is looked for
                    end = "uncaught"
                    last = traceback.extract_tb(error.__traceback__)[-1]
                    findings.append(f"{number} {kind}: {error!r:.200} at {last.name}")
            findings += [f"{number} {kind}: {touched:.200}" for touched in seen]
            ends[f"{kind} {end}"] += 1
        return ends, findings

    # One load of each kind

    def _load_project(self) -> None:
        path = self.home / "exam" / "altered.usummary"
        path.write_bytes(self._altered_project())
        project = load_project(path)
        if project.exam_path.is_relative_to(self.home):
            check_recording(project)
        choice = project.edits, project.length, project.cover_planes
        jobs.select(project.analysis, choice, project.settings.mode)

    def _load_settings(self) -> None:
        values = Settings().model_dump(mode="json", exclude_none=True)
        values["freeze_frames"] = "list.csv"
        text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        path = self.home / "settings.toml"
        if self.rng.random() < 0.5:
            path.write_bytes(self._flipped(text.encode()))
        else:
            key = self.rng.choice(sorted(values))
            path.write_text(f"{key} = {self._toml()}\n", "utf-8", "surrogatepass")
            make_settings_or_refuse({key: self._evil()})
        load_settings(path)

    def _load_window(self) -> None:
        values = json.loads(json.dumps(vars(preferences.Preferences(recent=("/a",)))))
        path = preferences._file()
        path.write_bytes(self._altered_json(values))
        kept = preferences.load()
        int(kept.cache_gb * 2**30)
        make_settings({"length": kept.length, "device": kept.device})
        preferences.save(kept)

    def _overwrite(self) -> None:
        out, bait = self.home / "out", self.home / "bait"
        out.mkdir(exist_ok=True)
        bait.write_text("a person's")
        (out / "notes.txt").write_text("a person's")
        names = ["summary.mp4", self.rng.choice(NAMES), "../bait", str(bait)]
        artefacts = [{"path": name} for name in names]
        record = {"program": "usummary", "artefacts": artefacts}
        if self.rng.random() < 0.5:
            (out / "summary.json").write_text(json.dumps(record))
        else:
            (out / "summary.json").write_bytes(self._altered_json(record))
        with staged(out, overwrite=True) as stage:
            (stage / "summary.json").write_text("{}")
        if not bait.exists() or not (out / "notes.txt").exists():
            raise RuntimeError("a file that no export wrote is gone")

    # Alterations

    def _altered_project(self) -> bytes:
        if self.rng.random() < 0.3:
            return self._flipped(self._project)
        outer = _unzipped(self._project)
        if self.rng.random() < 0.4:
            outer["project.json"] = self._altered_json(json.loads(outer["project.json"]))
        else:
            inner = _unzipped(outer["analysis.zip"])
            if self.rng.random() < 0.6:
                inner["analysis.json"] = self._altered_json(json.loads(inner["analysis.json"]))
            else:
                name = self.rng.choice(sorted(inner))
                inner[name] = self._flipped(inner[name])
            outer["analysis.zip"] = _zipped(inner)
        return _zipped(outer)

    def _flipped(self, data: bytes) -> bytes:
        if self.rng.random() < 0.2:
            return data[: self.rng.randrange(len(data) + 1)]
        flipped = bytearray(data)
        for _ in range(self.rng.randint(1, 8)):
            flipped[self.rng.randrange(len(flipped))] ^= 1 << self.rng.randrange(8)
        return bytes(flipped)

    def _altered_json(self, values: Any) -> bytes:
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            self._alter(values)
        text = json.dumps(values).replace(json.dumps(DEEP), "[" * 20_000 + "]" * 20_000)
        return text.encode("utf-8", "surrogatepass")

    def _alter(self, values: Any) -> None:
        """Walks to a random place, and replaces, renames or removes what is there."""
        while isinstance(values, dict | list) and values:
            key = self.rng.choice(
                sorted(values) if isinstance(values, dict) else range(len(values))
            )
            inner = values[key]
            if isinstance(inner, dict | list) and inner and self.rng.random() < 0.8:
                values = inner
                continue
            action = self.rng.random()
            if action < 0.1:
                del values[key]
            elif action < 0.3 and isinstance(values, dict):
                values[self.rng.choice(NAMES)] = values.pop(key)
            else:
                values[key] = self._evil()
            return

    def _evil(self) -> Any:
        return deepcopy(self.rng.choice([*NAMES, *NUMBERS, *OTHERS, DEEP]))

    def _toml(self) -> str:
        plain = ["nan", "inf", "-1", "1e308", "9" * 5000, "[" * 5000, "{}", "1979-05-27", "true"]
        quoted = [json.dumps(name) for name in NAMES] + [f"'{name}'" for name in NAMES]
        return self.rng.choice([*plain, *quoted])


def make_settings_or_refuse(values: dict[str, Any]) -> None:
    """Values as the window and the command line give them."""
    try:
        make_settings(values)
    except UsummaryError:
        return


def _unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def _zipped(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return data.getvalue()


def fuzz(count: int, seed: int, watch: Watch) -> tuple[Counter[str], list[str]]:
    """Runs in a new folder, where the window keeps its memory meanwhile."""
    with tempfile.TemporaryDirectory(prefix="usummary-fuzz-") as folder:
        home, before = Path(folder), preferences.data_dir
        preferences.data_dir = lambda: home
        try:
            return Fuzz(home, seed, watch).run(count)
        finally:
            preferences.data_dir = before


def main() -> int:
    """Prints how many loads ended how; fails where there was a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    ends, findings = fuzz(chosen.count, chosen.seed, Watch())
    for end, count in sorted(ends.items()):
        print(f"{count:6} {end}")  # noqa: T201 - a program's output
    print(f"{len(findings)} findings", *findings[:100], sep="\n")  # noqa: T201
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
