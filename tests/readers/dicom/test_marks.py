"""Pictures that Key Object Selections and presentation states mark are freeze-frames."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import (
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
)

from tests.builders import dicom_dataset, write_study
from usummary.readers import open_exam

FOR_QUALITY = "113001"


def reference(uid: str, frames: list[int] | None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPInstanceUID = uid
    if frames is not None:
        item.ReferencedFrameNumber = frames
    return item


def store(path: Path, dataset: Dataset, kind: str) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = kind
    dataset.Modality = "PR" if kind == GrayscaleSoftcopyPresentationStateStorage else "KO"
    dataset.save_as(path, enforce_file_format=True)


def write_selection(
    path: Path, *references: Dataset, title: str = "113000", nested: bool = False
) -> None:
    code = Dataset()
    code.CodeValue = title
    dataset = dicom_dataset(ConceptNameCodeSequence=[code])
    dataset.ContentSequence = []
    for one in references:
        item = Dataset()
        item.ValueType = "IMAGE"
        item.ReferencedSOPSequence = [one]
        if nested:
            outer = Dataset()
            outer.ValueType = "CONTAINER"
            outer.ContentSequence = [item]
            item = outer
        dataset.ContentSequence.append(item)
    store(path, dataset, KeyObjectSelectionDocumentStorage)


def write_state(path: Path, *references: Dataset) -> None:
    series = Dataset()
    series.ReferencedImageSequence = list(references)
    dataset = dicom_dataset(ReferencedSeriesSequence=[series])
    store(path, dataset, GrayscaleSoftcopyPresentationStateStorage)


@pytest.fixture
def study(tmp_path) -> Path:
    """Two cines of a second, the first of them ``9.dcm``, and one still."""
    return write_study(tmp_path / "study", cines=2, stills=1)


def uid_of(study: Path, name: str) -> str:
    return str(pydicom.dcmread(study / name, stop_before_pixels=True).SOPInstanceUID)


@pytest.mark.parametrize("nested", [False, True])
def test_selected_frames_are_freeze_frames_once(study, nested):
    first, second = uid_of(study, "9.dcm"), uid_of(study, "8.dcm")
    write_selection(
        study / "key", reference(second, [25, 1]), reference(first, [11]), nested=nested
    )
    write_selection(study / "key again", reference(first, [11]), nested=nested)
    with open_exam(study) as exam:
        marked = [f for f in exam.freeze_frames if f.source == "marked"]
        assert [(f.recording, f.frame) for f in marked] == [(0, 10), (1, 0), (1, 24)]
        assert [f.time_s for f in marked] == pytest.approx([0.4, 1.0, 1.96])
        assert len(exam.freeze_frames) == 4
        times = [f.time_s for f in exam.freeze_frames]
        assert times == sorted(times)
        assert exam.notices == ()


def test_frames_of_a_presentation_state_are_freeze_frames(study):
    first = uid_of(study, "9.dcm")
    write_state(study / "state", reference(first, [3]))
    write_state(study / "window of all", reference(first, None))
    with open_exam(study) as exam:
        marked = [f for f in exam.freeze_frames if f.source == "marked"]
        assert [(f.recording, f.frame) for f in marked] == [(0, 2)]
        assert exam.notices == ()


def test_a_marked_still_is_a_freeze_frame_already(study):
    write_selection(study / "key", reference(uid_of(study, "still0"), None))
    with open_exam(study) as exam:
        assert [f.source for f in exam.freeze_frames] == ["still"]
        assert exam.notices == ()


def test_what_cannot_be_taken_is_told(study):
    first = uid_of(study, "9.dcm")
    write_selection(
        study / "key", reference(first, None), reference(first, [26, 0]), reference("1.2.9", [1])
    )
    write_selection(study / "bad", reference(first, [5]), title=FOR_QUALITY)
    with open_exam(study) as exam:
        assert [f.source for f in exam.freeze_frames] == ["still"]
        assert exam.notices == (
            "Marked key pictures that are not in the folder: 3.",
            "Recordings that are marked as key objects as a whole: 1; that makes none of their "
            "pictures a freeze-frame.",
            "Recordings and pictures that the study marks as rejected: 1; they are used like the "
            "others.",
        )
