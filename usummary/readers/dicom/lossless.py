"""Decodes lossless JPEG (process 14) with FFmpeg, which the program has for video anyway."""

from __future__ import annotations

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from usummary.readers.dicom.codestream import jpeg_frame


def decode_lossless(data: bytes, samples: int) -> NDArray[np.generic]:
    """Samples (H, W[, 3]), uint8 or uint16, as stored.

    Raises:
        ValueError: The stream is damaged.
        NotImplementedError: FFmpeg cannot read this kind of lossless JPEG.
    """
    decoder = av.CodecContext.create("mjpeg", "r")
    try:
        pictures = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except av.error.PatchWelcomeError as error:
        raise NotImplementedError("lossless JPEG") from error
    except av.error.FFmpegError as error:
        raise ValueError("damaged lossless JPEG") from error
    if not pictures:
        raise ValueError("lossless JPEG without a picture")
    name = pictures[0].format.name
    if samples == 1 and name.startswith("gray"):
        grey = np.asarray(pictures[0].to_ndarray())
        # FFmpeg shifts samples of 9 to 15 bits to the high end of 16 bits.
        empty = max(16 - jpeg_frame(data).precision, 0)
        return grey.astype(np.uint16) >> empty if grey.dtype == np.uint16 else grey
    if samples == 3 and name in {"yuvj444p", "yuv444p"}:
        return np.moveaxis(pictures[0].to_ndarray(), 0, -1)  # three components, no conversion
    if samples == 3 and name in {"bgr24", "gbrp"}:
        return pictures[0].to_ndarray(format="rgb24")
    raise NotImplementedError(f"lossless JPEG as {name}")
