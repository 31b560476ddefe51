"""Bad input ends in a sentence, killed runs leave nothing broken: through the command line."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from tests.builders import dicom_dataset, write_video
from tests.e2e.inputs import black, cut, make_video, speckle
from usummary import cli, paths

COMMAND = [sys.executable, "-m", "usummary", "summarize"]
JPIP_REFERENCED = UID("1.2.840.10008.1.2.4.94")
pytestmark = pytest.mark.usefixtures("signal_handlers")
posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")


@pytest.fixture
def summarize(capsys):
    """Summarise in this process; exit code, stdout, stderr without the progress lines."""

    def run(path, out, *options):
        with pytest.raises(SystemExit) as end:
            cli.main(["summarize", str(path), "--out", str(out), *map(str, options)])
        shown, said = capsys.readouterr()
        said = "\n".join(line for line in said.splitlines() if line.startswith("usummary"))
        return end.value.code or 0, shown, said

    return run


def empty(folder):
    (folder / "exam.mp4").touch()
    return folder / "exam.mp4"


def text(folder):
    (folder / "exam.mp4").write_text("no video\n" * 1000)
    return folder / "exam.mp4"


def truncated_mp4(folder):
    write_video(folder / "exam.mp4")
    return cut(folder / "exam.mp4", 0.6)


def without_pixels(folder):
    dicom_dataset().save_as(folder / "exam.dcm", enforce_file_format=True)
    return folder / "exam.dcm"


def unknown_encoding(folder):
    values = {"Rows": 16, "Columns": 16, "SamplesPerPixel": 1, "NumberOfFrames": 3, "FrameTime": 40}
    depth = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0}
    shown = {"PhotometricInterpretation": "MONOCHROME2", "PixelData": encapsulate([bytes(64)] * 3)}
    dataset = dicom_dataset(JPIP_REFERENCED, **values, **depth, **shown)
    dataset["PixelData"].VR = "OB"
    dataset.save_as(folder / "exam.dcm", enforce_file_format=True)
    return folder / "exam.dcm"


def empty_folder(folder):
    (folder / "exam").mkdir()
    return folder / "exam"


def single_picture(folder):
    return make_video(folder / "exam.mp4", speckle(96, 72, 99), 1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (empty, "is empty"),
        (text, "no video"),
        (truncated_mp4, "cut off"),
        (without_pixels, "without pictures"),
        (unknown_encoding, "JPIP"),
        (empty_folder, "no recording"),
        (single_picture, "single picture"),
    ],
)
def test_bad_input_is_told_in_a_sentence(summarize, tmp_path, make, words):
    path = make(tmp_path)
    code, shown, said = summarize(path, tmp_path / "out")
    assert code == 3
    assert words in said
    assert "exam" in said
    assert shown == ""
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read every folder")
def test_an_unreadable_folder_is_told_in_a_sentence(summarize, tmp_path):
    folder = empty_folder(tmp_path)
    folder.chmod(0)
    code, _, said = summarize(folder, tmp_path / "out")
    folder.chmod(0o700)
    assert code == 3
    assert "exam" in said


def truncated_avi(folder):
    path = make_video(folder / "exam.avi", speckle(96, 72, 99), 60, codec="mpeg4")
    return cut(path, 0.6), "cut off"


def seven_frames(folder):
    return make_video(folder / "sieben Bilder äöü 胎児.mp4", speckle(96, 72, 99), 7), "only"


def two_by_two(folder):
    return make_video(folder / "exam.avi", speckle(2, 2, 99), 30, codec="ffv1"), "cut to it"


def all_black(folder):
    return make_video(folder / "exam.mp4", black(96, 72), 60), "cut to it"


def assert_whole(out: Path) -> None:
    """Every artefact that the record names is there with its hash, and the reel plays."""
    record = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    for artefact in record["artefacts"]:
        data = (out / artefact["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == artefact["sha256"], artefact["path"]
    with av.open(str(out / "summary.mp4")) as reel:
        assert sum(1 for _ in reel.decode(video=0)) > 0


@pytest.mark.parametrize("make", [truncated_avi, seven_frames, two_by_two, all_black])
def test_odd_input_gives_a_result_and_a_notice(summarize, tmp_path, make):
    path, notice = make(tmp_path)
    before = path.read_bytes()
    code, shown, said = summarize(path, tmp_path / "out")
    assert code == 0, said
    assert notice in shown.lower()
    assert_whole(tmp_path / "out")
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == sorted([path, tmp_path / "out"])


def test_a_model_with_one_byte_changed_is_refused(summarize, tmp_path):
    model = shutil.copytree(paths.models_dir() / "3dst-unet-rl", tmp_path / "model")
    weights = bytearray((model / "weights.safetensors").read_bytes())
    weights[-100] ^= 1
    (model / "weights.safetensors").write_bytes(weights)
    path = make_video(tmp_path / "exam.mp4", speckle(96, 72, 99), 30)
    code, _, said = summarize(path, tmp_path / "out", "--model", model)
    assert code == 4
    assert "weights.safetensors" in said
    assert sorted(tmp_path.iterdir()) == [path, model]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that not even root can fill")
def test_a_folder_that_takes_no_files_is_told_before_the_work(summarize, tmp_path):
    code, _, said = summarize(tmp_path / "not even opened.mp4", "/proc/summary")
    assert code == 5
    assert "/proc/summary" in said


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
    """75 s, still after 8 s: long enough for two parts of features, quick to go through."""
    return make_video(tmp_path_factory.mktemp("exam") / "exam.mp4", speckle(96, 72, 120), 1125)


def limit_files():
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))


@posix
def test_a_full_disk_leaves_nothing(exam, tmp_path, tmp_path_factory):
    # once without the limit: kernels and features are then kept, and only the export writes
    earlier = tmp_path_factory.mktemp("earlier") / "out"
    subprocess.run([*COMMAND, exam, "--out", earlier], check=True, capture_output=True, timeout=120)
    result = subprocess.run(
        [*COMMAND, exam, "--out", tmp_path / "out"],
        preexec_fn=limit_files,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 5, result.stderr
    assert f"written to {tmp_path / 'out'}. The disk is full" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def end_at(line: str, number: int, command: list, wait_for=lambda: True) -> tuple[int, str]:
    """Run a command and send it a signal once it says `line`; exit code, what it said after."""
    with subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True) as process:
        for said in process.stderr:
            if said.strip() == line:
                break
        else:
            pytest.fail(f'the command ended without saying "{line}"')
        give_up = time.monotonic() + 60
        while not wait_for() and time.monotonic() < give_up:
            time.sleep(0.01)
        process.send_signal(number)
        rest = process.stderr.read()
    return process.returncode, rest


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_says_so_and_leaves_nothing(exam, tmp_path, number, code):
    command = [*COMMAND, exam, "--out", tmp_path / "new" / "out"]
    ended, rest = end_at("Writing: started", number, command)
    assert ended == code
    assert rest.splitlines()[-1] == "Cancelled, nothing was written."
    assert list(tmp_path.iterdir()) == []


def kept_parts() -> dict[Path, int]:
    """Finished features on disk with the time they were written."""
    root = paths.cache_dir() / "features"
    return {path: path.stat().st_mtime_ns for path in root.glob("*/0*.npz")}


@posix
def test_killed_at_any_moment_the_next_run_completes(exam, tmp_path):
    shutil.rmtree(paths.cache_dir() / "features", ignore_errors=True)
    before = exam.read_bytes()
    out = tmp_path / "out"
    command = [*COMMAND, exam, "--out", out]
    end_at("Reading: started", signal.SIGKILL, command)
    end_at("Features: started", signal.SIGKILL, command, wait_for=kept_parts)
    first = kept_parts()
    for stage in ("Scoring", "Selecting", "Writing"):
        end_at(f"{stage}: started", signal.SIGKILL, command)
        assert not out.exists()
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert first
    assert first.items() <= kept_parts().items()
    assert_whole(out)
    assert list(tmp_path.iterdir()) == [out]
    assert exam.read_bytes() == before

    end_at("Writing: started", signal.SIGKILL, [*command, "--overwrite"])
    assert_whole(out)
