"""Export of real clips through the real reader: every frame is the frame that was named."""

import av
import cv2
import numpy as np
import pytest

from tests.export.exams import make_summary, shot, whole
from tests.shared_data import SHARED, needs_shared
from usummary.export import ExportOptions, export_summary
from usummary.readers import open_exam

CLIPS = SHARED / "ultrasound" / "lung_clips"


@needs_shared
@pytest.mark.parametrize(
    "name", ["Pneu_prospective_file3.mp4", "Cov_convex_volpecelli_sonographic_v1.mov"]
)
def test_reel_of_a_real_clip(name, tmp_path):
    options = ExportOptions(stills=False, contact_sheet=False, report=False)
    with open_exam(CLIPS / name) as exam:
        recording = exam.recordings[0]
        count = recording.info.frame_count
        spans = [(1, count // 3), (count // 2, count)]
        shots = [shot(exam, start, end) for start, end in spans]
        region = whole(recording.info.width, recording.info.height)
        export_summary(exam, make_summary(exam, shots, [region]), tmp_path / "out", options)
        meant = [frame.pixels for span in spans for frame in recording.frames(*span)]
        starts = [recording.times_s[slice(*span)] - recording.times_s[span[0]] for span in spans]
    with av.open(str(tmp_path / "out/summary.mp4")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == len(meant)
    for frame, picture in zip(frames, meant, strict=True):
        height, width = picture.shape[:2]
        seen = frame.to_ndarray(format="rgb24")[:height, :width]
        assert float(cv2.absdiff(seen, picture).mean()) < 5
    seen_times = np.array([float(frame.pts * frame.time_base) for frame in frames])
    second = len(starts[0])
    assert np.allclose(seen_times[:second], starts[0], atol=2e-5)
    assert np.allclose(seen_times[second:] - seen_times[second], starts[1], atol=2e-5)
