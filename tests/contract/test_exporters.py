"""What every exporter keeps to, over exams of every awkward shape."""

import hashlib
import json
from pathlib import Path

import av
import cv2
import jsonschema
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from tests.export.exams import (
    DrawnRecording,
    even_times,
    make_exam,
    make_summary,
    sector,
    shot,
    small_case,
    whole,
)
from usummary import paths
from usummary.export import ExportOptions, export_summary
from usummary.progress import Cancelled

EXPORTERS = {
    "reel": "summary.mp4",
    "clips": "clips/",
    "stills": "keyframes/",
    "contact_sheet": "contact_sheet.",
    "report": "report.pdf",
}


def only(*wanted: str, **others: bool) -> ExportOptions:
    return ExportOptions(**{name: name in wanted for name in EXPORTERS}, **others)


def _case(size, times, spans, *, grey=False, region=sector):
    exam = make_exam(DrawnRecording("exam.mp4", size, times, grey=grey))
    shots = [shot(exam, start, end, plane="Lips") for start, end in spans]
    return exam, make_summary(exam, shots, [region(*size)])


def _study():
    """Two recordings of different sizes."""
    exam = make_exam(
        DrawnRecording("one.dcm", (320, 240), even_times(40)),
        DrawnRecording("two.dcm", (200, 100), even_times(30, 10.0)),
    )
    shots = [shot(exam, 5, 25, plane="3VV"), shot(exam, 10, 30, recording=1)]
    return exam, make_summary(exam, shots, [sector(320, 240), sector(200, 100)])


_UNEVEN = [float(time) for time in np.cumsum([0, 0.04, 0.5, 0.01, 0.2, 0.033, 0.033, 1.7, 0.04])]

CASES = {
    "plain": small_case,
    "two recordings": _study,
    "uneven times": lambda: _case((160, 120), _UNEVEN, [(0, 3), (3, 9)]),
    "odd size": lambda: _case((321, 243), even_times(20), [(0, 20)]),
    # Grey, because H.264 keeps one colour for two by two pixels.
    "two by two pixels": lambda: _case((2, 2), even_times(10), [(2, 6)], grey=True, region=whole),
    "grey": lambda: _case((160, 120), even_times(20), [(3, 9)], grey=True),
    "one frame": lambda: _case((160, 120), [0.0], [(0, 1)]),
    "no sector": lambda: _case((160, 120), even_times(20), [(0, 20)], region=whole),
}


@pytest.fixture(params=sorted(CASES))
def case(request):
    return CASES[request.param]()


def truth(exam, summary, shot, index):
    """A frame as it must be exported: RGB, black outside the sector."""
    pixels = exam.recordings[shot.recording].frame(index).pixels
    picture = pixels.copy() if pixels.ndim == 3 else np.dstack([pixels] * 3)
    box = summary.analysis.regions[shot.recording].box
    picture[:, : box.x0] = 0
    return picture


def decoded(path: Path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        times = [float(frame.pts * stream.time_base) for frame in frames]
        return times, [frame.to_ndarray(format="rgb24") for frame in frames]


def part_of(picture, meant, largest):
    """The part of a video picture in which `meant` stands, in the size of `meant`."""
    scale = min(largest[0] / meant.shape[1], largest[1] / meant.shape[0])
    width, height = round(meant.shape[1] * scale), round(meant.shape[0] * scale)
    x, y = (largest[0] - width) // 2, (largest[1] - height) // 2
    return cv2.resize(picture[y : y + height, x : x + width], meant.shape[1::-1])


def assert_shows(path, exam, summary, shots):
    """A video shows exactly these shots: every frame, at its time, with its picture."""
    times, pictures = decoded(path)
    infos = [exam.recordings[shot.recording].info for shot in summary.key_shots]
    # Mean over the picture: compression changes single pixels, another frame all of them.
    tolerance = 8 if infos[0].width > 2 else 24
    largest = max(info.width for info in infos), max(info.height for info in infos)
    position, begin = 0, 0.0
    for one in shots:
        for index in range(one.start_frame, one.end_frame):
            meant = truth(exam, summary, one, index)
            seen = part_of(pictures[position], meant, largest)
            assert np.abs(seen.astype(int) - meant).mean() < tolerance, (path.name, position)
            since = exam.time_of(one.recording, index) - one.start_s
            assert times[position] == pytest.approx(begin + since, abs=2e-4)
            position += 1
        begin += max(one.duration_s, 0.04)
    assert position == len(pictures)


def test_everything_is_written_and_right(case, tmp_path):
    exam, summary = case
    files = export_summary(exam, summary, tmp_path / "out")

    assert sorted(tmp_path.rglob("*.*")) == sorted(files)
    record = json.loads((tmp_path / "out/summary.json").read_text())
    schema = json.loads((paths.resources_dir() / "schema/summary.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(record)
    for artefact in record["artefacts"]:
        data = (tmp_path / "out" / artefact["path"]).read_bytes()
        assert len(data) == artefact["bytes"]
        assert hashlib.sha256(data).hexdigest() == artefact["sha256"]
    assert len(record["artefacts"]) + 1 == len(files)

    assert_shows(tmp_path / "out/summary.mp4", exam, summary, summary.key_shots)
    selected = [entry for entry in record["shots"] if entry["selected"]]
    for entry, one in zip(selected, summary.key_shots, strict=True):
        assert_shows(tmp_path / "out" / entry["clip"], exam, summary, [one])
        still = np.asarray(Image.open(tmp_path / "out" / entry["still"]))
        assert np.array_equal(still, truth(exam, summary, one, one.key_frame))
    for name in ("report.pdf", "contact_sheet.pdf"):
        with pypdfium2.PdfDocument(tmp_path / "out" / name) as document:
            assert len(document) == 1


@pytest.mark.parametrize("name", EXPORTERS)
def test_only_what_is_wanted(name, tmp_path):
    files = export_summary(*small_case(), tmp_path / "out", only(name))
    names = {path.relative_to(tmp_path / "out").as_posix() for path in files} - {"summary.json"}
    assert names
    assert all(path.startswith(EXPORTERS[name]) for path in names)


@pytest.mark.parametrize("name", EXPORTERS)
@pytest.mark.parametrize("stop", [Cancelled, KeyboardInterrupt])
def test_stopped_leaves_nothing(name, stop, tmp_path):
    def report(progress):
        if progress.fraction > 0:
            raise stop

    exam = make_exam(DrawnRecording("exam.mp4", (640, 480), even_times(400)))
    summary = make_summary(exam, [shot(exam, 0, 400)], [sector(640, 480)])
    with pytest.raises(stop):
        export_summary(exam, summary, tmp_path / "new" / "out", only(name), report)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", EXPORTERS)
def test_nothing_selected(name, tmp_path):
    exam, summary = small_case()
    empty = make_summary(exam, [shot(exam, 0, 9, selected=False)], summary.analysis.regions)
    export_summary(exam, empty, tmp_path / "out", only(name))
    record = json.loads((tmp_path / "out/summary.json").read_text())
    assert any("No key shot" in notice for notice in record["notices"])
    assert not (tmp_path / "out/summary.mp4").exists()


@pytest.mark.parametrize("name", EXPORTERS)
def test_says_research_use_and_hides_names(name, tmp_path):
    exam, summary = small_case(notices=("/scans/Jane Doe.mp4 is truncated.", "Simulated exam."))
    files = export_summary(exam, summary, tmp_path / "out", only(name))
    for path in files[:-1]:
        data = path.read_bytes()
        assert b"Jane" not in data
        text = data.decode("latin-1")
        if path.suffix == ".pdf":
            with pypdfium2.PdfDocument(path) as document:
                text = document[0].get_textpage().get_text_bounded()
                text += str(document.get_metadata_dict())
                assert "Jane" not in text
        assert "Research use only" in text


def test_progress_is_reported_in_time_and_never_falls(tmp_path):
    reports = []
    exam, summary = small_case()
    export_summary(exam, summary, tmp_path / "out", progress=reports.append)
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[0] < 0.1
    assert fractions[-1] == 1.0
    assert {report.stage for report in reports} == {"exporting"}


def test_unmasked_only_when_asked(tmp_path):
    exam, summary = small_case()
    export_summary(exam, summary, tmp_path / "out", only("stills", "reel", mask=False))
    one = summary.key_shots[0]
    still = next((tmp_path / "out/keyframes").glob("shot001*"))
    source = exam.recordings[0].frame(one.key_frame).pixels
    assert np.array_equal(np.asarray(Image.open(still)), source)
    record = json.loads((tmp_path / "out/summary.json").read_text())
    assert record["export"]["masked"] is False
    assert any("may show patient data" in notice for notice in record["notices"])
