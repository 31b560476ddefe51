"""The simulated exam: what it promises about its files, its truth and its pictures."""

import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pydicom
import pytest
from pydicom.pixels import iter_pixels

from usummary.errors import ExportError, SettingsError
from usummary.phantom import Recorder, render
from usummary.phantom.exam import SimulatedExam
from usummary.phantom.planes import PLANES
from usummary.phantom.script import write_script
from usummary.progress import Cancelled, Progress
from usummary.types import STANDARD_PLANES

SMALL = Recorder(width=320, height=240, fps=12, bit_rate=300_000)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return render(
        tmp_path_factory.mktemp("phantom") / "exam.mp4", minutes=0.5, seed=4, recorder=SMALL
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return render(tmp_path_factory.mktemp("study") / "exam", minutes=0.4, seed=4, recorder=SMALL)


def truth_beside(video):
    return json.loads(video.with_suffix(".truth.json").read_text(encoding="utf-8"))


def test_the_video_is_ordinary_h264_and_says_that_it_is_simulated(video):
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.format.name) == ("h264", "yuv420p")
        assert stream.average_rate == 12
        assert "simulated" in container.metadata["title"].lower()
        assert "simulated" in container.metadata["comment"].lower()
        kinds = [int(frame.pict_type) for frame in container.decode(stream)]
    assert len(kinds) == 360
    assert int(av.video.frame.PictureType.B) in kinds
    data = video.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert 0.75 < len(data) * 8 / 30 / SMALL.bit_rate < 1.35


def test_only_the_video_and_its_truth_are_left(video):
    assert {p.name for p in video.parent.iterdir()} == {"exam.mp4", "exam.truth.json"}


def test_the_truth_covers_every_frame_once(video):
    truth = truth_beside(video)
    assert truth["simulated"] is True
    assert truth["frame_count"] == 360
    parts = sorted(
        (part["start_frame"], part["end_frame"]) for part in truth["planes"] + truth["searching"]
    )
    assert parts[0][0] == 0
    assert parts[-1][1] == 360
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    for freeze in truth["freezes"]:
        assert any(
            plane["plane"] == freeze["plane"]
            and plane["start_s"] <= freeze["start_s"] < freeze["end_s"] <= plane["end_s"]
            for plane in truth["planes"]
        )


@pytest.mark.parametrize("seed", range(12))
def test_ten_minutes_show_all_planes_and_much_searching(seed):
    script = write_script(10, seed, 30)
    assert {PLANES[v.plane].name for v in script.visits} == set(STANDARD_PLANES)
    assert [script.intervals[0].start, script.intervals[-1].end] == [0, 18_000]
    seconds = dict.fromkeys(("searching", "live", "frozen"), 0.0)
    for part in script.intervals:
        seconds[part.kind] += (part.end - part.start) / 30
        if part.kind == "frozen" and part.end < 18_000:
            assert 1.4 <= (part.end - part.start) / 30 <= 6.1
    assert 0.3 <= seconds["searching"] / 600 <= 0.5
    assert seconds["frozen"] > 20


def test_short_exams_show_what_fits():
    assert len({v.plane for v in write_script(2.5, 0, 30).visits}) == len(STANDARD_PLANES)
    script = write_script(0.1, 0, 30)
    assert any(part.kind == "frozen" for part in script.intervals)


def test_a_frozen_picture_stands_still_but_for_its_calipers():
    script = write_script(0.5, 4, 12)
    exam = SimulatedExam(script, 320, 240)
    box = exam.fan.box
    shown = [(s.interval, box.crop(s.picture[:240]).copy()) for s in exam.frames()]
    frozen, live = [], []
    for (then, before), (now, after) in pairwise(shown):
        changed = float(np.mean(before != after))
        if now.kind == "frozen" and then == now:
            frozen.append(changed)
            if not PLANES[now.plane].calipers:
                assert changed == 0
        elif now.kind != "frozen":
            live.append(changed)
    assert np.median(frozen) == 0
    assert max(frozen) < 0.05
    assert min(live) > 0.2


def test_calipers_and_results_appear_while_frozen():
    script = write_script(1, 3, 4)
    exam = SimulatedExam(script, 640, 480)
    measured = next(
        part for part in script.intervals if part.kind == "frozen" and PLANES[part.plane].calipers
    )
    pictures = [s.picture[:480].copy() for s in exam.frames() if s.interval == measured]
    changed = pictures[0] != pictures[-1]
    box = exam.fan.box
    inside = box.crop(changed)
    assert 20 < inside.sum() < 0.03 * inside.size  # calipers
    assert changed[400:, box.x1 :].sum() > 20  # the measured value


def test_the_same_seed_gives_the_same_pictures():
    exams = [SimulatedExam(write_script(0.1, seed, 12), 320, 240) for seed in (5, 5, 6)]
    first, same, other = ([shown.picture.copy() for shown in exam.frames()] for exam in exams)
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_the_same_seed_gives_the_same_study(tmp_path):
    for name in ("a", "b"):
        render(tmp_path / name, minutes=0.1, seed=5, recorder=SMALL)
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("a", "b"))
    assert one == two


@pytest.mark.parametrize("name", ["exam.mp4", "exam"])
@pytest.mark.parametrize("stop", [Cancelled, KeyboardInterrupt])
def test_stopping_leaves_nothing(tmp_path, name, stop):
    def report(progress: Progress) -> None:
        if progress.fraction > 0.3:
            raise stop

    with pytest.raises(stop):
        render(tmp_path / name, minutes=0.1, seed=0, progress=report, recorder=SMALL)
    assert list(tmp_path.iterdir()) == []


def test_progress_rises_to_the_end(tmp_path):
    seen: list[float] = []
    render(
        tmp_path / "exam.mp4",
        minutes=0.1,
        seed=0,
        progress=lambda progress: seen.append(progress.fraction),
        recorder=SMALL,
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize("minutes", [0, -1, 241, float("nan")])
def test_impossible_durations_are_refused(tmp_path, minutes):
    with pytest.raises(SettingsError, match="240 minutes"):
        render(tmp_path / "exam.mp4", minutes=minutes, seed=0)


def test_impossible_recorders_and_seeds_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="321 x 240"):
        Recorder(width=321, height=240)
    with pytest.raises(SettingsError, match="frames per second"):
        Recorder(fps=0)
    with pytest.raises(SettingsError, match="seed"):
        render(tmp_path / "exam.mp4", minutes=1, seed=-1)


def test_an_unusable_place_is_an_export_error(tmp_path):
    (tmp_path / "file").write_text("taken")
    with pytest.raises(ExportError, match=r"exam\.mp4"):
        render(tmp_path / "file" / "exam.mp4", minutes=0.05, seed=0, recorder=SMALL)


def test_a_study_replaces_only_an_earlier_study(tmp_path):
    other = tmp_path / "photos"
    other.mkdir()
    (other / "holiday.jpg").write_bytes(b"x")
    render(tmp_path / "photos.mp4", minutes=0.05, seed=0, recorder=SMALL)
    with pytest.raises(ExportError, match="photos"):
        render(other, minutes=0.1, seed=0, recorder=SMALL)
    assert (other / "holiday.jpg").read_bytes() == b"x"
    out = tmp_path / "study"
    render(out, minutes=0.1, seed=0, recorder=SMALL)
    render(out, minutes=0.1, seed=1, recorder=SMALL)
    assert json.loads((tmp_path / "study.study.truth.json").read_text())["seed"] == 1
    assert len(list(tmp_path.iterdir())) == 5


def read_study(study: Path):
    return [pydicom.dcmread(path) for path in sorted(study.glob("*.dcm"))]


def test_the_study_is_valid_and_says_that_it_is_simulated(study):
    instances = read_study(study)
    assert len({i.SOPInstanceUID for i in instances}) == len(instances)
    assert all(i.SOPInstanceUID.is_valid for i in instances)
    assert len({i.StudyInstanceUID for i in instances}) == 1
    assert [i.InstanceNumber for i in instances] == list(range(1, len(instances) + 1))
    times = [i.AcquisitionDateTime for i in instances]
    assert times == sorted(times)
    for instance in instances:
        assert "simulated" in instance.ImageComments.lower()
        assert "simulated" in instance.InstitutionName.lower()
        region = instance.SequenceOfUltrasoundRegions[0]
        assert 0 < region.RegionLocationMinX0 < region.RegionLocationMaxX1 < 320
        assert 0 < region.RegionLocationMinY0 < region.RegionLocationMaxY1 < 240


def test_the_study_holds_cines_and_a_still_for_every_freeze(study):
    truth = json.loads(study.with_name("exam.study.truth.json").read_text(encoding="utf-8"))
    by_name = {path.name: pydicom.dcmread(path) for path in study.glob("*.dcm")}
    stills = {freeze["file"] for freeze in truth["freezes"]}
    cines = {cine["file"]: cine for cine in truth["cines"]}
    assert len(stills) >= 2
    assert len(cines) >= 2
    assert stills | set(cines) == set(by_name)
    assert sum(cine["frames"] for cine in cines.values()) == truth["frame_count"]
    for name, instance in by_name.items():
        frames = list(iter_pixels(study / name))
        assert frames[0].shape == (240, 320, 3)
        if name in cines:
            assert instance.NumberOfFrames == len(frames) == cines[name]["frames"]
            assert float(instance.FrameTime) == pytest.approx(1000 / 12, abs=1e-3)
        else:
            assert "NumberOfFrames" not in instance
    lasts = [cine["start_s"] - 1 / 12 for cine in truth["cines"][1:]]
    times = [freeze["time_s"] for freeze in truth["freezes"]]
    assert times[: len(lasts)] == pytest.approx(lasts, abs=1e-5)
    assert all(part["end_frame"] <= truth["frame_count"] for part in truth["planes"])


def test_a_still_shows_the_frozen_end_of_the_cine_before_it(study):
    truth = json.loads(study.with_name("exam.study.truth.json").read_text(encoding="utf-8"))
    freeze, cine = truth["freezes"][0], truth["cines"][0]
    x0, y0, x1, y1 = truth["sector"]["box"]
    still = next(iter_pixels(study / freeze["file"]))[y0:y1, x0:x1].astype(int)
    frames = list(iter_pixels(study / cine["file"]))
    last, early = (frames[i][y0:y1, x0:x1].astype(int) for i in (-1, 0))
    assert np.abs(still - last).mean() < 0.6 * np.abs(still - early).mean()
