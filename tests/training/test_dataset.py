import re

import numpy as np
import pytest

from tests.shared_data import SHARED, needs_shared
from usummary.errors import UnreadableFile
from usummary.training.dataset import load_sources, load_timelines, one_of_each_save
from usummary.types import STANDARD_PLANES

PARTS = ("train", "validation", "test")


def person(name):
    """Exam, patient or paper in a source's name."""
    return re.match(r"hc18/\d+|fetal_planes/Patient\d+|lung_clips/.*?(pat\d|Cov|Vir)", name)[0]


def test_nobody_is_on_two_sides(made_data):
    people = {part: {person(s.name) for s in load_sources(made_data, part)} for part in PARTS}
    assert not people["train"] & people["validation"]
    assert not people["train"] & people["test"]
    assert not people["validation"] & people["test"]
    assert len(set.union(*people.values())) == 12 + 20 + 4


def test_labels_become_planes(made_data):
    planes = {s.name.split("_")[-1]: s.planes for s in load_sources(made_data, "train")}
    assert planes["HC.png"] == ("Brain (Cb.)", "Brain (Tv.)") == planes["0.png"]
    assert planes["1.png"] == ("Abdominal",)
    assert planes["2.png"] == ()
    assert planes["1.mp4"] == ("Background",)


def test_clips_come_at_the_sample_rate(made_data):
    clip = next(s for s in load_sources(made_data, "train") if s.name.endswith("mp4"))
    assert clip.pictures.shape == (20, 48, 64)  # 40 frames at 30 a second
    np.testing.assert_allclose(np.diff(clip.pictures.mean(axis=(1, 2))), 10, atol=3)


def test_saves_that_follow_closely_are_one():
    saved = np.zeros(400, bool)
    saved[[10, 60, 159, 260, 399]] = True
    assert one_of_each_save(saved, 10.0) == [159, 260, 399]
    assert one_of_each_save(np.zeros(5, bool), 10.0) == []


def test_timelines_are_split_by_operator(made_data):
    operators = {part: [t.operator for t in load_timelines(made_data, part)] for part in PARTS}
    assert operators == {"train": ["1", "14"], "validation": ["6"], "test": ["13"]}
    with_saves, without = load_timelines(made_data, "train")
    assert with_saves.planes[:3] == ("Background",) * 3
    assert with_saves.planes[200] == "Abdominal"
    assert np.flatnonzero(with_saves.saved).tolist() == [250, 260, 1000]
    assert without.saved is None


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
    assert {p for t in timelines for p in t.planes} == {*STANDARD_PLANES, "Background"} - {
        "Spine (cor.)"
    }
    assert sum(t.saved is None for t in timelines) == 3
