"""Which regions count, and what is told of the others."""

from tests.builders import region_sequence, write_dicom_cine
from usummary.readers import open_exam
from usummary.types import Box


def opened(path, *sequences):
    regions = [item for sequence in sequences for item in sequence]
    write_dicom_cine(path, SequenceOfUltrasoundRegions=regions, size=(64, 48))
    with open_exam(path) as exam:
        return exam.recordings[0].info.region, exam.notices


def test_two_images_side_by_side_are_one_region(tmp_path):
    both = region_sequence((0, 0, 29, 39), (32, 0, 61, 39))
    assert opened(tmp_path / "dual", both) == (Box(0, 0, 62, 40), ())


def test_a_trace_beside_the_image_is_told(tmp_path):
    image = region_sequence((0, 0, 63, 23))
    for kind, name in ((2, "an M-mode trace"), (3, "a Doppler spectrum")):
        trace = region_sequence((0, 24, 63, 47), kind=kind)
        region, notices = opened(tmp_path / name, image, trace)
        assert region == Box(0, 0, 64, 24)
        assert notices == (
            f"Beside the image the pictures show {name}. It is not looked at, and masked in "
            "exports.",
        )


def test_a_trace_within_the_image_is_nothing_to_tell_of(tmp_path):
    image, trace = region_sequence((0, 0, 63, 47)), region_sequence((0, 24, 63, 47), kind=3)
    assert opened(tmp_path / "within", image, trace) == (Box(0, 0, 64, 48), ())
    incomplete = region_sequence((0, 24, 63, 47), kind=3)
    del incomplete[0].RegionLocationMaxX1
    assert opened(tmp_path / "incomplete", image, incomplete) == (Box(0, 0, 64, 48), ())
