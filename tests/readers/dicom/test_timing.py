"""When frames are shown, and what is told where the file leaves that open."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import MPEG4HP41, EnhancedUSVolumeStorage

from tests.builders import write_dicom_cine, write_dicom_video, write_video
from usummary.readers import open_exam

PAUSE = [40.0, 40.0, 200.0, 40.0, 40.0, 40.0, 40.0]
"""Distances of eight frames, in milliseconds, with a pause."""
VECTOR, TIME = 0x00181065, 0x00181063


def _steps(path):
    """Distances in milliseconds, length of the last frame, notices."""
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        times = recording.times_s
        last = recording.info.duration_s - times[-1]
        return np.diff(times) * 1000, last * 1000, " ".join(exam.notices)


def _cine(path, **elements):
    return _steps(write_dicom_cine(path / "a.dcm", n=8, **({"FrameTime": None} | elements)))


@pytest.mark.parametrize(
    ("vector", "steps", "told"),
    [
        ([0.0, *PAUSE], PAUSE, ""),
        (PAUSE, PAUSE, "lacks its first value"),
        ([0.0, *PAUSE, 40.0, 40.0], PAUSE, "holds 10 values for 8 frames"),
        ([50.0], [50.0] * 7, "holds one value"),
        (list(np.arange(8) * 40.0), [40.0] * 7, "times instead of distances"),
        ([0.0, 40, 40, 0, 40, 40, 40, 40], [40.0] * 7, "not above 0"),
        ([40.0] * 8, [40.0] * 7, ""),
    ],
)
def test_vectors(tmp_path, vector, steps, told):
    found, _, notices = _cine(tmp_path, FrameTimeVector=vector, FrameIncrementPointer=VECTOR)
    np.testing.assert_allclose(found, steps)
    assert told in notices
    assert bool(notices) == bool(told)


def test_a_vector_that_fits_counts_before_a_frame_time_and_tells_of_it(tmp_path):
    found, _, notices = _cine(
        tmp_path, FrameTimeVector=PAUSE, FrameTime=33.0, FrameIncrementPointer=VECTOR
    )
    np.testing.assert_allclose(found, PAUSE)
    assert "contradicts itself" in notices


@pytest.mark.parametrize(
    ("elements", "step"),
    [
        ({"FrameTimeVector": [0.0, 40.0, 40.0], "FrameTime": 20.0}, 20),
        ({"FrameTimeVector": [0.0] * 8, "CineRate": 20}, 50),
        ({"FrameTime": 0.0, "CineRate": 20}, 50),
        ({"FrameTime": -40.0, "RecommendedDisplayFrameRate": 10}, 100),
    ],
)
def test_what_cannot_be_used_is_told_and_the_next_one_counts(tmp_path, elements, step):
    found, last, notices = _cine(tmp_path, **elements)
    np.testing.assert_allclose(found, [step] * 7)
    assert last == pytest.approx(step)
    assert "used" in notices
    assert "assumed" not in notices


@pytest.mark.parametrize(
    ("elements", "step"),
    [
        ({"ActualFrameDuration": 50}, 50),
        ({"EffectiveDuration": 0.8}, 100),
        ({"CineRate": 20}, 50),
        ({"CineRate": 20, "ActualFrameDuration": 10}, 50),
    ],
)
def test_other_elements_that_give_a_rate(tmp_path, elements, step):
    found, last, notices = _cine(tmp_path, **elements)
    np.testing.assert_allclose(found, [step] * 7)
    assert last == pytest.approx(step)
    assert notices == ""


def test_a_rate_that_nobody_stated_is_told(tmp_path):
    found, _, notices = _cine(tmp_path)
    np.testing.assert_allclose(found, [1000 / 30] * 7)
    assert "30 frames per second are assumed" in notices


@pytest.mark.parametrize(
    ("elements", "told"),
    [
        ({"FrameTime": 33.333, "CineRate": 30}, False),
        ({"FrameTime": 22.1, "CineRate": 45}, False),
        ({"FrameTime": 40.0, "CineRate": 30}, True),
        ({"FrameTime": 40.0, "RecommendedDisplayFrameRate": 10}, True),
    ],
)
def test_rates_that_contradict_are_told_with_the_one_that_counts(tmp_path, elements, told):
    found, _, notices = _cine(tmp_path, **elements)
    np.testing.assert_allclose(found, [elements["FrameTime"]] * 7)
    assert ("Frame Time is used" in notices) == told
    assert bool(notices) == told


def _groups(times):
    groups = []
    for time in times:
        content, group = Dataset(), Dataset()
        content.FrameAcquisitionDateTime = f"20200101100000.{round(time * 1e6):06d}"
        content.FrameAcquisitionDuration = 50.0
        group.FrameContentSequence = Sequence([content])
        groups.append(group)
    return Sequence(groups)


def test_times_in_the_functional_groups_of_an_enhanced_volume(tmp_path):
    found, last, notices = _cine(
        tmp_path,
        SOPClassUID=EnhancedUSVolumeStorage,
        PerFrameFunctionalGroupsSequence=_groups([0, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8]),
    )
    np.testing.assert_allclose(found, [100, 100, 200, 100, 100, 100, 100], atol=0.01)
    assert last == pytest.approx(100, abs=0.01)
    assert notices == ""


def test_slices_of_a_volume_are_not_shown_as_a_film_without_a_word(tmp_path):
    _, _, notices = _cine(
        tmp_path,
        SOPClassUID=EnhancedUSVolumeStorage,
        PerFrameFunctionalGroupsSequence=_groups([0, 0, 0, 0, 0.1, 0.1, 0.1, 0.1]),
    )
    assert "as slices of a volume do" in notices


def test_offsets_in_the_functional_groups(tmp_path):
    groups = []
    for index in range(8):
        position, group = Dataset(), Dataset()
        position.TemporalPositionTimeOffset = index * 0.025
        group.TemporalPositionSequence = Sequence([position])
        groups.append(group)
    found, _, notices = _cine(tmp_path, PerFrameFunctionalGroupsSequence=Sequence(groups))
    np.testing.assert_allclose(found, [25] * 7)
    assert notices == ""


@pytest.mark.parametrize("ending", [".mp4", ".ts", ".h264"])
@pytest.mark.parametrize(
    ("elements", "told"),
    [
        ({}, False),
        ({"FrameTime": 40.0}, False),
        ({"FrameTime": 33.333}, True),
        ({"CineRate": 1}, True),
        ({"FrameTime": 40.0, "NumberOfFrames": 1}, True),
        ({"FrameTime": 40.0, "NumberOfFrames": 100}, True),
    ],
)
def test_the_video_counts_and_a_header_that_differs_is_told(tmp_path, ending, elements, told):
    video = write_video(tmp_path / f"a{ending}", fps=25)
    path = write_dicom_video(tmp_path / "a.dcm", MPEG4HP41, video, **elements)
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        assert recording.info.frame_count == 40
        np.testing.assert_allclose(recording.times_s, np.arange(40) * 0.04, atol=1e-6)
        assert recording.info.duration_s == pytest.approx(1.6)
        assert any("the video counts" in notice for notice in exam.notices) == told


def test_a_raw_stream_has_the_rate_that_it_states(tmp_path):
    video = write_video(tmp_path / "a.h264", fps=20)
    path = write_dicom_video(tmp_path / "a.dcm", MPEG4HP41, video, FrameTime=50.0)
    with open_exam(path) as exam:
        np.testing.assert_allclose(exam.recordings[0].times_s, np.arange(40) * 0.05)
        assert exam.notices == ()
