"""Recordings for tests of the window, whose every picture says which one it is."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PySide6.QtGui import QImage

BITS = 8
WIDTH, HEIGHT = 320, 48


def write_numbered(path: Path, times_ms: list[int], gop: int = 30) -> Path:
    """A video whose frame k shows k as eight black or white bars, presented at `times_ms`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1000)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = gop
        for number, time_ms in enumerate(times_ms):
            bars = [(number >> bit & 1) * 255 for bit in range(BITS)]
            row = np.repeat(np.array(bars, np.uint8), WIDTH // BITS)
            picture = np.repeat(np.tile(row, (HEIGHT, 1))[..., None], 3, axis=2)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def number_in(image: QImage) -> int:
    """The number that a picture of `write_numbered` shows."""
    middle = WIDTH // BITS // 2
    lit = [
        image.pixelColor(bit * WIDTH // BITS + middle, HEIGHT // 2).value() > 127
        for bit in range(BITS)
    ]
    return sum(on << bit for bit, on in enumerate(lit))
