"""Kept features: their folder, their size, and what is left when they are pruned or cleared."""

import hashlib
import os

import numpy as np
import pytest

from usummary.analysis import feature_cache
from usummary.analysis.feature_cache import FeatureCache, content_hash, keep_in, make_key, prune


@pytest.fixture
def root(tmp_path):
    keep_in(tmp_path)
    yield tmp_path
    keep_in()


def keep(root, name, size=1000, used=0):
    """Features of about `size` bytes that were used at a time; their folder."""
    folder = root / make_key(name)
    folder.mkdir(exist_ok=True)
    (folder / "00000.npz").write_bytes(bytes(size))
    os.utime(folder, (used, used))
    return folder


def test_four_gigabytes_are_kept_in_the_usual_folder_unless_said(tmp_path):
    assert feature_cache.SIZE_LIMIT == 4_294_967_296
    assert feature_cache.root() == feature_cache.usual_root()
    assert feature_cache.usual_root().name == "features"
    keep_in(tmp_path)
    assert feature_cache.root() == tmp_path
    keep_in()
    assert feature_cache.root() == feature_cache.usual_root()


def test_only_folders_named_by_a_key_count_and_are_cleared(root):
    keep(root, "one", 300)
    keep(root, "two", 45)
    (root / "notes").mkdir()
    (root / "notes" / "mine.txt").write_bytes(bytes(10_000))
    (root / make_key("a file")).write_bytes(bytes(100_000))
    longer = root / (make_key("x") + "0")
    longer.mkdir()
    assert feature_cache.size() == 345
    feature_cache.clear()
    assert feature_cache.size() == 0
    kept = {path.name for path in root.iterdir()}
    assert kept == {"notes", make_key("a file"), longer.name}


def test_nothing_kept_has_no_size(root):
    keep_in(root / "not there")
    assert feature_cache.size() == 0
    feature_cache.clear()
    prune(root / "not there", 0)


def test_pruning_keeps_the_last_used_up_to_the_limit_exactly(root):
    folders = [keep(root, name, 1000, used) for used, name in enumerate("abc")]
    prune(root, 3000)
    assert all(folder.exists() for folder in folders)
    prune(root, 2999)
    assert [folder.exists() for folder in folders] == [False, True, True]
    keep_in(root, 1000)
    prune(root)
    assert [folder.exists() for folder in folders] == [False, False, True]
    prune(root, 0)
    assert not folders[2].exists()


def test_the_smallest_of_older_ones_goes_too_once_the_limit_is_reached(root):
    """What is left is the newest without a gap, not what happens to fit."""
    small = keep(root, "small", 10, used=1)
    large = keep(root, "large", 5000, used=2)
    new = keep(root, "new", 100, used=3)
    prune(root, 1000)
    assert (small.exists(), large.exists(), new.exists()) == (False, False, True)


def test_parts_come_back_in_order_up_to_the_first_that_is_missing(root):
    cache = FeatureCache(root, make_key("a"))
    for number in (0, 1, 2, 4):
        cache.add(number, {"x": np.full(3, number)})
    assert [file.name for file in sorted(cache.folder.iterdir())] == [
        f"0000{number}.npz" for number in (0, 1, 2, 4)
    ]
    assert [part["x"].tolist() for part in cache.parts()] == [[0] * 3, [1] * 3, [2] * 3]


def test_looking_at_parts_is_using_them(root):
    cache = FeatureCache(root, make_key("a"))
    assert list(cache.parts()) == []
    cache.add(0, {"x": np.zeros(1)})
    os.utime(cache.folder, (5, 5))
    assert len(list(cache.parts())) == 1
    assert cache.folder.stat().st_mtime > 1e9


def test_a_part_of_objects_is_not_read(root):
    """Numpy would unpickle it, which runs whatever the file says."""
    cache = FeatureCache(root, make_key("a"))
    cache.folder.mkdir()
    np.savez(cache.folder / "00000.npz", x=np.array([{}], object), allow_pickle=True)
    assert list(cache.parts()) == []
    assert not (cache.folder / "00000.npz").exists()
    with pytest.raises(ValueError, match="pickle"):
        cache.add(0, {"x": np.array([{}], object)})


def test_a_folder_that_cannot_be_written_stops_nobody(root):
    (root / make_key("a")).touch()
    FeatureCache(root, make_key("a")).add(0, {"x": np.zeros(1)})
    assert [path.name for path in root.iterdir()] == [make_key("a")]


def test_a_hash_is_that_of_all_bytes_and_looks_up_between_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "BLOCK", 4)
    (tmp_path / "a").write_bytes(b"0123456789")
    told = []
    found = content_hash(tmp_path / "a", lambda: told.append(1))
    assert found == hashlib.sha256(b"0123456789").hexdigest()
    assert len(told) == 3


def test_a_key_is_a_folder_name_of_thirty_two_digits_in_any_order_of_names():
    key = make_key({"b": 1, "a": 2}, "c")
    assert key == make_key({"a": 2, "b": 1}, "c")
    assert len(key) == 32
    assert int(key, 16) > 0
    assert make_key("c", {"a": 2, "b": 1}) != key
