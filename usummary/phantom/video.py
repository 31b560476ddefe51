"""Records a simulated exam as H.264 in mp4, as a screen recorder with ordinary settings would."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av

from usummary.phantom.exam import SimulatedExam
from usummary.phantom.truth import NOTE

_GOP = 250


def write_video(
    exam: SimulatedExam, path: Path, bit_rate: int, done: Callable[[int], None]
) -> None:
    """Encode all frames into `path`.

    Args:
        exam: What to record.
        path: The mp4 to make.
        bit_rate: Average bits per second.
        done: Called with the number of finished frames.
    """
    fps = exam.script.fps
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        container.metadata.update({"title": "Simulated fetal screening exam", "comment": NOTE})
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = exam.width, exam.height, "yuv420p"
        stream.bit_rate = bit_rate
        stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
        stream.gop_size = _GOP
        stream.options = {"preset": "veryfast", "bf": "3"}
        for shown in exam.frames():
            frame = av.VideoFrame.from_ndarray(shown.picture, format="yuv420p")
            frame.pts, frame.time_base = shown.index, Fraction(1, fps)
            container.mux(stream.encode(frame))
            if shown.index % 4 == 0:
                done(shown.index)
        container.mux(stream.encode())
    done(exam.script.frame_count)
