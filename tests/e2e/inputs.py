"""Small recordings for tests of the whole program: any size, any pictures."""

from pathlib import Path

import av
import numpy as np


def speckle(width: int, height: int, still_after: int):
    """Pictures of a texture that drifts sideways, and stops at frame `still_after`."""
    texture = np.random.default_rng(1).integers(0, 255, (height, 4 * width), dtype=np.uint8)

    def picture(index: int) -> np.ndarray:
        shift = 2 * min(index, still_after) % (3 * width)
        grey = texture[:, shift : shift + width]
        return np.repeat(grey[..., None], 3, axis=2)

    return picture


def black(width: int, height: int):
    """Black pictures."""
    return lambda _: np.zeros((height, width, 3), np.uint8)


def make_video(path: Path, picture, frames: int, *, rate: int = 15, codec: str = "libx264") -> Path:
    """A video of `frames` pictures; the container follows from the file's suffix."""
    first = picture(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cut(path: Path, share: float) -> Path:
    """Keep only the first part of a file, as a recorder leaves it that lost its power."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path
