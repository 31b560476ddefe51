"""Whole exams: time against only decoding them, memory, and what a person waits for."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

from benchmarks import inputs
from benchmarks.rows import Row

SEEKS = 25


def run(work: Path, *, long: bool) -> list[Row]:
    """Rows for a ten-minute exam, and with `long` for one of 65 minutes (ten minutes more)."""
    ten = inputs.ten_minutes(work)
    decode_s = decode_everything(ten)
    short = in_fresh_process(ten, export=True)
    rows = [
        Row(
            "10-minute exam, opening to selection",
            f"{short['selected_s']:.1f} s = {short['selected_s'] / decode_s:.2f} times",
            "at most 1.4 times",
            f"decoding every frame: {decode_s:.1f} s",
        ),
        Row(
            "the same with reel, clips, stills, report",
            f"{short['exported_s']:.1f} s = {short['exported_s'] / decode_s:.2f} times",
            "at most 1.8 times",
            f"decoding every frame: {decode_s:.1f} s",
        ),
        Row("peak memory, 10-minute exam", f"{short['peak_mb']:.0f} MB", "", ""),
        *opening(inputs.sixty_five_minutes(work)),
        help_text(),
    ]
    if long:
        rows += long_exam(inputs.sixty_five_minutes(work), short["peak_mb"])
    return rows


def long_exam(path: Path, short_mb: float) -> list[Row]:
    """Memory of a 65-minute exam, and choosing another length for it."""
    result = in_fresh_process(path, export=True)
    return [
        Row(
            "peak memory, 65-minute exam",
            f"{result['peak_mb']:.0f} MB",
            "at most 1,500 MB and 1.15 times the 10-minute one",
            f"10-minute exam: {short_mb:.0f} MB, {result['peak_mb'] / short_mb:.2f} times",
        ),
        Row(
            "another length for a 65-minute exam",
            f"{result['reselect_ms']:.1f} ms",
            "50 ms",
            f"whole analysis: {result['selected_s']:.0f} s",
        ),
    ]


def decode_everything(path: Path) -> float:
    """Seconds PyAV needs for every frame of a file with all its threads, nothing else done."""
    began = time.perf_counter()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for _ in container.decode(stream):
            pass
    return time.perf_counter() - began


def opening(path: Path) -> list[Row]:
    """Opening a long recording to its first frame, and exact seeks within it."""
    import random

    from usummary.readers import open_exam

    began = time.perf_counter()
    exam = open_exam(path)
    exam.recordings[0].frame(0)
    first_s = time.perf_counter() - began
    recording = exam.recordings[0]
    _ = recording.times_s
    chosen = random.Random(1).sample(range(recording.info.frame_count), SEEKS)
    seeks = []
    for index in chosen:
        began = time.perf_counter()
        recording.frame(index)
        seeks.append(time.perf_counter() - began)
    exam.close()
    return [
        Row("65-minute mp4 to its first frame", f"{first_s:.2f} s", "1 s", ""),
        Row(
            "exact seek, GOP 250",
            f"median {statistics.median(seeks):.2f} s",
            "median 0.4 s",
            f"{SEEKS} random frames, slowest {max(seeks):.2f} s",
        ),
    ]


def help_text() -> Row:
    """Start-up of the command line."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "usummary", "--help"], check=True, stdout=subprocess.DEVNULL
        )
        times.append(time.perf_counter() - began)
    return Row("usummary --help", f"{statistics.median(times):.2f} s", "0.5 s", "median of 5")


def in_fresh_process(path: Path, *, export: bool) -> dict[str, float]:
    """`measure` in a process and with a feature cache of its own.

    What is made once per machine is there already: converted networks, the list of fonts.
    """
    with tempfile.TemporaryDirectory() as folder:
        for made_once in ("usummary/openvino", "matplotlib"):
            kept = Path.home() / ".cache" / made_once
            if kept.is_dir():
                shutil.copytree(kept, Path(folder) / made_once)
        command = [sys.executable, "-m", "benchmarks.exam", str(path), folder]
        done = subprocess.run(
            [*command, "export"] if export else command,
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "XDG_CACHE_HOME": folder},
            text=True,
        )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(path: Path, out: Path | None) -> dict[str, float]:
    """Seconds from opening to the selection and to the last artefact, and peak memory."""
    from usummary import export, pipeline, readers

    began = time.perf_counter()
    with readers.open_exam(path) as exam:
        analysis = pipeline.analyse(exam)
        summary = pipeline.select(analysis, "15%")
        result = {"selected_s": time.perf_counter() - began}
        if out is not None:
            export.export_summary(exam, summary, out)
            result["exported_s"] = time.perf_counter() - began
    reselected = time.perf_counter()
    pipeline.select(analysis, "20%")
    result["reselect_ms"] = (time.perf_counter() - reselected) * 1000
    result["peak_mb"] = peak_mb()
    return result


def peak_mb() -> float:
    """Largest resident memory of this process so far (Linux: its parent's does not count)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell the peak memory of a process")


if __name__ == "__main__":
    target = Path(sys.argv[2]) / "summary" if sys.argv[3:] == ["export"] else None
    print(json.dumps(measure(Path(sys.argv[1]), target)))
