"""Composed recordings as files: pictures, freeze-frames and truth."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.training.made_data import made_timeline
from usummary import readers
from usummary.analysis.sector import find_region
from usummary.training.composing.collection import draw_cast
from usummary.training.composing.pictures import load_sources
from usummary.training.composing.probe import SECTOR, pictures
from usummary.training.composing.recording import SCREEN, Composition, write_recording
from usummary.training.composing.script import write_script
from usummary.types import STANDARD_PLANES

FPS = 10


@pytest.fixture(scope="module")
def cast(made_data):
    return draw_cast(load_sources(made_data, "test"), np.random.default_rng(3))


def composition(cast, freezes, seed=5, **stretch):
    script = write_script(made_timeline(), np.random.default_rng(seed), fps=FPS, **stretch)
    return Composition(script, cast, seed, freezes, "test")


def written(folder, cast, freezes):
    path = folder / f"{freezes}.mp4"
    done = []
    write_recording(composition(cast, freezes), path, done.append)
    assert done[0] == 0
    assert done == sorted(done)
    assert done[-1] == composition(cast, freezes).script.frame_count
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cast):
    """The same half minute twice: freezes shown, and hidden."""
    folder = tmp_path_factory.mktemp("recordings")
    for freezes in ("show", "hide"):
        written(folder, cast, freezes)
    return folder


def grey(path, box):
    """What stands in a box, frame by frame."""
    with readers.open_exam(path) as exam:
        return np.stack([box.crop(f.pixels).astype(np.int16) for f in exam.recordings[0].luma()])


def read(path):
    """Truth, freeze-frames and region of a recording, by the program."""
    truth = json.loads(path.with_suffix(".truth.json").read_text(encoding="utf-8"))
    with readers.open_exam(path) as exam:
        return truth, exam.freeze_frames, find_region(exam.recordings[0])


@pytest.mark.parametrize("freezes", ["show", "hide"])
def test_the_program_opens_it_with_its_freeze_frames(folder, cast, freezes):
    path = folder / f"{freezes}.mp4"
    script = composition(cast, freezes).script
    with readers.open_exam(path) as exam:
        (recording,) = exam.recordings
        assert (recording.info.width, recording.info.height) == SCREEN
        assert recording.info.frame_count == script.frame_count
        assert recording.info.duration_s == pytest.approx(script.frame_count / FPS)
        found = [(save.frame, save.plane) for save in exam.freeze_frames]
    assert found == [(save.frame, save.label) for save in script.saves]
    assert len(found) == 2


def test_the_sector_is_found_where_it_is(folder):
    for freezes in ("show", "hide"):
        truth, _, region = read(folder / f"{freezes}.mp4")
        masks = []
        for polygon in (truth["sector"]["polygon"], region.polygon):
            mask = np.zeros(SCREEN[::-1], np.uint8)
            cv2.fillPoly(mask, [np.array(polygon, np.int32)], 1)
            masks.append(mask.astype(bool))
        assert region.source == "pictures"
        assert (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum() > 0.9


def test_the_truth_says_what_is_known(folder, cast):
    for freezes in ("show", "hide"):
        truth, listed, _ = read(folder / f"{freezes}.mp4")
        script = composition(cast, freezes).script
        assert truth["composed"] is True
        assert "Composed" in truth["note"]
        assert (truth["part"], truth["operator"], truth["freezes"]) == ("test", "9", freezes)
        assert (truth["fps"], truth["frame_count"]) == (FPS, script.frame_count)
        assert truth["duration_s"] == pytest.approx(script.frame_count / FPS)
        assert truth["size"] == [*SCREEN]
        assert [v["label"] for v in truth["visits"]] == [v.label for v in script.visits]
        assert [(v["start_frame"], v["end_frame"]) for v in truth["visits"]] == [
            (v.start, v.end) for v in script.visits
        ]
        assert [(s["frame"], s["label"]) for s in truth["saves"]] == [
            (save.frame, save.plane) for save in listed
        ]
        for span in [*truth["visits"], *truth["held"], *truth["doppler"]]:
            assert span["start_s"] == pytest.approx(span["start_frame"] / FPS, abs=1e-6)
            assert span["end_s"] == pytest.approx(span["end_frame"] / FPS, abs=1e-6)
        held = [i for s in truth["held"] for i in range(s["start_frame"], s["end_frame"])]
        assert held == np.flatnonzero(script.hold >= 0.75).tolist()
        (doppler,) = truth["doppler"]
        assert (doppler["start_s"], doppler["end_s"]) == (17.0, 18.0)
        assert {*truth["sources"]} == {*STANDARD_PLANES}
        assert set(truth["burned_in"]) == {"name", "identifier", "begun"}
        x0, y0, x1, y1 = truth["sector"]["box"]
        corners = np.array(truth["sector"]["polygon"])
        assert [*corners.min(axis=0), *corners.max(axis=0)] == [x0, y0, x1 - 1, y1 - 1]


def test_shown_freezes_stand_still_and_hidden_ones_run_on(folder):
    truth, listed, region = read(folder / "show.mp4")
    for freezes in ("show", "hide"):
        frames = grey(folder / f"{freezes}.mp4", region.box)
        change = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2))
        for save in listed:
            # a freeze lasts 1.5 s at least; the picture of the save itself opens it
            after = change[save.frame + 1 : save.frame + 14]
            assert (after.max() < 1.0) == (freezes == "show"), after
        assert np.median(change) > 0.4
    assert len(truth["saves"]) == 2


def test_a_freeze_shows_calipers(folder, cast):
    _, (save, _), region = read(folder / "show.mp4")
    frames = grey(folder / "show.mp4", region.box)
    live, frozen = frames[save.frame], frames[save.frame + 3]
    apart = np.abs(frozen - live)
    assert apart.max() > 60
    assert 0 < (apart > 60).mean() < 0.01


def test_hidden_freezes_are_the_same_recording_up_to_a_save(cast):
    """Hiding changes nothing but what follows a save."""
    script = composition(cast, "show").script
    frozen = np.arange(script.frame_count)
    first = script.saves[0].frame
    frozen[first : first + 20] = first
    shown = [
        np.stack([*pictures(script, cast, np.random.default_rng(1), still)][: first + 20])
        for still in (None, frozen)
    ]
    assert np.array_equal(shown[0][: first + 1], shown[1][: first + 1])
    assert (shown[1][first:] == shown[1][first]).all()
    assert not np.array_equal(shown[0][first + 1], shown[0][first])


def test_same_seed_same_pictures(cast):
    def some(seed):
        made = composition(cast, "hide", seed, start_s=8.0, minutes=0.05)
        return np.stack([*pictures(made.script, cast, np.random.default_rng(seed))])

    one, two, other = some(1), some(1), some(2)
    assert one.shape == (3 * FPS, *SECTOR)
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_same_seed_same_file(cast, tmp_path):
    made = composition(cast, "show", 7, start_s=10.0, minutes=0.05)
    for name in ("a.mp4", "b.mp4"):
        write_recording(made, tmp_path / name, lambda _: None)
    for ending in (".mp4", ".truth.json", ".freeze.csv"):
        one, two = ((tmp_path / name).with_suffix(ending).read_bytes() for name in ("a.x", "b.x"))
        assert one == two, ending


def test_nothing_half_written_is_left(cast, tmp_path):
    class Enough(Exception):
        pass

    def stop(frames):
        if frames >= 8:
            raise Enough

    made = composition(cast, "hide", start_s=10.0, minutes=0.05)
    with pytest.raises(Enough):
        write_recording(made, tmp_path / "exam.mp4", stop)
    assert list(tmp_path.iterdir()) == []


def test_a_save_of_no_plane_is_listed_without_one(made_data, cast, tmp_path):
    timeline = replace(made_timeline(), labels=("Other",) * 300)
    script = write_script(timeline, np.random.default_rng(1), fps=FPS, start_s=10.5, minutes=0.02)
    path = tmp_path / "other.mp4"
    write_recording(Composition(script, cast, 1, "hide", "test"), path, lambda _: None)
    truth, (save,), _ = read(path)
    assert (save.frame, save.plane) == (5, None)
    assert [s["label"] for s in truth["saves"]] == ["Other"]


def test_colour_comes_with_doppler(cast, tmp_path):
    """Flow is shown where the picture is dark: all of this one is."""
    dark = {
        plane: replace(source, pictures=source.pictures // 8)
        for plane, source in cast.planes.items()
    }
    script = write_script(
        made_timeline(), np.random.default_rng(1), fps=FPS, start_s=16, minutes=0.05
    )
    path = tmp_path / "doppler.mp4"
    made = Composition(script, replace(cast, planes=dark), 1, "hide", "test")
    write_recording(made, path, lambda _: None)
    with readers.open_exam(path) as exam:
        coloured = [
            np.ptp(f.pixels[84:420].astype(int), axis=2).max() for f in exam.recordings[0].frames()
        ]
    assert script.doppler.sum() == FPS
    assert max(np.array(coloured)[script.doppler]) > 60
    # around it the settings at the right are bluish, and nothing else has a colour
    assert max(np.array(coloured)[~script.doppler]) < 60
