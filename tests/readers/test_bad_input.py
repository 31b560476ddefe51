"""Files that cannot be used, or only in part: plain words, and nothing worse."""

from __future__ import annotations

import os

import av
import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    RLELossless,
)

from tests.builders import (
    blank_packet,
    dicom_dataset,
    read_code,
    write_dicom_cine,
    write_video,
)
from usummary.errors import UnreadableFile, UnsupportedEncoding
from usummary.readers import open_exam


def test_a_missing_file(tmp_path):
    with pytest.raises(UnreadableFile, match="There is no file or folder"):
        open_exam(tmp_path / "nowhere.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.dcm", "a"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(UnreadableFile, match="is empty"):
        open_exam(tmp_path / name)


@pytest.mark.parametrize("name", ["notes.mp4", "notes.avi", "notes.mkv", "notes.txt"])
def test_a_text_with_another_name(tmp_path, name):
    path = tmp_path / name
    path.write_text("A recording this is not.\n" * 100)
    with pytest.raises(UnreadableFile, match=r"no video|is a text"):
        open_exam(path)


def test_a_text_called_dcm(tmp_path):
    path = tmp_path / "notes.dcm"
    path.write_text("A recording this is not.\n" * 100)
    with pytest.raises(UnreadableFile, match="no DICOM file"):
        open_exam(path)


def test_sound_only(tmp_path):
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 8000), np.int16), format="s16", layout="mono"
        )
        frame.sample_rate = 8000
        output.mux(stream.encode(frame))
    with pytest.raises(UnreadableFile, match="holds no video"):
        open_exam(path)


def test_an_mp4_cut_off_before_its_index(tmp_path):
    path = write_video(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(UnreadableFile, match="cut off before its index was written"):
        open_exam(path)


def test_an_mp4_with_its_index_first_is_used_as_far_as_it_goes(tmp_path):
    path = write_video(tmp_path / "cut.mp4", mux_options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:-800])
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        count = recording.info.frame_count
        assert 10 < count < 40
        assert "cut off" in exam.notices[0]
        codes = [read_code(frame.pixels) for frame in recording.frames()]
        assert len(codes) == count
        assert codes[:10] == list(range(10))


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4", "libx264"])
def test_a_truncated_avi_works_to_its_end(tmp_path, codec):
    path = write_video(
        tmp_path / "cut.avi",
        codec=codec,
        bframes=0,
        pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p",
    )
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        assert "cut off" in exam.notices[0]
        count = recording.info.frame_count
        assert 5 < count < 40
        codes = [read_code(frame.pixels) for frame in recording.frames()]
        assert codes[: count - 1] == list(range(count - 1))
        assert len(codes) == count


def test_damage_in_the_middle_is_stepped_over(tmp_path):
    path = write_video(tmp_path / "scratched.mkv", n=60, bframes=0)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = os.urandom(300)
    path.write_bytes(data)
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        count = recording.info.frame_count
        frames = list(recording.frames())
        assert [frame.index for frame in frames] == list(range(count))
        assert read_code(frames[5].pixels) == 5
        assert read_code(recording.frame(count - 1).pixels) == read_code(frames[-1].pixels)
        list(recording.luma(15))


def test_a_packet_that_cannot_be_decoded_shows_the_picture_before_and_a_notice(tmp_path):
    path = write_video(tmp_path / "a.avi", codec="mjpeg", pixel_format="yuvj420p")
    blank_packet(path, 20)
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        assert recording.info.frame_count == 40
        assert recording.info.notices == ()
        codes = [read_code(frame.pixels) for frame in recording.frames()]
        assert codes == [*range(20), 19, *range(21, 40)]
        assert read_code(recording.frame(20).pixels) == 19
        assert "Damaged" in recording.info.notices[0]
        assert [frame.index for frame in recording.luma()] == [*range(20), *range(21, 40)]


def test_a_codec_without_decoder_is_named(tmp_path):
    path = write_video(tmp_path / "a.avi", codec="mjpeg", pixel_format="yuvj420p")
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"QZX7"))
    with pytest.raises(UnsupportedEncoding, match="QZX7"):
        open_exam(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read(tmp_path):
    path = write_video(tmp_path / "locked.mp4")
    path.chmod(0)
    with pytest.raises(UnreadableFile, match="may not be read"):
        open_exam(path)


def test_dicom_without_pixels(tmp_path):
    dicom_dataset().save_as(tmp_path / "report.dcm", enforce_file_format=True)
    with pytest.raises(UnreadableFile, match="without pictures"):
        open_exam(tmp_path / "report.dcm")


def test_a_single_picture_alone(tmp_path):
    path = write_dicom_cine(tmp_path / "still.dcm", n=1)
    with pytest.raises(UnreadableFile, match=r"single picture.*freeze-frames"):
        open_exam(path)


@pytest.mark.parametrize("syntax", [HTJ2KLossless, "1.2.3.4.5.6"])
def test_an_unsupported_transfer_syntax_is_named(tmp_path, syntax):
    path = write_dicom_cine(tmp_path / "cine.dcm", RLELossless, n=2)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(path, enforce_file_format=True, implicit_vr=False, little_endian=True)
    with pytest.raises(UnsupportedEncoding, match=str(syntax).replace(".", r"\.")):
        open_exam(path)


def test_a_cine_cut_off_is_used_as_far_as_it_goes(tmp_path):
    path = write_dicom_cine(tmp_path / "cine.dcm", ExplicitVRLittleEndian, n=10)
    path.write_bytes(path.read_bytes()[: -3 * 160 * 96 * 3 - 5])
    with open_exam(path) as exam:
        assert exam.recordings[0].info.frame_count == 6
        assert "fewer pictures" in exam.notices[0]
        assert [read_code(f.pixels) for f in exam.recordings[0].frames()] == list(range(6))


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("name", ["a.mp4", "b.mkv"])
def test_very_short_recordings(tmp_path, n, name):
    with open_exam(write_video(tmp_path / name, n=n)) as exam:
        recording = exam.recordings[0]
        assert recording.info.frame_count == n
        assert recording.info.duration_s == pytest.approx(n / 30, abs=0.002)
        assert [read_code(f.pixels) for f in recording.frames()] == list(range(n))
        assert [f.index for f in recording.luma(15)][-1] == n - 1


def test_two_by_two_pixels(tmp_path):
    pictures = [np.full((2, 2, 3), 20 * i, np.uint8) for i in range(5)]
    with open_exam(write_video(tmp_path / "tiny.mp4", pictures=pictures)) as exam:
        recording = exam.recordings[0]
        assert (recording.info.width, recording.info.height) == (2, 2)
        assert [f.pixels.shape for f in recording.frames()] == [(2, 2, 3)] * 5
        assert [f.pixels.shape for f in recording.luma()] == [(2, 2)] * 5


def test_all_black(tmp_path):
    pictures = [np.zeros((48, 64, 3), np.uint8)] * 12
    with open_exam(write_video(tmp_path / "black.mp4", pictures=pictures)) as exam:
        assert all(f.pixels.max() <= 2 for f in exam.recordings[0].frames())


def test_pictures_that_change_size_keep_the_first_one(tmp_path):
    path = tmp_path / "a.ts"
    parts = [
        write_video(tmp_path / f"{i}.ts", n=10, size=s)
        for i, s in enumerate([(160, 96), (320, 192)])
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with open_exam(path) as exam:
        frames = list(exam.recordings[0].frames())
        assert {f.pixels.shape for f in frames} == {(96, 160, 3)}
        assert read_code(frames[0].pixels) == 0


def test_no_message_tells_the_patients_name(tmp_path):
    path = write_dicom_cine(tmp_path / "still.dcm", n=1, PatientName="Secret^Name")
    with pytest.raises(UnreadableFile) as caught:
        open_exam(path)
    assert "Secret" not in str(caught.value)


def test_a_description_that_is_no_text_does_not_matter(tmp_path):
    path = write_video(tmp_path / "a.mp4", n=4)
    data = path.read_bytes()
    assert data.count(b"Lavf") >= 1
    path.write_bytes(data.replace(b"Lavf", b"La\xff\xfe"))
    with open_exam(path) as exam:
        assert exam.recordings[0].info.frame_count == 4
