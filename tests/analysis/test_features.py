"""Features: what is computed, what is taken over, and going on after a stop."""

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.values import WHOLE, PictureRecording
from usummary.analysis import feature_cache
from usummary.analysis import features as features_stage
from usummary.analysis.feature_cache import FeatureCache, content_hash, make_key, prune
from usummary.analysis.features import (
    PART_CLIPS,
    Extraction,
    InputSpec,
    compute,
    key_of,
    shows_freeze,
)
from usummary.networks.weights import Model
from usummary.progress import Cancelled, Progress, silent
from usummary.types import Box, Exam

SPEC = InputSpec(clip_length=4, size=(24, 32), classes=("Background", "Femur"))


class MeanBackbone:
    """A backbone whose outputs are simple statistics of its clip; counts its runs."""

    device = "none"

    def __init__(self):
        self.runs = 0

    def run(self, inputs):
        self.runs += 1
        assert inputs.shape == (1, 4, 24, 32)
        assert inputs.dtype == np.uint8
        means = inputs.astype(np.float32).mean(axis=(2, 3))  # (1, 4)
        maps = means.mean(axis=1)[:, None, None, None]
        return maps, means[:, ::2, None], np.full((1, 2), 0.5, np.float32)


@pytest.fixture
def backbone_model(tmp_path):
    return Model(
        name="eye",
        role="backbone",
        network="st3d",
        config={"height": 24, "width": 32, "samples": 4},
        sha256="0" * 64,
        folder=tmp_path,
    )


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
    assert shows_freeze(picture, noisy)
    assert not shows_freeze(picture, moving(2)[1, :24, :32])


@pytest.mark.parametrize("level", [0, 5, 29, 128, 255])
def test_an_empty_screen_is_no_freeze_frame_with_or_without_a_line_of_text(level):
    empty = np.full((24, 32), level, np.uint8)
    assert not shows_freeze(empty, empty.copy())
    written = empty.copy()
    written[10, 4:16] = 255 - level  # 12 of 768 pixels
    assert not shows_freeze(written, written.copy())
    padded = empty.copy()
    padded[:, :4] = padded[:, -4:] = 0  # what `to_input` leaves beside a narrow sector
    assert not shows_freeze(padded, padded.copy())


def test_a_dark_image_with_little_in_it_can_be_frozen():
    dark = np.zeros((24, 32), np.uint8)
    dark[8:12, 8:16] = moving(1)[0, :4, :8]
    assert shows_freeze(dark, dark.copy())


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


def test_every_fact_that_shapes_features_is_in_their_key(backbone_model):
    other = replace(WHOLE, box=Box(0, 0, 32, 48))
    base = {"hashes": ["a", "b"], "regions": [WHOLE, other], "rate": 15.0, "device": "CPU"}

    def key(model=backbone_model, alone=False, **changed):
        return key_of(model, **(base | changed), alone=alone)

    larger = replace(backbone_model, config={**backbone_model.config, "height": 64})
    keys = [
        key(),
        key(hashes=["b", "a"]),
        key(regions=[other, WHOLE]),
        key(rate=7.5),
        key(rate=None),
        key(device="GPU"),
        key(alone=True),
        key(model=replace(backbone_model, sha256="f" * 64)),
        key(model=larger),
    ]
    assert len(set(keys)) == len(keys)
    assert key() == keys[0]


def test_features_of_another_version_are_not_taken(backbone_model, monkeypatch):
    facts = (backbone_model, ["a"], [WHOLE], 15.0, "CPU")
    before = key_of(*facts)
    monkeypatch.setattr(features_stage, "VERSION", features_stage.VERSION + 1)
    assert key_of(*facts) != before


def test_what_is_computed_after_a_fallback_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(features_stage, "PART_CLIPS", 3)
    exam = exam_of(moving(4 * 8))

    class Falling(MeanBackbone):
        """Leaves its device at its fifth clip, in the middle of the second part."""

        @property
        def device(self):
            return "small" if self.runs < 5 else "other"

    cache = FeatureCache(tmp_path, "key")
    whole = run(exam, Falling(), cache)
    assert len(list(cache.parts())) == 1
    again = Falling()
    assert np.array_equal(run(exam, again, cache).maps, whole.maps)
    assert again.runs == 8 - 3


def test_notices_of_the_reader_are_kept_with_the_features(tmp_path):
    exam = exam_of(moving(8), moving(8, seed=1))
    met = exam.recordings[1]
    met.info = replace(met.info, notices=("A place is damaged.",))
    cache = FeatureCache(tmp_path, "key")
    assert run(exam, MeanBackbone(), cache).notices == ("A place is damaged.",)
    again = MeanBackbone()
    assert run(exam_of(moving(8), moving(8, seed=1)), again, cache).notices == (
        "A place is damaged.",
    )
    assert again.runs == 0


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


# What counts as the same picture, at the borders


def pictures_apart(changed, lit, by=3):
    """Two pictures of 40 x 50 with that many lit pixels, of which some differ by some levels."""
    before = np.zeros(2000, np.uint8)
    before[:lit] = 100
    after = before.copy()
    after[:changed] += by
    return before.reshape(40, 50), after.reshape(40, 50)


@pytest.mark.parametrize(
    ("changed", "lit", "by", "same"),
    [(5, 500, 3, True), (6, 500, 3, False), (500, 500, 2, True), (1, 99, 3, False)],
)
def test_one_in_a_hundred_lit_pixels_may_change_by_three_levels(changed, lit, by, same):
    assert features_stage.is_same(*pictures_apart(changed, lit, by)) == same


@pytest.mark.parametrize(("level", "same"), [(12, True), (11, False)])
def test_pixels_are_lit_from_a_level_on(level, same):
    """A hundred pixels are lit, or none; one of another that is dark changes."""
    before = np.zeros((40, 50), np.uint8)
    before[:2] = level
    after = before.copy()
    after[30, 30] = 4
    assert features_stage.is_same(before, after) == same


@pytest.mark.parametrize(("lit", "blank"), [(40, True), (41, False)])
def test_a_picture_of_which_a_fiftieth_is_lit_is_blank(lit, blank):
    picture = np.zeros(2000, np.uint8)
    picture[:lit] = np.arange(lit) * 5 + 12
    assert features_stage.is_blank(picture.reshape(40, 50)) == blank


@pytest.mark.parametrize(("apart", "by", "blank"), [(40, 3, True), (41, 3, False), (900, 2, True)])
def test_a_flat_colour_is_blank_but_for_a_fiftieth(apart, by, blank):
    picture = np.full(2000, 100, np.uint8)
    picture[:apart] += by
    assert features_stage.is_blank(picture.reshape(40, 50)) == blank


# Progress, parts and resuming


class Clock:
    """Says of a share that ten times as many seconds are left."""

    def seconds_left(self, fraction):
        return 10 * fraction


def test_progress_tells_share_and_time_left(monkeypatch):
    """Clips of 4 of 16 frames: each is told when it is done, up to its last frame."""
    monkeypatch.setattr(features_stage, "Clock", Clock)
    seen = []
    run(exam_of(moving(16)), MeanBackbone(), progress=seen.append)
    shares = [3 / 16, 7 / 16, 11 / 16, 15 / 16]
    assert [step.fraction for step in seen] == pytest.approx(shares)
    assert [step.seconds_left for step in seen] == pytest.approx([10 * share for share in shares])


def test_progress_counts_from_the_exams_beginning_over_all_recordings():
    seen = []
    run(exam_of(moving(8), moving(8, seed=1)), MeanBackbone(), progress=seen.append)
    assert [step.fraction for step in seen] == pytest.approx([3 / 16, 7 / 16, 11 / 16, 15 / 16])


def test_a_part_is_told_unless_it_is_the_last(monkeypatch):
    monkeypatch.setattr(features_stage, "PART_CLIPS", 2)
    told = []
    exam = exam_of(moving(4 * 5), moving(4 * 2, seed=1))
    regions = (WHOLE, WHOLE)

    def on_part(clips, get_features):
        told.append((clips, len(get_features().maps)))

    whole = compute(exam, regions, Extraction(MeanBackbone(), SPEC, 15.0, None), silent, on_part)
    assert told == [(2, 2), (4, 4), (5, 5)]
    assert len(whole.maps) == 7
    assert whole.regions == regions
    assert whole.classes == SPEC.classes
    assert whole.unsure == SPEC.unsure == 0.5


def test_parts_hold_what_was_computed_and_where(tmp_path, monkeypatch):
    monkeypatch.setattr(features_stage, "PART_CLIPS", 2)
    cache = FeatureCache(tmp_path, "key")
    run(exam_of(moving(4 * 3), moving(5, seed=1)), MeanBackbone(), cache)
    parts = list(cache.parts())
    described = [(int(p["recording"]), bool(p["complete"]), len(p["frames"])) for p in parts]
    assert described == [(0, False, 2), (0, True, 1), (1, True, 2)]
    assert parts[0]["maps"].dtype == np.float16
    assert parts[0]["steps"].dtype == np.float32
    assert parts[0]["planes"].dtype == np.float32
    assert parts[0]["picture"].shape == (24, 32)


def test_a_still_run_goes_on_still_after_a_stop(tmp_path, monkeypatch):
    """What the last part ended with is remembered: a still picture is not computed again."""
    monkeypatch.setattr(features_stage, "PART_CLIPS", 3)
    pictures = moving(40)
    pictures[2:] = pictures[2]
    cache = FeatureCache(tmp_path, "key")
    first = MeanBackbone()
    whole = run(exam_of(pictures), first, cache)
    assert first.runs == 2
    (tmp_path / "key" / "00001.npz").unlink()
    rest = MeanBackbone()
    again = run(exam_of(pictures), rest, cache)
    assert rest.runs == 0
    assert np.array_equal(again.maps, whole.maps)
    assert np.array_equal(again.frozen, whole.frozen)
    assert again.frozen.ravel()[3:].all()


def test_the_last_picture_of_a_part_is_what_the_next_one_repeats(tmp_path, monkeypatch):
    monkeypatch.setattr(features_stage, "PART_CLIPS", 1)
    pictures = moving(12)
    pictures[4:8] = pictures[3]
    cache = FeatureCache(tmp_path, "key")
    whole = run(exam_of(pictures), MeanBackbone(), cache)
    assert whole.frozen.tolist() == [[False] * 4, [True] * 4, [False] * 4]
    for number in (1, 2):
        (tmp_path / "key" / f"0000{number}.npz").unlink()
    again = run(exam_of(pictures), MeanBackbone(), cache)
    assert np.array_equal(again.frozen, whole.frozen)
    assert np.array_equal(again.samples.frames, whole.samples.frames)


def test_a_notice_met_twice_is_told_once(tmp_path, monkeypatch):
    monkeypatch.setattr(features_stage, "PART_CLIPS", 1)
    exam = exam_of(moving(12))
    met = exam.recordings[0]
    met.info = replace(met.info, notices=("One.", "Two."))
    assert run(exam, MeanBackbone()).notices == ("One.", "Two.")


def test_offsets_of_recordings_are_added_to_times_of_their_own():
    features = run(exam_of(moving(8), moving(8, seed=1)), MeanBackbone())
    assert features.samples.times_s.ravel() == pytest.approx(np.arange(16) / 15)


def test_a_recording_is_seen_in_its_own_sector():
    """Each recording's region is cut out, not that of another."""
    left = replace(WHOLE, box=Box(0, 0, 32, 24))
    right = replace(WHOLE, box=Box(32, 24, 64, 48))
    pictures = np.zeros((4, 48, 64), np.uint8)
    pictures[:, :24, :32], pictures[:, 24:, 32:] = 50, 200
    exam = exam_of(pictures, pictures.copy())
    features = compute(exam, (left, right), Extraction(MeanBackbone(), SPEC, 15.0, None), silent)
    assert features.maps.ravel().tolist() == [50, 200]
