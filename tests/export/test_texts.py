"""Names, times, captions, and what goes into the report."""

import json

import numpy as np
import pypdfium2
import pytest

from tests.export.exams import DrawnRecording, even_times, make_exam, shot, small_case
from usummary.export import ExportOptions, export_summary
from usummary.export.canvas import Caption
from usummary.export.names import exam_clock, shot_stem
from usummary.export.report import choose_by_plane
from usummary.export.shots import TICKS, ShownShot, shot_ticks

REPORT_ONLY = ExportOptions(reel=False, clips=False, stills=False, contact_sheet=False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00:00"), (59.999, "0:00:59"), (60.0, "0:01:00"), (3 * 3600 + 62.5, "3:01:02")],
)
def test_exam_clock(seconds, text):
    assert exam_clock(seconds) == text


def test_shot_stem_is_a_safe_file_name():
    exam = make_exam(DrawnRecording("exam.mp4", (64, 48), even_times(20)))
    assert shot_stem(7, shot(exam, 0, 5, plane="Spine (cor.)"), 754.2) == (
        "shot007_0h12m34s_Spine-cor"
    )
    assert shot_stem(12, shot(exam, 0, 5), 0) == "shot012_0h00m00s"


def test_ticks_ascend_where_time_stamps_repeat():
    exam = make_exam(DrawnRecording("exam.mp4", (64, 48), [0.0, 0.1, 0.1, 0.1, 0.3, 0.4]))
    ticks = shot_ticks(exam, shot(exam, 1, 5))
    assert ticks.tolist() == [0, 1, 2, round(0.2 * TICKS), round(0.3 * TICKS)]


@pytest.mark.parametrize("width", [2, 208, 320, 640, 1281, 3840])
def test_the_caption_fits_every_width(width):
    caption = Caption(enabled=True, simulated=True)
    strip = caption.strip("0:12:34   Brain (Tv.)   shot 123/456", max(width, 224))
    assert strip.shape[0] == caption.height(width)
    assert strip.shape[0] % 2 == 0
    ink = np.abs(strip.astype(int) - strip[0, 0]).max(axis=(0, 2)) > 60
    assert ink.any()
    assert not ink[-4:].any()


def test_no_caption_no_strip(tmp_path):
    import av

    exam, summary = small_case()
    options = ExportOptions(clips=False, stills=False, contact_sheet=False, report=False)
    for captions, height in ((True, None), (False, 240)):
        out = tmp_path / str(captions)
        export_summary(exam, summary, out, ExportOptions(**_values(options, captions)))
        with av.open(str(out / "summary.mp4")) as container:
            seen = container.streams.video[0].height
            assert container.metadata["comment"].startswith("Research use only")
        assert seen == height if height else seen > 240


def _values(options, captions):
    values = {name: getattr(options, name) for name in options.__slots__}
    return {**values, "captions": captions}


def test_key_frames_are_chosen_by_plane():
    exam = make_exam(DrawnRecording("exam.mp4", (64, 48), even_times(400)))
    planes = [None, "LVOT", "Profile", "LVOT", None, "Brain (Cb.)"]
    shown = [
        ShownShot(
            number, shot(exam, number * 10, number * 10 + 10, plane=plane), 0.0,
            np.zeros(2, np.int64), None, None, np.zeros((4, 4, 3), np.uint8),
        )
        for number, plane in enumerate(planes, 1)
    ]  # fmt: skip
    chosen = choose_by_plane(shown, 4)
    assert [entry.shot.plane for entry in chosen[:3]] == ["Brain (Cb.)", "Profile", "LVOT"]
    assert len(choose_by_plane(shown, 12)) == 6


def test_the_report_says_what_was_found(tmp_path):
    exam, summary = small_case(notices=("A simulated exam. Größe 孕",))
    export_summary(exam, summary, tmp_path / "out", REPORT_ONLY)
    with pypdfium2.PdfDocument(tmp_path / "out/report.pdf") as document:
        assert len(document) == 1
        text = document[0].get_textpage().get_text_bounded()
    for part in (
        "SIMULATED", "in 3 key shots", "3 of 4", "1 of 2", "15% (1.5 s)", "32.4% (3.2 s)",
        "i3d-sononet (abababab)", "CPU, float32", "not defined", "Brain", "Größe ?",
    ):  # fmt: skip
        assert part in text, part


def test_the_record_holds_no_folders(tmp_path):
    exam, summary = small_case(notices=("/scans/Jane Doe.mp4 is truncated.",))
    export_summary(exam, summary, tmp_path / "out", REPORT_ONLY)
    text = (tmp_path / "out/summary.json").read_text()
    assert "/scans" not in text
    assert "/home" not in text
    record = json.loads(text)
    assert record["input"]["name"] == "Jane Doe.mp4"
    assert record["settings"]["freeze_frames"] == "list.csv"
    assert record["metrics"] == {"recall": 0.5, "f1": None}
    assert "Jane Doe.mp4 is truncated." in record["notices"]
