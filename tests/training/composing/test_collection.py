"""Collections: which recordings there are, and who plays in them."""

import csv
import json

import numpy as np
import pytest

from usummary import readers
from usummary.errors import InputError
from usummary.training.composing import collection
from usummary.training.composing.collection import CollectionPlan, compose_all, draw_cast, planned
from usummary.training.composing.pictures import Source, load_sources
from usummary.training.composing.standins import save_stand_ins
from usummary.types import BACKGROUND, STANDARD_PLANES


def brief(data, part="test", **how):
    return CollectionPlan(data, part, fps=10, minutes=0.03, **how)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def nothing_told(*_):
    pass


def test_a_recording_of_each_timeline_and_cast(made_data):
    assert [one.name for one in planned(brief(made_data, casts=2))] == [
        "test-operator1-0.mp4",
        "test-operator1-1.mp4",
    ]
    # operator 14's saves are unusable
    assert [one.name for one in planned(brief(made_data, "train"))] == ["train-operator13-0.mp4"]


def test_composing_goes_on_where_it_stopped(made_data, tmp_path):
    plan, told = brief(made_data, casts=2), []
    first, *_ = compose_all(plan, tmp_path, nothing_told, only=slice(0, 1))
    stamp = first.stat().st_mtime_ns
    made = list(compose_all(plan, tmp_path, lambda name, share: told.append((name, share))))
    assert [path.name for path in made] == ["test-operator1-1.mp4"]
    assert {name for name, _ in told} == {"test-operator1-1.mp4"}
    assert told[-1][1] == 1.0
    assert first.stat().st_mtime_ns == stamp
    assert names_in(tmp_path) == [
        f"test-operator1-{number}.{ending}"
        for number in (0, 1)
        for ending in ("freeze.csv", "mp4", "truth.json")
    ]
    assert list(compose_all(plan, tmp_path, nothing_told)) == []
    for path in made:
        with readers.open_exam(path) as exam:
            assert exam.frame_count == 18


def test_recordings_are_the_same_wherever_and_in_whatever_order_they_are_made(made_data, tmp_path):
    plan = brief(made_data, casts=2)
    together = list(compose_all(plan, tmp_path / "a", nothing_told))
    (alone,) = compose_all(plan, tmp_path / "b", nothing_told, only=slice(1, 2))
    assert alone.read_bytes() == together[1].read_bytes()
    assert together[0].read_bytes() != together[1].read_bytes()
    (reseeded,) = compose_all(
        brief(made_data, casts=2, seed=2), tmp_path / "c", nothing_told, only=slice(1, 2)
    )
    assert reseeded.read_bytes() != alone.read_bytes()


def test_a_stop_leaves_what_is_done_and_nothing_else(made_data, tmp_path):
    def stop(name, _):
        if name.endswith("-1.mp4"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(compose_all(brief(made_data, casts=2), tmp_path, stop))
    assert len(names_in(tmp_path)) == 3


def test_a_part_plays_with_its_own_pictures_only(made_data, composed):
    names = {part: {s.name for s in load_sources(made_data, part)} for part in composed}
    assert not names["train"] & names["test"]
    for part, folder in composed.items():
        for path in folder.glob("*.truth.json"):
            assert {*json.loads(path.read_text())["sources"].values()} <= names[part]


def test_freeze_frames_are_the_saves(composed):
    for folder in composed.values():
        (listed,) = folder.glob("*.freeze.csv")
        with listed.open(encoding="utf-8", newline="") as file:
            assert [row["plane"] for row in csv.DictReader(file)] == ["Abdominal", "Brain (Tv.)"]


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_no_picture_plays_two_planes(made_data, part):
    sources = load_sources(made_data, part)
    shows = {source.name: source.planes for source in sources}
    for seed in range(20):
        cast = draw_cast(sources, np.random.default_rng(seed))
        assert {*cast.planes} == {*STANDARD_PLANES}
        players = [source.name for source in cast.planes.values()]
        assert len({*players}) == len(players)
        assert not any(BACKGROUND in source.planes for source in cast.planes.values())
        assert not any({*source.planes} & {*STANDARD_PLANES} for source in cast.others)
        for plane in ("Abdominal", "Brain (Tv.)"):
            assert plane in shows[cast.planes[plane].name]
        assert any(source.name.startswith("lung_clips/") for source in cast.asides)


def test_test_recordings_show_a_picture_of_every_plane(made_data):
    sources = load_sources(made_data, "test")
    for seed in range(20):
        cast = draw_cast(sources, np.random.default_rng(seed))
        assert all(plane in source.planes for plane, source in cast.planes.items())


def test_casts_differ(made_data):
    sources = load_sources(made_data, "train")
    players = {
        draw_cast(sources, np.random.default_rng(seed)).planes["Abdominal"].name
        for seed in range(20)
    }
    assert len(players) > 3


def test_a_stand_in_plays_its_plane(made_data, tmp_path):
    lips = Source("standin/Lips-0", np.full((1, 224, 288), 99, np.uint8), ("Lips",))
    save_stand_ins(tmp_path, [lips])
    sources = collection._sources(made_data, "train", tmp_path)
    for seed in range(5):
        cast = draw_cast(sources, np.random.default_rng(seed))
        assert cast.planes["Lips"].name == "standin/Lips-0"


def test_unfinished_stand_ins_are_refused(made_data, tmp_path):
    plan = brief(made_data, "train", stand_ins=tmp_path / "none")
    with pytest.raises(InputError, match="no complete set of stand-ins"):
        list(compose_all(plan, tmp_path / "out", nothing_told))


def test_too_few_views_are_told(made_data):
    few = load_sources(made_data, "train")[:12]
    with pytest.raises(InputError, match="12 views"):
        draw_cast(few, np.random.default_rng(1))
