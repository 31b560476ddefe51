"""Stand-ins: a search that climbs, and pictures that survive the disk."""

import numpy as np
import pytest

from usummary.errors import UnreadableFile
from usummary.networks.i3d import SONONET_CLASSES
from usummary.training.composing.pictures import load_sources
from usummary.training.composing.standins import (
    Search,
    find_stand_ins,
    load_stand_ins,
    missing_planes,
    save_stand_ins,
)
from usummary.types import STANDARD_PLANES

LIPS, FEMUR = (SONONET_CLASSES.index(plane) for plane in ("Lips", "Femur"))


def ask(pictures):
    """Takes a picture for lips the brighter its middle is than its rim; never for a femur."""
    grey = pictures.astype(float) / 255
    middle = grey[:, 70:154, 90:198].mean(axis=(1, 2))
    rim = np.concatenate([grey[:, :, :40], grey[:, :, -40:]], axis=2).mean(axis=(1, 2))
    chances = np.full((len(pictures), 14), 1e-3)
    chances[:, LIPS] = (middle - rim).clip(0, 1)
    chances[:, FEMUR] = 0
    return chances


@pytest.fixture(scope="module")
def sources(made_data):
    return load_sources(made_data, "train")


def likeness(found):
    return [float(ask(source.pictures)[0, LIPS]) for source in found]


def test_missing_planes_are_those_that_no_label_names(sources):
    missing = missing_planes(sources)
    assert {*STANDARD_PLANES} - {*missing} == {"Abdominal", "Brain (Cb.)", "Brain (Tv.)"}
    assert missing_planes([]) == [*STANDARD_PLANES]


def test_the_search_climbs(sources, monkeypatch):
    monkeypatch.setattr("usummary.training.composing.standins._SURE", 0.05)
    found = [
        find_stand_ins(sources, ask, 1, search=Search(32, rounds, kept=3, children=4, wanted=3))
        for rounds in (0, 6)
    ]
    random, climbed = map(likeness, found)
    assert np.mean(climbed) > 1.2 * np.mean(random)
    for stand_in in found[1]:
        assert stand_in.name.startswith("standin/Lips-")
        assert stand_in.planes == ("Lips",)
        assert stand_in.pictures.shape == (1, 224, 288)
        # stored bright: a probe's gain comes on top
        assert np.percentile(stand_in.pictures[stand_in.pictures > 0], 99) > 200


def test_what_the_teacher_does_not_know_moving_is_no_stand_in(sources):
    def blind(pictures):
        return np.full((len(pictures), 14), 0.1)

    assert find_stand_ins(sources, blind, 1, search=Search(8, 1, 2, 2, 2)) == []


def test_same_seed_same_stand_ins(sources, monkeypatch):
    monkeypatch.setattr("usummary.training.composing.standins._SURE", 0.05)
    search = Search(16, 2, kept=2, children=2, wanted=1)
    one, two, other = (find_stand_ins(sources, ask, seed, search=search) for seed in (1, 1, 2))
    assert np.array_equal(one[0].pictures, two[0].pictures)
    assert not np.array_equal(one[0].pictures, other[0].pictures)


def test_stand_ins_survive_the_disk(sources, tmp_path, monkeypatch):
    monkeypatch.setattr("usummary.training.composing.standins._SURE", 0.05)
    found = find_stand_ins(sources, ask, 1, search=Search(16, 1, 2, 2, 2))
    save_stand_ins(tmp_path / "standins", found)
    again = load_stand_ins(tmp_path / "standins")
    assert sorted(s.name for s in again) == sorted(s.name for s in found)
    by_name = {source.name: source for source in found}
    for source in again:
        assert source.planes == by_name[source.name].planes
        assert np.array_equal(source.pictures, by_name[source.name].pictures)


def test_an_unfinished_folder_is_none(tmp_path):
    assert load_stand_ins(tmp_path / "none") is None
    save_stand_ins(tmp_path, [])
    assert load_stand_ins(tmp_path) == []
    (tmp_path / "complete").unlink()
    assert load_stand_ins(tmp_path) is None


def test_a_damaged_stand_in_is_named(tmp_path):
    save_stand_ins(tmp_path, [])
    (tmp_path / "Lips-0.png").write_bytes(b"\x89PNG")
    with pytest.raises(UnreadableFile, match=r"Lips-0\.png"):
        load_stand_ins(tmp_path)
