"""Recordings made from known content: every picture shows its own frame index as a bar code."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pydicom
from PIL import Image
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import set_pixel_data
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

BITS = 10
"""Width of the bar code; codes are below 2 ** BITS."""
SIZE = (160, 96)
"""Default width and height."""


def code_picture(code: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """RGB (H, W, 3): the code as white and black bars above, moving grey shades below."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    edges = np.linspace(0, width, BITS + 1).astype(int)
    for bit in range(BITS):
        if code >> bit & 1:
            picture[: height // 2, edges[bit] : edges[bit + 1]] = 230
    shades = 60 + (np.arange(width) * 2 + code * 5) % 120
    picture[height // 2 :] = shades.astype(np.uint8)[None, :, None]
    return picture


def read_code(pixels: np.ndarray) -> int:
    """The code that a picture (H, W[, 3]) shows."""
    grey = pixels.mean(axis=2) if pixels.ndim == 3 else pixels.astype(float)
    height, width = grey.shape
    edges = np.linspace(0, width, BITS + 1).astype(int)
    bars = grey[height // 8 : height * 3 // 8]
    return sum(
        1 << bit for bit in range(BITS) if bars[:, edges[bit] + 2 : edges[bit + 1] - 2].mean() > 120
    )


def write_video(
    path: Path,
    *,
    n: int = 40,
    size: tuple[int, int] = SIZE,
    fps: Fraction | int = 30,
    pts: list[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    gop: int = 12,
    bframes: int = 2,
    turned: int = 0,
    first_code: int = 0,
    pictures: list[np.ndarray] | None = None,
    pixel_format: str = "yuv420p",
    container: str | None = None,
    options: dict[str, str] | None = None,
    mux_options: dict[str, str] | None = None,
) -> Path:
    """A video of n coded pictures.

    Args:
        path: Where to; its ending names the container unless `container` does.
        n: Number of pictures.
        size: Upright width and height.
        fps: Frame rate, where `pts` is not given.
        pts: Presentation stamps in units of `time_base`.
        time_base: Unit of `pts`; 1 / fps without.
        codec: FFmpeg encoder.
        gop: Largest distance of sync frames.
        bframes: Reordered pictures in a row.
        turned: Quarter turns clockwise that a player has to make; the pictures are stored turned
            back by as many.
        first_code: Code of the first picture.
        pictures: Own RGB pictures instead of coded ones; sets n and size.
        pixel_format: As FFmpeg names it.
        container: Container as FFmpeg names it.
        options: More encoder options.
        mux_options: More container options.
    """
    if pictures is not None:
        n, size = len(pictures), pictures[0].shape[1::-1]
    unit = time_base or 1 / Fraction(fps)
    with av.open(str(path), "w", format=container, options=mux_options or {}) as output:
        stream = output.add_stream(codec, rate=Fraction(fps))
        stream.width, stream.height = size[:: -1 if turned % 2 else 1]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = unit
        if codec not in _INTRA_ONLY:
            stream.options = {"g": str(gop), "bf": str(bframes)} | (options or {})
        if turned:
            stream.set_display_matrix(_MATRICES[turned % 4])
        for index in range(n):
            picture = pictures[index] if pictures else code_picture(first_code + index, size)
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(np.rot90(picture, turned)), format="rgb24"
            )
            frame.pts, frame.time_base = (pts[index] if pts else index), unit
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


STREAM_SIZES = ((160, 96), (320, 192))
"""Of the two streams that `write_streams` writes."""


def write_streams(path: Path, default: int | None) -> Path:
    """Two video streams: codes from 0 in a small one, from 300 in a larger one.

    Args:
        path: Where to.
        default: Which of them, from 0, is marked as default; None: what the container does.
    """
    with av.open(str(path), "w") as output:
        streams = []
        for number, (width, height) in enumerate(STREAM_SIZES):
            stream = output.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            if default is not None:
                stream.disposition = int(number == default)
            streams.append(stream)
        for index in range(40):
            for number, stream in enumerate(streams):
                picture = code_picture(300 * number + index, STREAM_SIZES[number])
                output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        for stream in streams:
            output.mux(stream.encode())
    return path


def blank_packet(path: Path, number: int) -> Path:
    """Overwrites one packet of a video file with zeros, so that it cannot be decoded."""
    with av.open(str(path)) as container:
        packet = bytes([p for p in container.demux(video=0) if p.size][number])
    data = path.read_bytes()
    path.write_bytes(data.replace(packet, bytes(len(packet)), 1))
    return path


_INTRA_ONLY = {"mjpeg", "ffv1", "rawvideo"}
_ONE = 1 << 16
_MATRICES = {
    1: (0, _ONE, 0, -_ONE, 0, 0, 0, 0, 1 << 30),
    2: (-_ONE, 0, 0, 0, -_ONE, 0, 0, 0, 1 << 30),
    3: (0, -_ONE, 0, _ONE, 0, 0, 0, 0, 1 << 30),
}
"""ISO 14496-12 matrices of a track to be shown turned clockwise by so many quarter turns."""


def dicom_dataset(syntax: UID = ExplicitVRLittleEndian, **elements: object) -> Dataset:
    """An ultrasound instance without pixels; `elements` by keyword, None leaves one out."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    dataset.Modality = "US"
    dataset.PatientName = "Made^Up"
    for keyword, value in elements.items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def write_dicom_cine(
    path: Path,
    syntax: UID = ExplicitVRLittleEndian,
    *,
    n: int = 12,
    size: tuple[int, int] = SIZE,
    photometric: str = "RGB",
    first_code: int = 0,
    stored: np.ndarray | None = None,
    **elements: object,
) -> Path:
    """A DICOM instance of n coded pictures (n = 1: a still).

    Args:
        path: Where to.
        syntax: Transfer syntax.
        n: Number of pictures.
        size: Width and height.
        photometric: Photometric Interpretation that the file declares.
        first_code: Code of the first picture.
        stored: Samples to store as they are, (n, H, W[, 3]), instead of coded pictures.
        **elements: More elements; FrameTime 40 ms unless given.
    """
    if stored is None:
        stored = np.stack([code_picture(first_code + i, size) for i in range(n)])
        if photometric.startswith("MONOCHROME"):
            stored = stored[..., 0] if photometric == "MONOCHROME2" else 255 - stored[..., 0]
    dataset = dicom_dataset(syntax, **({"FrameTime": 40.0} | elements))
    if "FrameTime" in dataset and "FrameIncrementPointer" not in dataset:
        dataset.FrameIncrementPointer = 0x00181063
    _store(dataset, syntax, stored, photometric)
    dataset.save_as(path, enforce_file_format=True)
    return path


def _store(dataset: Dataset, syntax: UID, stored: np.ndarray, photometric: str) -> None:
    codec = syntax in {RLELossless, JPEGLSLossless}
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    declared = photometric if stored.ndim == 4 or "MONO" in photometric else "MONOCHROME2"
    set_pixel_data(dataset, stored, declared, stored.itemsize * 8)
    dataset.NumberOfFrames = len(stored)
    if codec:
        dataset.compress(syntax, generate_instance_uid=False)
    elif syntax in {JPEGBaseline8Bit, JPEG2000Lossless}:
        dataset.PixelData = encapsulate([_compressed(picture, syntax) for picture in stored])
        dataset["PixelData"].VR = "OB"
    elif syntax == ExplicitVRBigEndian:
        dataset.PixelData = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
        dataset["PixelData"].VR = "OB" if stored.itemsize == 1 else "OW"
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PhotometricInterpretation = photometric
    if syntax == JPEG2000Lossless and photometric == "RGB":
        dataset.PhotometricInterpretation = "YBR_RCT"


def _compressed(picture: np.ndarray, syntax: UID) -> bytes:
    buffer = io.BytesIO()
    if syntax == JPEGBaseline8Bit:
        Image.fromarray(picture).save(buffer, "JPEG", quality=95)
    else:
        transform = int(picture.ndim == 3)
        Image.fromarray(picture).save(buffer, "JPEG2000", no_jp2=True, mct=transform)
    return buffer.getvalue()


def write_dicom_video(
    path: Path, syntax: UID, video: Path, *, fragment: int = 1 << 14, **elements: object
) -> Path:
    """A DICOM instance that holds a video file's bytes, cut into fragments."""
    data = video.read_bytes()
    dataset = dicom_dataset(syntax, **elements)
    dataset.NumberOfFrames = elements.get("NumberOfFrames", 40)
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = SIZE[1], SIZE[0], 3
    dataset.PhotometricInterpretation = "YBR_PARTIAL_420"
    dataset.BitsAllocated = dataset.BitsStored = 8
    parts = -(-len(data) // fragment)
    dataset.PixelData = encapsulate([data], fragments_per_frame=parts, has_bot=False)
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path, enforce_file_format=True)
    return path


def region_sequence(*boxes: tuple[int, int, int, int], kind: int = 1) -> Sequence:
    """Sequence of Ultrasound Regions with inclusive corners, two-dimensional tissue by default."""
    items = []
    for x0, y0, x1, y1 in boxes:
        item = Dataset()
        item.RegionSpatialFormat, item.RegionDataType = kind, 1
        item.RegionLocationMinX0, item.RegionLocationMinY0 = x0, y0
        item.RegionLocationMaxX1, item.RegionLocationMaxY1 = x1, y1
        items.append(item)
    return Sequence(items)


def write_study(folder: Path, *, cines: int = 2, frames: int = 25, stills: int = 2) -> Path:
    """A study: cines of `frames` pictures at 40 ms, 60 s apart from 10:00:00, out of name order.

    The still number i is acquired 10 s after cine i began, when that cine has ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(cines):
        write_dicom_cine(
            folder / f"{9 - index}.dcm",
            n=frames,
            first_code=100 * index,
            AcquisitionDateTime=f"20200101100{index}00.000",
            InstanceNumber=index * 2 + 1,
        )
    for index in range(stills):
        write_dicom_cine(
            folder / f"still{index}",
            n=1,
            first_code=900 + index,
            FrameTime=None,
            AcquisitionDateTime=f"20200101100{index}10.000",
            InstanceNumber=index * 2 + 2,
        )
    return folder


def write_element(path: Path, keyword: str, value: bytes, vr: str | None = None) -> Path:
    """Put bytes, right or not, into an element of a DICOM file."""
    dataset = pydicom.dcmread(path)
    tag = Tag(keyword)
    kind = vr or dictionary_VR(tag)[:2]
    dataset[tag] = RawDataElement(tag, kind, len(value), value, 0, False, True)
    dataset.save_as(path)
    return path


def damage_frame(path: Path, index: int) -> Path:
    """Overwrite the whole of one encapsulated frame of a DICOM file."""
    dataset = pydicom.dcmread(path)
    frame = list(generate_frames(dataset.PixelData, number_of_frames=dataset.NumberOfFrames))[index]
    data = bytearray(path.read_bytes())
    at = data.find(frame)
    data[at : at + len(frame)] = bytes(len(frame))
    path.write_bytes(data)
    return path


def lossless_jpeg(picture: np.ndarray, bits: int = 8, predictor: int = 1) -> bytes:
    """A picture (H, W[, 3]) as lossless JPEG (process 14), `bits` a sample, predicted by 1 to 7.

    Every difference is written with a 5-bit code for its size, as one code table for all.
    """
    samples = np.atleast_3d(picture).astype(np.int64)
    height, width, parts = samples.shape
    left, above, corner = (np.roll(samples, shift, (0, 1)) for shift in ((0, 1), (1, 0), (1, 1)))
    before = (
        left,
        above,
        corner,
        left + above - corner,
        left + (above - corner >> 1),
        above + (left - corner >> 1),
        left + above >> 1,
    )[predictor - 1].copy()
    before[0, 1:] = samples[0, :-1]
    before[1:, 0] = samples[:-1, 0]
    before[0, 0] = 1 << bits - 1
    written = []
    for difference in (samples - before).reshape(-1).tolist():
        size = abs(difference).bit_length()
        low = difference if difference >= 0 else difference + (1 << size) - 1
        written.append(f"{size:05b}" + (f"{low:0{size}b}" if size else ""))
    text = "".join(written)
    text += "1" * (-len(text) % 8)
    coded = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")

    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body

    shape = bytes([bits]) + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    frame = b"".join(bytes([number + 1, 0x11, 0]) for number in range(parts))
    scan = b"".join(bytes([number + 1, 0]) for number in range(parts))
    counts = bytes([0, 0, 0, 0, 17, *[0] * 11])
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xC3, shape + bytes([parts]) + frame),
            segment(0xC4, b"\0" + counts + bytes(range(17))),
            segment(0xDA, bytes([parts]) + scan + bytes([predictor, 0, 0])),
            coded,
            b"\xff\xd9",
        ]
    )


def write_encoded_cine(path: Path, syntax: UID, frames: list[bytes], like: Path) -> Path:
    """The instance `like` with other encoded frames, in another transfer syntax."""
    dataset = pydicom.dcmread(like)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.NumberOfFrames = len(frames)
    dataset.save_as(path, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return path


def write_fragments(path: Path, items: list[bytes], offsets: list[int]) -> Path:
    """Put these items, behind this table of offsets, into an encapsulated DICOM file."""
    dataset = pydicom.dcmread(path)
    table = b"".join(offset.to_bytes(4, "little") for offset in offsets)
    parts = [
        b"\xfe\xff\x00\xe0" + len(item).to_bytes(4, "little") + item for item in (table, *items)
    ]
    dataset.PixelData = b"".join(parts)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    return path
