import re

import cv2
import numpy as np
import pytest

from tests.shared_data import SHARED, needs_shared
from tests.training.made_data import made_timeline
from usummary.errors import UnreadableFile
from usummary.training.composing.pictures import (
    OTHER,
    SAVE_LABEL_S,
    THORAX,
    RealCourse,
    load_examples,
    load_sources,
    load_timelines,
    one_of_each_save,
    sector_of,
)
from usummary.types import STANDARD_PLANES

PARTS = ("train", "validation", "test")


def person(name):
    """Exam, patient or paper in a source's name."""
    pattern = r"hc18/\d+|fetal_planes/Patient\d+|lung_clips/.*?(pat\d|Cov|Vir)|sononet/.*"
    return re.match(pattern, name)[0]


def test_nobody_is_on_two_sides(made_data):
    people = {part: {person(s.name) for s in load_sources(made_data, part)} for part in PARTS}
    assert not people["train"] & people["validation"]
    assert not people["train"] & people["test"]
    assert not people["validation"] & people["test"]
    assert len(set.union(*people.values())) == 12 + 40 + 4 + 13
    assert all(people.values())


def test_labels_become_planes(made_data):
    planes = {s.name.split("_")[-1]: s.planes for s in load_sources(made_data, "train")}
    assert planes["HC.png"] == ("Brain (Cb.)", "Brain (Tv.)") == planes["0.png"]
    assert planes["1.png"] == ("Abdominal",)
    assert planes["2.png"] == ()
    assert planes["3.png"] == ("Background",) == planes["1.mp4"]
    assert planes["4.png"] == ("Brain (Cb.)",)
    assert planes["5.png"] == ("Brain (Tv.)",)
    assert planes["6.png"] == ()  # a thorax may be a four-chamber view, or not


def test_the_data_sets_own_words_are_kept(made_data):
    by_number = {s.name[-5]: s for s in load_sources(made_data, "train") if "Patient" in s.name}
    assert {n for n, source in by_number.items() if source.view == THORAX} == {"6"}
    assert {source.machine for source in by_number.values()} == {"Made"}


def saved_image():
    """A trapezium of grey 60 on black; beside it a bar, a ruler and lines of text."""
    picture = np.zeros((200, 300), np.uint8)
    outline = np.array([[120, 20], [180, 20], [260, 180], [40, 180]], np.int32)
    cv2.fillPoly(picture, [outline], 60)
    picture[10:90, 2:8] = 200
    picture[100:180:10, 2:6] = 200
    cv2.putText(picture, "FR 24Hz", (236, 16), cv2.FONT_HERSHEY_PLAIN, 0.8, 255)
    return picture


def test_the_sector_is_cut_out_and_text_beside_it_is_gone():
    sector = sector_of(saved_image())
    assert sector.shape == pytest.approx((161, 221), abs=4)
    assert sector.max() == 60
    assert (sector > 0).mean() == pytest.approx(0.5 * (61 + 221) / 221, abs=0.03)


@pytest.mark.parametrize("picture", [np.zeros((50, 80), np.uint8), np.full((50, 80), 40, np.uint8)])
def test_a_picture_without_a_sector_stays(picture):
    assert np.array_equal(sector_of(picture), picture)


def test_a_small_lit_patch_is_no_sector():
    picture = np.zeros((200, 300), np.uint8)
    picture[50:100, 50:120] = 90
    assert np.array_equal(sector_of(picture), picture)


def test_clips_come_at_the_sample_rate(made_data):
    clip = next(s for s in load_sources(made_data, "train") if s.name.endswith("mp4"))
    assert clip.pictures.shape == (20, 48, 64)  # 40 frames at 30 a second
    np.testing.assert_allclose(np.diff(clip.pictures.mean(axis=(1, 2))), 10, atol=3)


def test_saves_that_follow_closely_are_one():
    saved = np.zeros(400, bool)
    saved[[10, 60, 159, 260, 399]] = True
    assert one_of_each_save(saved, 10.0) == [159, 260, 399]
    assert one_of_each_save(np.zeros(5, bool), 10.0) == []


def test_the_examples_are_test_pictures_of_every_plane(made_data):
    examples = load_examples(made_data)
    assert {e.planes[0] for e in examples} == {*STANDARD_PLANES}
    tested = [s.name for s in load_sources(made_data, "test")]
    assert {e.name for e in examples} <= set(tested)
    assert len(tested) == len(set(tested))
    for example in examples:
        # the sector alone: 619x793, shrunk to 472 rows; the bars around it have grey value 40
        assert example.pictures.shape == (1, 472, 605)
        assert example.small.shape == (1, 336, 431)
        assert example.pictures.std() > 30


def test_timelines_are_split_by_operator(made_data):
    operators = {part: [t.operator for t in load_timelines(made_data, part)] for part in PARTS}
    assert operators == {"train": ["13", "14"], "validation": ["6"], "test": ["1"]}
    with_saves, without = load_timelines(made_data, "train")
    wanted = made_timeline()
    assert with_saves.labels == without.labels == wanted.labels
    assert np.array_equal(with_saves.saved, wanted.saved)
    assert np.array_equal(with_saves.doppler, wanted.doppler)
    assert without.saved is None
    assert without.saves() == []


def test_every_operator_has_its_part(made_data, tmp_path):
    import shutil

    frames = tmp_path / "ultrasound" / "screening_timelines" / "frames"
    frames.mkdir(parents=True)
    (file,) = made_data.rglob("Operator_1_*")
    for operator in (*range(1, 11), 13):
        shutil.copy(file, frames / f"Operator_{operator}_Expert.csv.gz")
    parts = {part: [int(t.operator) for t in load_timelines(tmp_path, part)] for part in PARTS}
    assert parts == {"train": [3, 5, 8, 10, 13], "validation": [6, 7], "test": [1, 2, 4, 9]}


def test_a_save_has_the_caption_that_vanished_for_it():
    assert made_timeline().saves() == [(110, "Abdominal"), (215, "Brain (Tv.)")]


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        (["Lips"] * 10 + [""] * 9, "Lips"),  # 0.9 s before
        (["Lips"] * 9 + [""] * 11, "Lips"),  # exactly SAVE_LABEL_S before
        (["Lips"] * 8 + [""] * 12, ""),  # too long ago
        ([""] * 24 + ["Femur"] * 3, "Femur"),  # the caption comes late
        (["Lips"] * 14 + [""] * 8 + ["Femur"] * 4, "Femur"),  # the nearer one
    ],
)
def test_the_nearest_caption_within_a_second_names_a_save(labels, label):
    assert SAVE_LABEL_S == 1.0
    place = 18
    saved = np.arange(len(labels)) == place
    timeline = RealCourse("9", tuple(labels), saved, np.zeros(len(labels), bool))
    assert timeline.saves() == [(place, label)]


def test_a_wrong_folder_is_named(tmp_path):
    with pytest.raises(UnreadableFile, match=re.escape(str(tmp_path))):
        load_sources(tmp_path, "train")
    with pytest.raises(UnreadableFile, match=re.escape(str(tmp_path))):
        load_timelines(tmp_path, "train")


def test_a_missing_picture_is_named(made_data, tmp_path):
    import shutil

    data = shutil.copytree(made_data, tmp_path / "data")
    for picture in (data / "ultrasound" / "hc18" / "images").iterdir():
        picture.unlink()
    with pytest.raises(UnreadableFile, match=r"_HC\.png"):
        load_sources(data, "train")


@needs_shared
def test_real_timelines_hold_known_planes_only():
    timelines = [t for part in PARTS for t in load_timelines(SHARED, part)]
    assert len(timelines) == 13
    assert {p for t in timelines for p in t.labels} == {*STANDARD_PLANES, OTHER, ""} - {
        "Spine (cor.)"
    }
    assert sum(t.saved is None for t in timelines) == 3
    assert all(len(t.doppler) == len(t.labels) for t in timelines)


@needs_shared
def test_most_real_saves_have_a_caption():
    """Captions vanish at a save: without looking around, most saves would be of nothing known."""
    saves = [
        (label, timeline.labels[at])
        for part in PARTS
        for timeline in load_timelines(SHARED, part)
        for at, label in timeline.saves()
    ]
    named = sum(bool(label) for label, _ in saves) / len(saves)
    there = sum(bool(at_save) for _, at_save in saves) / len(saves)
    assert named > there
    assert named > 0.5
