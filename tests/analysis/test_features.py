"""Features: what is computed, what is taken over, and going on after a stop."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.values import WHOLE, PictureRecording
from usummary.analysis import feature_cache
from usummary.analysis.feature_cache import FeatureCache, content_hash, make_key, prune
from usummary.analysis.features import PART_CLIPS, Extraction, InputSpec, compute, is_same
from usummary.progress import Cancelled, Progress, silent
from usummary.types import Exam

SPEC = InputSpec(clip_length=4, size=(24, 32), classes=("Background", "Femur"))


class MeanBackbone:
    """A backbone whose outputs are simple statistics of its clip; counts its runs."""

    def __init__(self):
        self.runs = 0

    def run(self, inputs):
        self.runs += 1
        assert inputs.shape == (1, 4, 24, 32)
        assert inputs.dtype == np.uint8
        means = inputs.astype(np.float32).mean(axis=(2, 3))  # (1, 4)
        maps = means.mean(axis=1)[:, None, None, None]
        return maps, means[:, ::2, None], np.full((1, 2), 0.5, np.float32)


def moving(n, seed=0):
    return np.random.default_rng(seed).integers(40, 255, (n, 48, 64), np.uint8)


def exam_of(*pictures, rate=15.0):
    recordings = tuple(PictureRecording(p, rate) for p in pictures)
    lengths = [r.info.duration_s for r in recordings]
    offsets = tuple(float(x) for x in np.concatenate([[0.0], np.cumsum(lengths)[:-1]]))
    return Exam(Path("exam"), recordings, offsets)


def run(exam, backbone, cache=None, progress=silent, rate=15.0):
    regions = tuple(WHOLE for _ in exam.recordings)
    return compute(exam, regions, Extraction(backbone, SPEC, rate, cache), progress)


def test_every_moving_clip_is_computed_and_the_last_one_filled_up():
    backbone = MeanBackbone()
    features = run(exam_of(moving(10)), backbone)
    assert backbone.runs == 3
    assert features.samples.frames.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 9, 9]]
    assert features.maps.shape == (3, 1, 1, 1)
    assert features.steps.shape == (3, 2, 1)
    assert features.planes.shape == (3, 2)
    assert not features.frozen[:2].any()
    assert features.frozen[2].tolist() == [False, False, True, True]


def test_a_still_picture_is_computed_once():
    pictures = moving(40)
    pictures[6:36] = pictures[6]
    backbone = MeanBackbone()
    features = run(exam_of(pictures), backbone)
    # clips 2 to 8 lie within the still run; only the first of them is computed
    assert backbone.runs == 10 - 6
    assert features.frozen.ravel()[7:36].all()
    assert (features.maps[2:9] == features.maps[2]).all()


def test_calipers_and_noise_do_not_move_a_frozen_picture():
    picture = moving(1)[0, :24, :32]
    noisy = picture.copy()
    noisy[::2] += 1
    noisy[3, 4:8] = 255
    assert is_same(picture, noisy)
    assert not is_same(picture, moving(2)[1, :24, :32])


def test_recordings_do_not_share_clips():
    features = run(exam_of(moving(6), moving(5, seed=1)), MeanBackbone())
    assert features.samples.recordings.tolist() == [0, 0, 1, 1]
    assert features.samples.frames[2].tolist() == [0, 1, 2, 3]
    assert features.samples.times_s[2, 0] == pytest.approx(6 / 15)


def test_half_the_frames_at_half_the_rate():
    features = run(exam_of(moving(16), rate=30.0), MeanBackbone())
    assert features.samples.frames.tolist() == [[0, 2, 4, 6], [8, 10, 12, 14]]


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    exam = exam_of(moving(4 * (PART_CLIPS + 30)), moving(9, seed=1))
    whole = run(exam, MeanBackbone())
    cache = FeatureCache(tmp_path, "key")
    stopped = MeanBackbone()

    def stop(progress: Progress):
        if stopped.runs == PART_CLIPS + 10:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(exam, stopped, cache, stop)
    rest = MeanBackbone()
    resumed = run(exam, rest, cache)
    assert rest.runs == 30 + 3
    again = MeanBackbone()
    kept = run(exam, again, cache)
    assert again.runs == 0
    for features in (resumed, kept):
        for name in ("maps", "steps", "planes", "frozen"):
            assert np.array_equal(getattr(features, name), getattr(whole, name)), name
        assert np.array_equal(features.samples.frames, whole.samples.frames)
        assert np.array_equal(features.samples.times_s, whole.samples.times_s)


def test_a_damaged_part_is_computed_again(tmp_path):
    exam = exam_of(moving(4 * (PART_CLIPS + 5)))
    cache = FeatureCache(tmp_path, "key")
    run(exam, MeanBackbone(), cache)
    part = sorted((tmp_path / "key").glob("*.npz"))[1]
    part.write_bytes(part.read_bytes()[:100])
    backbone = MeanBackbone()
    run(exam, backbone, cache)
    assert backbone.runs == 5


def test_progress_ends_near_one_and_never_falls():
    seen = []
    run(exam_of(moving(40)), MeanBackbone(), progress=seen.append)
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] > 0.9
    assert {p.stage for p in seen} == {"features"}


def test_keys_and_hashes(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"x" * 5_000_000)
    first = content_hash(file)
    file.write_bytes(b"x" * 4_999_999 + b"y")
    assert content_hash(file) != first
    assert make_key(1, "a") == make_key(1, "a") != make_key(1, "b")


def test_the_least_recently_used_features_go_first(tmp_path):
    keys = [make_key("old"), make_key("new")]
    for number, key in enumerate(keys):
        cache = FeatureCache(tmp_path, key)
        cache.add(0, {"values": np.zeros(1000)})
        os.utime(cache.folder, (number, number))
    prune(tmp_path, limit=9000)
    assert [folder.name for folder in tmp_path.iterdir()] == keys[1:]


def test_size_and_prune_bear_a_writer_that_takes_files_away(tmp_path, monkeypatch):
    """Another process renames its half-written part between the listing and the look at it."""
    folder = tmp_path / ("a" * 32)
    folder.mkdir()
    (folder / "00000.npz").write_bytes(b"12345")
    gone = [folder / ".x.part"]
    real = type(folder).iterdir
    monkeypatch.setattr(
        type(folder),
        "iterdir",
        lambda path: iter(
            [*gone, *real(path)] if path == folder else [*real(path), tmp_path / ("b" * 32)]
        ),
    )
    monkeypatch.setattr(feature_cache, "_kept", lambda _: [folder, tmp_path / ("b" * 32)])
    assert feature_cache.size() == 5
    prune(tmp_path, 10)
    assert folder.is_dir()


@pytest.mark.parametrize("header", [b"(", b"{'descr': '<f4', 'shape': (", b"\0"])
def test_a_part_with_a_damaged_header_is_computed_again(tmp_path, header):
    cache = FeatureCache(tmp_path, "a" * 32)
    cache.add(0, {"x": np.zeros(3, np.float32)})
    npy = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(cache.folder / "00000.npz", "w") as file:
        file.writestr("x.npy", npy)
    assert list(cache.parts()) == []
    assert not (cache.folder / "00000.npz").exists()
