"""Situations that people reported of other programs, through the whole program.

The inputs lie in the shared cases, one folder a report; each is also a test of its reader, with an
input made by `tests.builders`. Here: what `usummary info --json` says, the first picture that the
window shows, and what an exported reel and still hold.
"""

from __future__ import annotations

import json

import av
import cv2
import numpy as np
import pytest

from tests.builders import read_code
from tests.shared_data import SHARED
from usummary.export import ExportOptions, export_summary
from usummary.pipeline import analyse, select
from usummary.readers import open_exam
from usummary.settings import Settings

CASES = SHARED.parent / "cases"
needs_cases = pytest.mark.skipif(
    not CASES.is_dir(), reason="the shared cases are not beside this checkout"
)

# Path, frames of each recording, size, seconds in all, part of a notice or None for no notice.
VIDEOS = [
    ("01-anamorphic/dvd-16x9.mp4", [50], (512, 288), 2.0, "not square"),
    ("05-joined-ts/joined.ts", [120], (160, 96), 4.8, "0:02.4"),
    ("05-joined-ts/jump-ahead.ts", [120], (160, 96), 4.8, "0:02.4"),
    ("06-mirrored/base.mp4", [50], (160, 96), 5 / 3, None),
    ("06-mirrored/hflip.mp4", [50], (160, 96), 5 / 3, "mirrored"),
    ("06-mirrored/rot45.mp4", [50], (160, 96), 5 / 3, "-45 degrees"),
    ("19-two-video-streams/camera-larger.mp4", [50], (160, 96), 2.0, "stream 1 is used"),
    ("19-two-video-streams/cover-first.mp4", [50], (160, 96), 2.0, None),
    (
        "19-two-video-streams/default-first-camera-larger.mkv",
        [50],
        (160, 96),
        2.0,
        "stream 1 is used",
    ),
    ("20-size-change/switch.ts", [100], (160, 96), 3.92, "same time stamp"),
    ("21-interlaced/dvd.mpg", [50], (352, 288), 2.0, "interlaced"),
    ("28-paff/avchd-frame-packets.ts", [20], (80, 64), 0.8, "interlaced"),
    ("28-paff/frame-packets.mp4", [20], (80, 64), 0.8, "interlaced"),
    ("28-paff/paff.h264", [20], (80, 64), 0.8, "interlaced"),
    ("31-duplicate-stamps/twice.mkv", [40], (160, 96), 1.2, "same time stamp"),
    ("38-mp4-odd-durations/last-lasts-an-hour.mp4", [40], (160, 96), 1.6, "last very long"),
    ("41-raw-stream-no-rate/ten-per-second.mjpeg", [30], (160, 96), 1.2, "25 are assumed"),
]
DICOM = [
    ("04-duplicates/study", [6, 6], (160, 96), 0.48, "Copies of other files"),
    ("07-implicit-in-explicit/right.dcm", [5], (160, 96), 0.2, None),
    ("07-implicit-in-explicit/wrong-meta.dcm", [5], (160, 96), 0.2, None),
    ("08-no-preamble/IMG00001", [5], (160, 96), 0.2, None),
    ("08-no-preamble/implicit-body.dcm", [5], (160, 96), 0.2, None),
    ("09-frame-time-vector/absolute.dcm", [8], (160, 96), 0.32, "times instead of distances"),
    ("09-frame-time-vector/one-short-with-frametime.dcm", [8], (160, 96), 0.48, "first value"),
    ("09-frame-time-vector/one-short.dcm", [8], (160, 96), 0.48, "lacks its first value"),
    ("09-frame-time-vector/right.dcm", [8], (160, 96), 0.48, None),
    ("09-frame-time-vector/single-value.dcm", [8], (160, 96), 0.4, "holds one value"),
    ("09-frame-time-vector/too-long.dcm", [8], (160, 96), 0.48, "11 values for 8 frames"),
    ("09-frame-time-vector/zero-frametime.dcm", [8], (160, 96), 0.4, "0 as Frame Time"),
    ("10-sixteen-bit-window/eight-window.dcm", [4], (160, 96), 0.16, None),
    ("10-sixteen-bit-window/negative-hu.dcm", [4], (160, 96), 0.16, None),
    ("10-sixteen-bit-window/rescale.dcm", [4], (160, 96), 0.16, None),
    ("10-sixteen-bit-window/voi-lut8.dcm", [4], (160, 96), 0.16, None),
    ("11-overlay-high-bits/overlay-j2k.dcm", [4], (160, 96), 0.16, None),
    ("12-offset-tables/ext.dcm", [8], (160, 96), 0.32, None),
    ("12-offset-tables/frames20.dcm", [8], (160, 96), 0.32, "fewer pictures than it says"),
    ("12-offset-tables/frames5.dcm", [8], (160, 96), 0.32, "8 pictures and says 5"),
    ("12-offset-tables/framesnone.dcm", [8], (160, 96), 0.32, "does not say how many"),
    ("12-offset-tables/zeros.dcm", [8], (160, 96), 0.32, None),
    ("13-clocks/acr-nema-colons", [10, 10, 10], (160, 96), 1.2, None),
    ("13-clocks/zones", [10, 10, 10], (160, 96), 1.2, None),
    ("14-odd-values/frames-text.dcm", [6], (160, 96), 0.24, "Number of Frames"),
    ("14-odd-values/study-frames", [6, 6], (160, 96), 0.48, "Number of Frames"),
    ("15-study-ids/one-without-study-uid", [6, 6], (160, 96), 0.48, "name no study"),
    ("15-study-ids/sc-still-ot", [12], (160, 96), 0.48, None),
    ("16-dicom-pixel-aspect/ratio-1-2.dcm", [20], (640, 240), 0.8, "not square"),
    ("25-enhanced/enhanced-us-volume.dcm", [12], (160, 96), 1.2, None),
    ("26-folder-odds/DISC", [6, 6], (160, 96), 0.48, "were ignored"),
    ("27-dicom-video/cinerate-wrong.dcm", [40], (160, 96), 1.6, "the video counts"),
    ("27-dicom-video/es-notime.dcm", [40], (160, 96), 1.6, None),
    ("32-native-422/declared-422-stored-rgb.dcm", [4], (160, 96), 0.16, "declares its colours"),
]
EXPORTED = [
    "01-anamorphic/dvd-16x9.mp4",
    "05-joined-ts/joined.ts",
    "06-mirrored/hflip.mp4",
    "20-size-change/switch.ts",
    "28-paff/paff.h264",
    "31-duplicate-stamps/twice.mkv",
    "16-dicom-pixel-aspect/ratio-1-2.dcm",
    "27-dicom-video/es-notime.dcm",
]


def case_id(row: tuple) -> str:
    return row[0]


@needs_cases
@pytest.mark.parametrize("row", VIDEOS + DICOM, ids=case_id)
def test_info_and_the_first_picture_are_right(run, row):
    name, frames, size, seconds, notice = row
    code, out, _ = run("info", "--json", CASES / name)
    assert code == 0
    told = json.loads(out)
    recordings = told["recordings"]
    assert [one["frames"] for one in recordings] == frames
    assert {(one["width"], one["height"]) for one in recordings} == {size}
    assert sum(one["duration_s"] for one in recordings) == pytest.approx(seconds, abs=0.002)
    if notice is None:
        assert told["notices"] == []
    else:
        assert any(notice in text for text in told["notices"])
    with open_exam(CASES / name) as exam:
        for recording, count in zip(exam.recordings, frames, strict=True):
            pictures = list(recording.frames())
            assert len(pictures) == count
            assert pictures[0].pixels.shape == (size[1], size[0], 3)
            np.testing.assert_array_equal(recording.frame(0).pixels, pictures[0].pixels)


@needs_cases
@pytest.mark.parametrize("name", EXPORTED)
def test_reel_and_stills_show_what_the_reader_brings(tmp_path, name):
    settings = Settings(device="cpu", length="60%", cover_planes=False, use_cache=False)
    with open_exam(CASES / name) as exam:
        summary = select(analyse(exam, settings), settings.length)
        options = ExportOptions(mask=False, captions=False)
        export_summary(exam, summary, tmp_path / "out", options)
        shots = summary.key_shots
        wanted = sum(shot.end_frame - shot.start_frame for shot in shots)
        with av.open(str(tmp_path / "out" / "summary.mp4")) as reel:
            first, *rest = reel.decode(video=0)
            assert 1 + len(rest) == wanted > 0
            size = exam.recordings[0].info.width, exam.recordings[0].info.height
            assert abs(first.width - size[0]) <= 1
            assert abs(first.height - size[1]) <= 1
        stills = sorted((tmp_path / "out" / "keyframes").glob("*.png"))
        assert len(stills) == len(shots)
        for path, shot in zip(stills, shots, strict=True):
            still = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            key = exam.recordings[shot.recording].frame(shot.key_frame).pixels
            np.testing.assert_array_equal(still, key)


@needs_cases
def test_the_joined_recording_holds_both_parts():
    with open_exam(CASES / "05-joined-ts" / "joined.ts") as exam:
        codes = [read_code(frame.pixels) for frame in exam.recordings[0].frames()]
    assert codes == [*range(60), *range(100, 160)]
