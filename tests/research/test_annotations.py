"""SumMe's and TVSum's own annotation files, made here in their published shapes."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from tests.research.made import fields, write
from usummary.errors import InputError, UnreadableFile
from usummary.research.annotations import annotated, read_annotations
from usummary.research.datasets import read_dataset


def bare(tmp_path, *, title="Base jumping", frames=200, fps=25.0):
    """A video with features and shots that nobody annotated."""
    values = fields(frames=frames, kind="ovp")
    del values["gtscore"], values["gtsummary"]
    values |= {"video_name": title, "fps": np.array(fps)}
    return read_dataset(write(tmp_path / "bare.h5", {"video_1": values}))


def summe_file(folder, name="Base jumping", frames=200, users=15):
    score = np.zeros((frames, users), np.uint8)
    for user in range(users):
        score[20 + user : 50 + user, user] = 1
        score[120:130, user] = 2
    content = {
        "user_score": score,
        "gt_score": score.astype(bool).mean(axis=1, keepdims=True),
        "nFrames": np.array([[frames]]),
        "FPS": np.array([[25.0]]),
        "segments": np.empty((1, users), object),
        "video_duration": np.array([[frames / 25]]),
    }
    content["segments"][:] = 0.0
    savemat(folder / f"{name}.mat", content)
    return score


def tvsum_mat(path, ratings_by_name):
    """MATLAB v7.3: cells are references into #refs#, texts are arrays of character codes."""
    with h5py.File(path, "w") as file:
        refs, group = file.create_group("#refs#"), file.create_group("tvsum50")
        names, annos = [], []
        for number, (name, ratings) in enumerate(ratings_by_name.items()):
            refs[f"n{number}"] = np.array([[ord(letter)] for letter in name], np.uint16)
            refs[f"a{number}"] = np.asarray(ratings, np.float64)
            names.append(refs[f"n{number}"].ref)
            annos.append(refs[f"a{number}"].ref)
        for key, values in (("video", names), ("user_anno", annos)):
            group.create_dataset(key, data=np.array(values, h5py.ref_dtype)[:, None])


def test_summe_choices_come_with_their_grades(tmp_path):
    folder = tmp_path / "GT"
    folder.mkdir()
    score = summe_file(folder)
    ((video,), _) = annotated(bare(tmp_path), read_annotations(folder))
    assert np.array_equal(video.users, score.T > 0)
    assert np.array_equal(video.opinions, score.T[:, video.picks])
    assert np.allclose(video.importance, (score > 0).mean(axis=1)[video.picks])
    assert video.oracle is not None
    assert 0 < video.oracle.sum() < len(video.oracle)


@pytest.mark.parametrize("frames", [199, 201])
def test_summe_may_be_one_frame_off(tmp_path, frames):
    summe_file(tmp_path, frames=frames)
    ((video,), _) = annotated(
        bare(tmp_path, title="base_jumping"), read_annotations(tmp_path / "Base jumping.mat")
    )
    assert video.users.shape == (15, 200)


def test_tvsum_ratings_make_summaries(tmp_path):
    rng = np.random.default_rng(0)
    ratings = np.repeat(rng.integers(1, 6, size=(20, 4)), 50, axis=1)
    tvsum_mat(tmp_path / "y.mat", {"AwmHb44_ouw": ratings})
    ((video,), _) = annotated(
        bare(tmp_path, title="AwmHb44_ouw"), read_annotations(tmp_path / "y.mat")
    )
    assert np.array_equal(video.ratings, ratings[:, video.picks])
    assert video.users.shape == (20, 200)
    assert video.importance.max() == 1


@pytest.mark.parametrize("per_frame", [True, False])
def test_tvsum_lines_per_frame_or_per_two_seconds(tmp_path, per_frame):
    shots = np.array([[1, 2, 3, 4], [5, 4, 3, 2]])
    ratings = np.repeat(shots, 50, axis=1) if per_frame else shots
    lines = [f"AwmHb44_ouw\tVT\t{','.join(map(str, row))}\n" for row in ratings]
    (tmp_path / "a.tsv").write_text("".join(lines), encoding="utf-8")
    ((video,), _) = annotated(
        bare(tmp_path, title="AwmHb44_ouw"), read_annotations(tmp_path / "a.tsv")
    )
    assert np.array_equal(video.ratings, np.repeat(shots, 50, axis=1)[:, video.picks])


def test_another_data_set_gives_its_annotations(tmp_path):
    source = fields() | {"video_name": "Base jumping"}
    others = {"video_7": source, "video_8": fields() | {"video_name": "Scuba"}}
    write(tmp_path / "published.h5", others)
    ((video,), alone) = annotated(bare(tmp_path), read_annotations(tmp_path / "published.h5"))
    assert np.array_equal(video.users, source["user_summary"] > 0)
    assert np.array_equal(video.opinions, source["user_score"][:, video.picks])
    assert alone == ["Not in the data set, and left out: Scuba."]


def test_annotations_that_fit_no_video_are_refused(tmp_path):
    summe_file(tmp_path, name="Scuba")
    with pytest.raises(InputError, match="none of the 1 annotated videos"):
        annotated(bare(tmp_path), read_annotations(tmp_path / "Scuba.mat"))


def test_another_frame_rate_is_noticed(tmp_path):
    summe_file(tmp_path, frames=240)
    with pytest.raises(InputError, match=r"annotated for 240 frames, but the video .* has 200"):
        annotated(bare(tmp_path), read_annotations(tmp_path / "Base jumping.mat"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.mat", b"nothing", "no MATLAB file"),
        ("a.tsv", b"one\ttwo\n", "line 1: video, category and ratings"),
        ("a.tsv", b"v\tc\t1,2\nv\tc\t1\n", "unequal number"),
        ("a.tsv", b"v\tc\t1,nan\n", "no table of numbers"),
    ],
)
def test_bad_annotation_files(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((InputError, UnreadableFile), match=words):
        read_annotations(tmp_path / name)


def test_a_mat_file_of_something_else(tmp_path):
    savemat(tmp_path / "x.mat", {"other": 1})
    with pytest.raises(InputError, match="no user_score"):
        read_annotations(tmp_path / "x.mat")
    with h5py.File(tmp_path / "h.mat", "w") as file:
        file["other"] = 1
    with pytest.raises(InputError, match="no tvsum50"):
        read_annotations(tmp_path / "h.mat")
    with pytest.raises(UnreadableFile, match="There is no annotation file"):
        read_annotations(tmp_path / "missing.mat")
