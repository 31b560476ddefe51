"""The benchmarks' layout: every shape is read, every fault has its plain message."""

import h5py
import numpy as np
import pytest

from tests.research.made import STEP, fields, write, write_benchmark
from tests.shared_data import SHARED, needs_shared
from usummary.errors import InputError, UnreadableFile
from usummary.research.datasets import read_dataset, write_dataset


def one(tmp_path, **changed):
    """The only video of a file whose fields are changed; None leaves a field out."""
    values = fields() | changed
    values = {key: value for key, value in values.items() if value is not None}
    return read_dataset(write(tmp_path / "set.h5", {"video_1": values}))


def test_shots_become_half_open_and_features_get_space(tmp_path):
    data = one(tmp_path)
    video = data["video_1"]
    assert video.features.shape == (14, 8, 1, 1)
    assert video.shots.tolist() == [[0, 40], [40, 80], [80, 120], [120, 160], [160, 200]]
    assert video.held.tolist() == [STEP] * 13 + [5]
    assert data.notices == ()
    assert data.title == "set"


def test_maps_keep_their_space(tmp_path):
    video = one(tmp_path, **fields(space=(2, 3)))["video_1"]
    assert video.features.shape == (14, 8, 2, 3)
    assert video.vectors.shape == (14, 8)


@pytest.mark.parametrize("kind", ["summe", "tvsum", "ovp", "youtube"])
def test_every_benchmark_is_read_and_comes_back_as_written(tmp_path, kind):
    data = read_dataset(write_benchmark(tmp_path / f"{kind}.h5", kind=kind, count=11))
    assert [video.name for video in data][8:] == ["video_9", "video_10", "video_11"]
    write_dataset(tmp_path / "copy.h5", data, data.title)
    copy = read_dataset(tmp_path / "copy.h5")
    assert copy.title == f"made, {kind}"
    for ours, theirs in zip(data, copy, strict=True):
        for name in ("features", "picks", "shots", "users", "oracle", "ratings"):
            assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name
        assert np.allclose(ours.importance, theirs.importance)


def test_ratings_make_user_summaries_of_fifteen_percent(tmp_path):
    video = one(
        tmp_path, **fields(kind="tvsum", users=4), user_summary=None, gtscore=None, gtsummary=None
    )["video_1"]
    assert video.users.shape == (4, 200)
    assert video.users.sum(axis=1).max() <= 30
    assert video.opinions.max() == 5
    assert video.importance.min() == 0
    assert video.importance.max() == 1


def test_choices_make_importance_and_oracle(tmp_path):
    whole = one(tmp_path)["video_1"]
    video = one(tmp_path, gtscore=None, gtsummary=None)["video_1"]
    assert np.allclose(video.importance, whole.importance)
    assert video.oracle[: 50 // STEP].all()
    assert not video.oracle[50 // STEP + 1 :].any()


def test_missing_shots_are_cut_where_the_picture_changes(tmp_path):
    features = np.zeros((24, 4), np.float32)
    features[:9, 0] = features[9:, 1] = 1
    picks = np.arange(24) * 10
    values = fields(frames=240) | {"features": features, "picks": picks, "n_steps": np.array(24)}
    for name in ("change_points", "n_frame_per_seg", "gtscore", "gtsummary"):
        del values[name]
    video = read_dataset(write(tmp_path / "set.h5", {"v": values}))["v"]
    assert video.shots.tolist() == [[0, 90], [90, 240]]


def test_exclusive_ends_are_recognised_and_told(tmp_path):
    shots = fields()["change_points"] + [0, 1]
    data = one(tmp_path, change_points=shots)
    assert data["video_1"].shots.tolist() == shots.tolist()
    assert "exclusive" in data.notices[0]


def test_a_gap_between_shots_is_no_fault(tmp_path):
    shots = np.array([[0, 9], [20, 29], [30, 199]])
    video = one(tmp_path, change_points=shots, n_frame_per_seg=None)["video_1"]
    assert video.shots.tolist() == [[0, 10], [20, 30], [30, 200]]


@pytest.mark.parametrize("more", [1, -1])
def test_annotations_one_frame_off_are_fitted_and_told(tmp_path, more):
    chosen = fields()["user_summary"]
    changed = np.c_[chosen, chosen[:, -1:]] if more > 0 else chosen[:, :-1]
    data = one(tmp_path, user_summary=changed, user_score=None)
    assert np.array_equal(data["video_1"].users, chosen > 0)
    assert "user_summary is one frame" in data.notices[0]


def test_a_last_shot_one_frame_too_long_is_cut_and_told(tmp_path):
    shots = fields()["change_points"].copy()
    shots[-1, 1] += 1
    data = one(tmp_path, change_points=shots, n_frame_per_seg=shots[:, 1] - shots[:, 0] + 1)
    assert data["video_1"].shots[-1].tolist() == [160, 200]
    assert "one frame too long" in data.notices[0]


FEATURES = fields()["features"]


def spoilt(key, place, value):
    array = fields()[key].astype(np.float64)
    array[place] = value
    return {key: array}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"features": None}, "features missing"),
        ({"picks": None, "n_frames": None}, "picks, n_frames missing"),
        ({"features": FEATURES[:, 0]}, "features have the shape"),
        ({"features": FEATURES[:-1]}, "features of 13 steps but picks of shape (14,)"),
        (spoilt("features", (3, 2), np.nan), "features of step 3"),
        (spoilt("gtscore", 4, np.inf), "gtscore of step 4"),
        ({"gtscore": np.zeros(3)}, "gtscore has the shape (3,)"),
        ({"gtsummary": np.full(14, 0.5)}, "gtsummary must hold only 0 and 1"),
        ({"picks": np.arange(14) + 1}, "start at frame 0"),
        ({"picks": np.arange(14) * 20}, "the last pick is frame 260"),
        ({"picks": np.arange(14) * 1.5}, "picks must hold whole numbers"),
        ({"n_steps": np.array(9)}, "n_steps is 9"),
        ({"n_frames": np.array(2.5)}, "n_frames must be one whole number"),
        ({"n_frames": np.array(400)}, "(3, 200), but the video has 400 frames"),
        ({"user_summary": np.full((2, 200), 3)}, "only 0 and 1; ratings belong in user_anno"),
        (
            {"user_summary": None, "user_score": None, "user_anno": np.full((2, 200), np.nan)},
            "user_anno of annotator 0 at frame 0",
        ),
        ({"change_points": np.array([[0, 300]])}, "within 200 frames"),
        ({"change_points": np.array([[0, 50], [40, 199]])}, "shot 1 begins before"),
        ({"change_points": np.array([0, 199])}, "(shots, 2) is needed"),
        ({"n_frame_per_seg": np.array([40, 40, 40, 40, 39])}, "shot 4 has 40 frames"),
        ({"n_frame_per_seg": np.array([40])}, "5 shots but 1 lengths"),
        ({"fps": np.array(-1.0)}, "fps is -1"),
        ({"features": np.array(["a"], dtype="S")}, "features holds no numbers"),
    ],
)
def test_each_fault_is_named_with_file_and_video(tmp_path, changed, words):
    with pytest.raises(InputError) as fault:
        one(tmp_path, **changed)
    assert str(fault.value).startswith("set.h5, video_1: ")
    assert words in str(fault.value)


def test_files_that_are_no_data_set_say_so(tmp_path):
    with pytest.raises(UnreadableFile, match="There is no data set"):
        read_dataset(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("not HDF5", encoding="utf-8")
    with pytest.raises(UnreadableFile, match="is no HDF5 file"):
        read_dataset(tmp_path / "text.h5")
    with h5py.File(tmp_path / "empty.h5", "w") as file:
        file["something"] = 1
    with pytest.raises(UnreadableFile, match="holds no video"):
        read_dataset(tmp_path / "empty.h5")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = write_benchmark(tmp_path / "old.h5", count=2)
    before = path.read_bytes()

    def breaking():
        yield next(iter(read_dataset(path)))
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        write_dataset(path, breaking(), "new")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@needs_shared
def test_the_real_files_are_read_without_a_remark():
    for name, count in (("summe_captions25", 25), ("summe_dino14", 14)):
        data = read_dataset(SHARED / "summe" / f"{name}.h5")
        assert len(data) == count
        assert data.notices == ()
    assert data["video_25"].title == "playing_ball"
    assert data["video_25"].frame_count == 3120
