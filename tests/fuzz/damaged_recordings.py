"""Damaged recordings: each is opened and read, and must end in pictures or an `InputError`.

``python3 dev.py fuzz --minutes N`` (no part of the gate) writes recordings of many kinds, damages a
copy of one in one to four places, and has a child process open it, look for the sector, read all of
it and seek in it. A crash of the process, any other exception, more than `LONGEST_S` for one file
and more than `MOST_BYTES` of memory are findings; each names the number with which ``--only`` makes
the same file again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from pydicom.uid import (
    MPEG4HP41,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.builders import write_dicom_cine, write_dicom_video, write_study, write_video
from usummary.analysis.sector import find_region
from usummary.errors import InputError
from usummary.readers import open_exam

LONGEST_S = 20.0
MOST_BYTES = 2 << 30
_MOST_FRAMES = 200
_LARGEST = 400_000
_WORDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1")


def write_sources(folder: Path, cases: Path | None) -> list[Path]:
    """Sound recordings of many kinds, and the small ones of `cases`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, options in {
        "a.mp4": {},
        "a.mkv": {},
        "a.ts": {},
        "a.mov": {"bframes": 0},
        "a.avi": {"codec": "mpeg4", "bframes": 0},
        "a.mpg": {"codec": "mpeg2video"},
        "a.webm": {"codec": "libvpx", "bframes": 0},
        "b.mkv": {"codec": "ffv1"},
        "b.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
        "a.h264": {},
        "h265.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    }.items():
        write_video(folder / name, n=16, **options)
    for syntax in (
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEGBaseline8Bit,
        JPEGLSLossless,
        JPEG2000Lossless,
    ):
        photometric = "MONOCHROME2" if syntax == ExplicitVRBigEndian else "RGB"
        write_dicom_cine(folder / f"{syntax}.dcm", syntax, n=4, photometric=photometric)
    stream = write_video(folder / "inside.h264", n=12)
    write_dicom_video(folder / "video.dcm", MPEG4HP41, stream)
    write_study(folder / "study", cines=2, frames=4, stills=1)
    given = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    more = sorted(cases.rglob("*")) if cases is not None else []
    return given + [p for p in more if p.is_file() and p.suffix != ".md" and _is_small(p)]


def _is_small(path: Path) -> bool:
    return 0 < path.stat().st_size <= _LARGEST


def damaged(data: bytes, draw: random.Random) -> bytes:
    """`data` altered in one to four places; headers at the front and back more often."""
    altered = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        size = len(altered)
        if size < 8:
            break
        near = draw.choice((size, min(size, 1200), min(size, 4000)))
        at = draw.randrange(near) if draw.random() < 0.8 else size - 1 - draw.randrange(near)
        length = draw.randint(1, 64)
        kind = draw.randrange(7)
        if kind == 0:
            altered[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            altered[at : at + 4] = draw.choice(_WORDS)
        elif kind == 2:
            altered[at : at + length] = draw.randbytes(length)
        elif kind == 3:
            del altered[at : at + length]
        elif kind == 4:
            altered[at:at] = draw.randbytes(length)
        elif kind == 5:
            altered[at:at] = altered[at : at + length * 16]
        else:
            del altered[max(at, 64) :]
    return bytes(altered)


def read_through(path: Path) -> str:
    """What came of a file: ``read``, or the kind of its error."""
    try:
        with open_exam(path) as exam:
            for recording in exam.recordings:
                find_region(recording)
                for frame in recording.luma(15.0):
                    if frame.index > _MOST_FRAMES:
                        break
                for _ in recording.frames(0, _MOST_FRAMES):
                    pass
                count = recording.info.frame_count
                for index in {0, count // 2, count // 3, count - 1}:
                    recording.frame(index)
                _ = recording.info.notices
    except InputError as error:
        return type(error).__name__
    return "read"


def _serve(pipe: Connection) -> None:
    """In the child: read what is asked for, until told to stop."""
    import resource

    limit = MOST_BYTES * 3  # a wild allocation fails here and not in the machine's other programs
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while (path := pipe.recv()) is not None:
        try:
            outcome, detail = read_through(path), ""
        except BaseException as error:  # noqa: BLE001 -- whatever it is, it is a finding
            outcome, detail = f"FOUND {type(error).__name__}", traceback.format_exc()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if memory > MOST_BYTES:
            outcome, detail = "FOUND memory", f"{memory / 1e9:.1f} GB"
        pipe.send((outcome, detail, memory))


@dataclass
class Child:
    """A process that reads damaged files; started anew when it ended or was ended."""

    process: multiprocessing.process.BaseProcess | None = None
    pipe: Connection | None = field(default=None, repr=False)

    def read(self, path: Path) -> tuple[str, str, int]:
        """Outcome, details and largest memory so far."""
        if self.process is None or not self.process.is_alive():
            context = multiprocessing.get_context("spawn")
            self.pipe, other = context.Pipe()
            self.process = context.Process(target=_serve, args=(other,), daemon=True)
            self.process.start()
            other.close()
        assert self.pipe is not None
        self.pipe.send(path)
        try:
            if self.pipe.poll(LONGEST_S + (10 if not self._is_warm else 0)):
                self._is_warm = True
                outcome = self.pipe.recv()
                if outcome[0] == "FOUND memory":
                    self.end()
                return outcome
        except EOFError:
            self.process.join()
            code = self.process.exitcode
            self.end()
            return "FOUND crash", f"exit code {code}", 0
        self.end()
        return "FOUND hang", f"more than {LONGEST_S:.0f} s", 0

    _is_warm: bool = False

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
        self.process, self._is_warm = None, False


def copies(
    sources: list[Path], seed: int, numbers: Iterator[int]
) -> Iterator[tuple[int, Path, bytes]]:
    """Number, source, and bytes of each damaged copy; all follow from seed and number."""
    for number in numbers:
        draw = random.Random(f"{seed} {number}")
        source = draw.choice(sources)
        yield number, source, damaged(source.read_bytes(), draw)


def main(arguments: list[str]) -> int:
    """Damage and read until the time or the count is over; 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="this number alone; its file is kept and named")
    options = parser.parse_args(arguments)
    ends = time.monotonic() + options.minutes * 60
    numbers = range(options.count) if options.only is None else [options.only]
    outcomes: Counter[str] = Counter()
    most = 0
    child = Child()
    shared = Path(__file__).resolve().parents[3] / "shared" / "cases"
    folder = Path(tempfile.mkdtemp(prefix="damaged-"))
    sources = write_sources(folder / "sources", shared if shared.is_dir() else None)
    for number, source, data in copies(sources, options.seed, iter(numbers)):
        if time.monotonic() > ends:
            break
        path = folder / f"copy{source.suffix}"
        path.write_bytes(data)
        outcome, detail, memory = child.read(path)
        outcomes[outcome] += 1
        most = max(most, memory)
        if outcome.startswith("FOUND"):
            last = detail.strip().splitlines()[-6:]
            print(f"{outcome} in number {number} of {source.name}:", *last, sep="\n  ", flush=True)  # noqa: T201
        if options.only is not None:
            print(f"{path}: {outcome}\n{detail}")  # noqa: T201
            return 0
        path.unlink(missing_ok=True)
    child.end()
    print(f"{outcomes.total()} damaged copies of {len(sources)} files, seed {options.seed}:")  # noqa: T201
    for outcome, count in outcomes.most_common():
        print(f"  {count:6} {outcome}")  # noqa: T201
    print(f"  largest memory {most / 1e9:.2f} GB")  # noqa: T201
    return int(any(outcome.startswith("FOUND") for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
