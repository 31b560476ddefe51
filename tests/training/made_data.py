"""A tiny data folder of the shape that training expects, drawn here."""

import csv
import gzip

import av
import cv2
import numpy as np
import torch

from usummary.networks.i3d import SONONET_CLASSES, SonoNet2D
from usummary.networks.st3d import ST3D, ST3DConfig
from usummary.networks.weights import Training, save_model
from usummary.training.composing.pictures import EXAMPLES, RealCourse

LUNG = {
    "Reg_pat1Image_1.mp4": "charlotte",
    "Reg_pat3Image_1.mp4": "charlotte",
    "Cov_alines.mp4": "https://example.org/articles/10.1186/s13089-020-00177-4#author",
    "Vir_file.mp4": "https://example.org/articles/10.1186/2036-7902-4-16",
}
OPERATORS = (1, 6, 13, 14)
"""One of the test part, one of the validation part, two of the training part."""

PLANES = (
    ("Fetal brain", "Trans-thalamic"),
    ("Fetal abdomen", "Not A Brain"),
    ("Other", "Not A Brain"),
    ("Maternal cervix", "Not A Brain"),
    ("Fetal brain", "Trans-cerebellum"),
    ("Fetal brain", "Trans-ventricular"),
    ("Fetal thorax", "Not A Brain"),
)
"""What every made patient has a still of."""

LABELS = (
    *[""] * 30,
    *["Other"] * 40,
    *["Abdominal"] * 90,
    *["Brain (Tv.)"] * 60,
    *[""] * 20,
    *["Femur"] * 60,
)
"""Captions of the half minute that every made timeline lasts, ten a second."""
SAVED = (100, 110, 215)
"""Two saves of the abdomen, the later one of which counts, and one of the brain."""


def make_data(folder):
    """Writes the folder and returns it."""
    root = folder / "ultrasound"
    heads = [f"{number:03}{extra}_HC.png" for number in range(12) for extra in ("", "_2")]
    _pictures(root / "hc18", "heads.csv", "filename", [{"filename": name} for name in heads])
    planes = [
        {
            "file": f"Patient{patient}_{number}.png",
            "patient": str(patient),
            "plane": plane,
            "brain_plane": brain,
            "machine": "Made",
        }
        for patient in range(40)
        for number, (plane, brain) in enumerate(PLANES)
    ]
    _pictures(root / "fetal_planes", "labels.csv", "file", planes)
    clips = root / "lung_clips"
    clips.mkdir()
    _table(clips / "manifest.csv", [{"file": f, "source": s} for f, s in LUNG.items()])
    for name in LUNG:
        write_video(clips / name, frames=40, rate=30)
    examples = root / "sononet" / "examples"
    examples.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for name in EXAMPLES:
        capture = np.full((735, 975), 40, np.uint8)  # the scanner's own bars
        capture[115:734, 81:874] = _view(rng, (619, 793))
        cv2.imwrite(str(examples / f"{name}.png"), capture)
    write_teacher(root / "sononet" / "SonoNet16.npz")
    for operator in OPERATORS:
        _timeline(root / "screening_timelines" / "frames" / f"Operator_{operator}_Novice.csv.gz")
    return folder


def made_timeline(operator="9"):
    """What a made timeline file says, as a value."""
    saved, labels = np.zeros(len(LABELS), bool), list(LABELS)
    for at in SAVED:
        saved[at] = True
        labels[at - 1 : at + 2] = [""] * 3  # a caption vanishes at a save
    doppler = np.zeros(len(LABELS), bool)
    doppler[170:180] = True
    return RealCourse(operator, tuple(labels), saved, doppler)


def write_backbone(folder, seed=0):
    """A tiny backbone with a plane head and random weights, as a model folder."""
    torch.manual_seed(seed)
    net = ST3D(ST3DConfig(height=32, width=48, widths=(4, 4, 8)))
    return save_model(folder, net.eval(), Training("Nothing.", classes=SONONET_CLASSES))


def write_video(path, *, frames, rate):
    """A clip whose brightness rises by 5 with every frame."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            picture = np.full((48, 64, 3), 5 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode(None))


def write_teacher(path, seed=0):
    """Random weights in the layout of ``SonoNet16.npz``."""
    rng = np.random.default_rng(seed)
    arrays = {}
    convs = [m for m in SonoNet2D().modules() if isinstance(m, torch.nn.Conv2d)]
    shapes = [tuple(conv.weight.shape) for conv in convs]
    for number, shape in enumerate(shapes):
        fan = np.prod(shape[1:])
        values = (
            rng.normal(0, np.sqrt(2 / fan), shape),
            rng.normal(0, 0.1, shape[0]),
            np.ones(shape[0]),
            np.zeros(shape[0]),
            np.full(shape[0], 1e-2 if number == 0 else 1.0),
        )
        for place, value in enumerate(values):
            arrays[f"arr_{5 * number + place}"] = value.astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return arrays


def _pictures(folder, table, key, rows):
    (folder / "images").mkdir(parents=True)
    _table(folder / table, rows)
    rng = np.random.default_rng(0)
    for row in rows:
        cv2.imwrite(str(folder / "images" / row[key]), _view(rng, (60, 80)))


def _view(rng, shape):
    """A grey picture of its own, with the grain that keeps a hold from looking frozen."""
    coarse = rng.integers(20, 255, (6, 8)).astype(np.float32)
    grain = 1 + 0.2 * rng.standard_normal(shape)
    return np.clip(cv2.resize(coarse, shape[::-1]) * grain, 0, 255).astype(np.uint8)


def _timeline(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    timeline = made_timeline()
    rows = [
        {"sononet13": label, "collected": str(int(saved)), "doppler": str(int(doppler))}
        for label, saved, doppler in zip(
            timeline.labels, timeline.saved, timeline.doppler, strict=True
        )
    ]
    with gzip.open(path, "wt", newline="") as file:
        _write(file, rows)


def _table(path, rows):
    with path.open("w", newline="") as file:
        _write(file, rows)


def _write(file, rows):
    writer = csv.DictWriter(file, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
