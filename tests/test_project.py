"""Project files give back what was saved, whatever happens to program, file or recording."""

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.edited import ANALYSIS, edited, histories, long_analysis
from usummary import pipeline
from usummary import project as p
from usummary.analysis.feature_cache import content_hash
from usummary.errors import ExportError, InputError, UnreadableFile
from usummary.project import Project, load_project, save_project
from usummary.selection import edits as e
from usummary.selection.edits import UNEDITED
from usummary.settings import Settings

SETTINGS = Settings(sample_rate=7.5, freeze_frames=Path("/exams/list.csv"))
PROJECT = Project(
    ANALYSIS.path, SETTINGS, "P", e.keep(UNEDITED, ANALYSIS.shots[1]), ANALYSIS, cover_planes=True
)


def assert_same(one: object, other: object, where: str = "project") -> None:
    """Equal to the last bit, arrays with their types."""
    assert type(one) is type(other), where
    if is_dataclass(one):
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name), field.name)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, where
        assert one.tobytes() == other.tobytes(), where
    elif isinstance(one, tuple):
        assert len(one) == len(other), where
        for a, b in zip(one, other, strict=True):
            assert_same(a, b, where)
    else:
        assert one == other, where


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(histories())
def test_a_project_comes_back_to_the_last_bit(tmp_path, history):
    path = tmp_path / "exam.usummary"
    saved = replace(PROJECT, edits=edited(history)[-1])
    save_project(path, saved)
    assert_same(load_project(path), saved)


@given(
    st.lists(st.floats(width=64), max_size=20),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20),
)
def test_every_number_survives_packing(times, whole):
    bits = p._bits(np.array(times, np.float64))
    assert p._straight(p._bent(bits)).tobytes() == np.array(times, np.float64).tobytes()
    assert p._straight(p._bent(np.array(whole, np.int64))).tolist() == whole


def test_a_long_exam_is_small(tmp_path):
    analysis = replace(long_analysis(rate=60.0), planes=None)  # its clips are of another exam
    edits = e.split(UNEDITED, analysis.shots, 0, analysis.shots[9].start_frame + 1)
    path = tmp_path / "long.usummary"
    saved = Project(ANALYSIS.path, SETTINGS, "15%", edits, analysis, cover_planes=False)
    save_project(path, saved)
    assert path.stat().st_size < 3e6
    assert_same(load_project(path), saved)


def test_the_shown_result_is_the_saved_one(tmp_path):
    path = tmp_path / "exam.usummary"
    save_project(path, PROJECT)
    loaded = load_project(path)
    before = pipeline.select(PROJECT.analysis, PROJECT.length, edits=PROJECT.edits, cover_s=0.4)
    after = pipeline.select(loaded.analysis, loaded.length, edits=loaded.edits, cover_s=0.4)
    assert after.shots == before.shots
    assert after.freeze_frames == before.freeze_frames
    assert after.metrics == before.metrics


def test_the_edits_stand_in_the_file_as_documented(tmp_path):
    """Other programs read them with any zip and JSON reader (docs/project-file.md)."""
    path = tmp_path / "exam.usummary"
    save_project(path, PROJECT)
    with zipfile.ZipFile(path) as file:
        assert set(file.namelist()) == {"project.json", "analysis.zip"}
        header = json.loads(file.read("project.json"))
        analysis = zipfile.ZipFile(io.BytesIO(file.read("analysis.zip")))
    assert header["version"] == 2
    assert header["length"] == "P"
    assert header["edits"]["kept"] == [{"recording": 0, "start_frame": 7, "end_frame": 20}]
    arrays = {name: np.load(analysis.open(name)) for name in analysis.namelist() if ".npy" in name}
    times = np.cumsum(np.cumsum(arrays["frame_times_1.npy"])).view(np.float64)
    assert times.tobytes() == ANALYSIS.frame_times_s[1].tobytes()
    documented = (Path(__file__).parents[1] / "docs" / "project-file.md").read_text("utf-8")
    for name in [*header, *header["edits"], *json.loads(analysis.read("analysis.json"))]:
        assert f"`{name}`" in documented
    for name in arrays:
        assert f"`{re.sub('[0-9]', 'N', name)}`" in documented


# Files that cannot be used


def rewrite(path: Path, change) -> None:
    """The project file with another header."""
    with zipfile.ZipFile(path) as file:
        header, packed = json.loads(file.read("project.json")), file.read("analysis.zip")
    change(header)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("project.json", json.dumps(header))
        file.writestr("analysis.zip", packed)


def test_a_newer_format_asks_for_an_update(tmp_path):
    path = tmp_path / "exam.usummary"
    save_project(path, PROJECT)
    rewrite(path, lambda header: header.update(version=3))
    with pytest.raises(UnreadableFile, match=r"format 3, this program reads 2.*Update"):
        load_project(path)


def test_a_file_of_the_first_format_is_read(tmp_path):
    """It is one of today without what was added: no clips, no covering."""
    path = tmp_path / "exam.usummary"
    old = replace(PROJECT, analysis=replace(ANALYSIS, planes=None), cover_planes=False)
    save_project(path, old)
    rewrite(path, lambda header: (header.update(version=1), header.pop("cover_planes")))
    assert_same(load_project(path), old)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("edits"),
        lambda header: header.pop("cover_planes"),
        lambda header: header.update(cover_planes="yes"),
        lambda header: header.update(program="another"),
        lambda header: header.update(length="a lot"),
        lambda header: header.update(exam=7),
        lambda header: header["settings"].update(colour="blue"),
        lambda header: header["edits"].update(kept="all"),
        lambda header: header["edits"].update(spans=[]),
        lambda header: header["edits"].update(locked=header["edits"]["kept"], kept=[]),
        lambda header: header["edits"]["kept"][0].update(end_frame=4000),
    ],
)
def test_a_file_with_wrong_values_is_damaged(tmp_path, change):
    path = tmp_path / "exam.usummary"
    save_project(path, PROJECT)
    rewrite(path, change)
    with pytest.raises(UnreadableFile, match="damaged"):
        load_project(path)


def test_a_damaged_file_is_an_error_and_never_another_result(tmp_path):
    path = tmp_path / "exam.usummary"
    save_project(path, PROJECT)
    whole = path.read_bytes()
    chance = random.Random(4)
    damaged = [b"", b"PK", b"\0" * 500, *(whole[: chance.randrange(len(whole))] for _ in range(30))]
    for _ in range(150):
        spoiled = bytearray(whole)
        spoiled[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        damaged.append(bytes(spoiled))
    refused = 0
    for content in damaged:
        path.write_bytes(content)
        try:
            loaded = load_project(path)
        except UnreadableFile:
            refused += 1
        else:  # a bit that says nothing, such as a file date
            assert_same(loaded, PROJECT)
    assert refused > 100


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "exam.usummary"
    save_project(path, PROJECT)
    monkeypatch.setattr(p, "_LARGEST", 1000)
    with pytest.raises(UnreadableFile, match="damaged"):
        load_project(path)


def test_missing_and_unreadable_files_are_named(tmp_path):
    with pytest.raises(UnreadableFile, match=r"no project file .*none\.usummary"):
        load_project(tmp_path / "none.usummary")
    with pytest.raises(UnreadableFile, match="cannot be read"):
        load_project(tmp_path)


def test_what_cannot_be_saved_is_said_and_harms_nothing(tmp_path):
    path = tmp_path / "exam.usummary"
    path.mkdir()
    with pytest.raises(ExportError, match="could not be saved"):
        save_project(path, PROJECT)
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="could not be saved"):
        save_project(tmp_path / "file" / "exam.usummary", PROJECT)


# The recording


def made_from(exam: Path) -> Project:
    hashes = {exam.name: content_hash(exam)}
    provenance = replace(ANALYSIS.provenance, input_sha256=hashes)
    return replace(
        PROJECT, exam_path=exam, analysis=replace(ANALYSIS, path=exam, provenance=provenance)
    )


def test_a_changed_or_missing_recording_is_noticed(tmp_path):
    exam = tmp_path / "exam.mp4"
    exam.write_bytes(b"pictures")
    project = made_from(exam)
    p.check_recording(project)
    exam.write_bytes(b"Pictures")
    with pytest.raises(InputError, match=r"exam\.mp4 is not the recording"):
        p.check_recording(project)
    exam.unlink()
    with pytest.raises(UnreadableFile, match=r"exam\.mp4.* cannot be found"):
        p.check_recording(project)


def test_a_moved_recording_is_found_beside_the_project(tmp_path):
    exam = tmp_path / "exam.mp4"
    exam.write_bytes(b"pictures")
    (tmp_path / "stick").mkdir()
    path = tmp_path / "stick" / "exam.usummary"
    save_project(path, made_from(exam))
    exam.rename(tmp_path / "stick" / "exam.mp4")
    loaded = load_project(path)
    assert loaded.exam_path == loaded.analysis.path == tmp_path / "stick" / "exam.mp4"
    p.check_recording(loaded)


def test_the_stills_of_a_moved_study_move_with_it():
    old, new = Path("/exams"), Path("/archive/7")
    study = replace(PROJECT, exam_path=old, analysis=replace(ANALYSIS, path=old))
    there = p.moved(study, new)
    assert [freeze.path for freeze in there.analysis.freeze_frames] == [
        None,
        new / "still.dcm",
        None,
    ]


def test_every_exam_has_a_place_of_its_own(tmp_path):
    one, other = p.default_path(tmp_path / "a" / "exam.mp4"), p.default_path(tmp_path / "exam.mp4")
    assert one != other
    assert re.fullmatch(r"exam-[0-9a-f]{8}\.usummary", one.name)
    assert one == p.default_path(tmp_path / "a" / "exam.mp4")
    save_project(one, PROJECT)
    assert load_project(one).edits == PROJECT.edits
    one.unlink()


# What a project from elsewhere may name


@pytest.mark.parametrize("name", ["../../etc/hostname", "/etc/hostname", "a/../../b", "..", ""])
def test_a_project_names_no_file_outside_its_exam(tmp_path, name):
    exam = tmp_path / "exam.mp4"
    exam.write_bytes(b"pictures")
    altered = made_from(exam)
    provenance = replace(altered.analysis.provenance, input_sha256={name: "00"})
    altered = replace(altered, analysis=replace(altered.analysis, provenance=provenance))
    save_project(tmp_path / "exam.usummary", altered)
    with pytest.raises(UnreadableFile, match="damaged"):
        load_project(tmp_path / "exam.usummary")
    with pytest.raises(InputError, match="outside the exam's folder"):
        p.check_recording(altered)


@pytest.mark.parametrize("exam", [r"\\\\server\\share\\exam.mp4", "//server/share/exam.mp4"])
def test_loading_asks_no_server_for_the_exam(tmp_path, exam, monkeypatch):
    save_project(tmp_path / "a.usummary", PROJECT)
    with zipfile.ZipFile(tmp_path / "a.usummary") as file:
        members = {name: file.read(name) for name in file.namelist()}
    header = json.loads(members["project.json"]) | {"exam": exam.replace("\\\\", "\\")}
    with zipfile.ZipFile(tmp_path / "a.usummary", "w") as file:
        file.writestr("project.json", json.dumps(header))
        file.writestr("analysis.zip", members["analysis.zip"])
    asked = []
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path, **_: asked.append(path) or exists(path))
    load_project(tmp_path / "a.usummary")
    assert {path.parent for path in asked} == {tmp_path}


def test_the_server_of_the_project_itself_may_be_asked():
    exam = Path(r"\\server\share\exam.mp4")
    assert p.may_look_at(exam, Path(r"\\SERVER\share\exam.usummary"))
    assert not p.may_look_at(exam, Path(r"C:\stick\exam.usummary"))
    assert not p.may_look_at(Path(r"\\.\pipe\x"), Path("/home/exam.usummary"))


def test_a_device_is_not_read_as_a_recording(tmp_path):
    named = PROJECT
    device = replace(named, exam_path=Path("/dev/zero"))
    provenance = replace(named.analysis.provenance, input_sha256={"zero": "00"})
    device = replace(device, analysis=replace(named.analysis, provenance=provenance))

    def stop() -> None:
        raise AssertionError("it was read")

    with pytest.raises(UnreadableFile, match="cannot be found"):
        p.check_recording(device, stop)


# Killed while saving

SAVER = """
import sys
from dataclasses import replace
from pathlib import Path
from usummary.project import load_project, save_project
from usummary.selection import edits as e

project, path, number = load_project(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
while True:
    number += 1
    freeze = replace(e.freeze_at(project.analysis, 0, 0), end_s=float(number))
    save_project(path, replace(project, edits=e.add_freeze(e.UNEDITED, freeze)))
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
def test_killed_while_saving_the_last_saved_edit_is_there(tmp_path):
    """A child saves numbered edits and tells each; it is killed at random moments."""
    folder = tmp_path / "projects"
    base, path = tmp_path / "base.usummary", folder / "exam.usummary"
    save_project(base, PROJECT)
    chance, told = random.Random(9), 0
    root = Path(__file__).parents[1]
    for _ in range(8):
        child = subprocess.Popen(
            [sys.executable, "-c", SAVER, str(base), str(path), str(told)],
            stdout=subprocess.PIPE, text=True, cwd=root, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert child.stdout is not None
        with child.stdout:
            first = int(child.stdout.readline())
            time.sleep(chance.uniform(0, 0.05))
            child.send_signal(signal.SIGKILL)
            said = [int(line) for line in child.stdout.read().splitlines(True) if line[-1] == "\n"]
        child.wait()
        assert first == told + 1
        (freeze,) = load_project(path).edits.added_freezes
        told = max([first, *said])
        assert int(freeze.end_s) in (told, told + 1)
        told = int(freeze.end_s)
    for left in folder.iterdir():
        os.utime(left, (0, 0))
    save_project(path, PROJECT)
    assert list(folder.iterdir()) == [path]
