"""Finding the sector: on pictures made from known content, and on real recordings."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.shared_data import SHARED, needs_shared
from usummary.analysis.sector import find_region
from usummary.phantom import Recorder, render
from usummary.phantom.exam import SimulatedExam
from usummary.phantom.planes import PLANES
from usummary.phantom.script import write_script
from usummary.readers import open_exam
from usummary.types import Box, Frame, RecordingInfo


@dataclass
class Pictures:
    """A recording held in memory."""

    pictures: list
    region: Box | None = None
    asked: list = field(default_factory=list)

    @property
    def info(self):
        height, width = self.pictures[0].shape[:2]
        count = len(self.pictures)
        return RecordingInfo(
            Path("memory"), width, height, count, count / 25, "raw", "video", self.region
        )

    @property
    def times_s(self):
        return np.arange(len(self.pictures)) / 25

    @property
    def sync_frames(self):
        return np.arange(0, len(self.pictures), 4)

    def frame(self, index):
        self.asked.append(index)
        return Frame(index, index / 25, self.pictures[index])

    def frames(self, start=0, stop=None):
        yield from map(self.frame, range(len(self.pictures))[start:stop])

    luma = frames

    def close(self):
        pass


def screen(count=40, *, seed=0, size=(300, 400)):
    """Noise in a triangle on a black screen with still text and a ticking one."""
    rng = np.random.default_rng(seed)
    fan = np.zeros(size, np.uint8)
    cv2.fillPoly(fan, [np.array([(200, 40), (320, 260), (80, 260)])], 1)
    pictures = []
    for index in range(count):
        picture = (fan * rng.integers(20, 160, size)).astype(np.uint8)
        cv2.putText(picture, "SAMPLE, ADA", (8, 22), 0, 0.6, 220)
        cv2.putText(picture, f"10:03:{index:02d}", (290, 22), 0, 0.6, 220)
        pictures.append(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB))
    return pictures, fan


def filled(region, height, width):
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.array(region.polygon, np.int32)], 1)
    return mask.astype(bool)


def overlap(one, two):
    return (one & two).sum() / (one | two).sum()


def assert_sound(region, width, height):
    box = region.box
    assert 0 <= box.x0 < box.x1 <= width
    assert 0 <= box.y0 < box.y1 <= height
    assert 3 <= len(region.polygon) <= 60
    xs, ys = zip(*region.polygon, strict=True)
    assert (min(xs), min(ys), max(xs), max(ys)) == (box.x0, box.y0, box.x1, box.y1)


def test_the_moving_patch_is_found_and_the_texts_are_left_out():
    pictures, fan = screen()
    region = find_region(Pictures(pictures))
    assert region.source == "pictures"
    assert_sound(region, 400, 300)
    mask = filled(region, 300, 400)
    assert overlap(mask, fan.astype(bool)) > 0.95
    assert not mask[:30].any()


def test_only_some_frames_are_looked_at():
    recording = Pictures(screen(200)[0])
    find_region(recording)
    assert len(recording.asked) <= 24
    assert set(recording.asked) <= set(recording.sync_frames.tolist())


@pytest.mark.parametrize(
    "pictures",
    [
        [np.zeros((90, 120, 3), np.uint8)] * 30,
        [np.full((90, 120, 3), 130, np.uint8)] * 30,
        screen(1)[0],
        screen(1)[0] * 7,
        [np.full((2, 2, 3), value, np.uint8) for value in (0, 200, 10, 90, 0, 255, 7)],
        [np.full((1, 1, 3), value, np.uint8) for value in (0, 200)],
        list(np.random.default_rng(0).integers(0, 255, (12, 90, 120, 3), np.uint8)),
    ],
    ids=["black", "grey", "one frame", "still", "2x2", "1x1", "moving everywhere"],
)
def test_without_a_sector_the_whole_picture_is_taken(pictures):
    region = find_region(Pictures(pictures))
    height, width = pictures[0].shape[:2]
    assert region.source == "whole"
    assert region.box == Box(0, 0, width, height)
    assert_sound(region, width, height)


def test_seven_frames_are_enough():
    pictures, fan = screen(7)
    region = find_region(Pictures(pictures))
    assert region.source == "pictures"
    assert overlap(filled(region, 300, 400), fan.astype(bool)) > 0.9


def test_movement_in_an_ordinary_scene_is_no_sector():
    scene = np.random.default_rng(1).integers(60, 200, (120, 160, 3)).astype(np.uint8)
    pictures = []
    for step in range(30):
        picture = scene.copy()
        picture[40:90, 20 + 3 * step : 60 + 3 * step] = 255 - 200 * (step % 2)
        pictures.append(picture)
    assert find_region(Pictures(pictures)).source == "whole"


def test_without_text_beside_it_dim_parts_of_the_sector_are_kept():
    rng = np.random.default_rng(2)
    pictures = []
    for _ in range(30):
        picture = np.zeros((200, 200), np.uint8)
        picture[:90, 40:160] = rng.integers(30, 200, (90, 120))
        picture[90:190, 10:190] = 16
        pictures.append(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB))
    box = find_region(Pictures(pictures)).box
    assert np.allclose((box.x0, box.y0, box.x1, box.y1), (10, 0, 190, 190), atol=4)


def test_a_declared_region_bounds_the_outline():
    pictures, fan = screen()
    region = find_region(Pictures(pictures, Box(4, 2, 396, 298)))
    assert region.source == "dicom"
    assert overlap(filled(region, 300, 400), fan.astype(bool)) > 0.95
    declared = Box(70, 32, 330, 268)
    assert find_region(Pictures(pictures, declared)).box == declared
    still = find_region(Pictures(pictures[:1] * 30, declared))
    assert (still.source, still.box) == ("dicom", declared)
    assert find_region(Pictures(pictures[:1], declared)).box == declared


def test_a_declared_region_outside_the_picture_is_not_believed():
    pictures, _ = screen()
    assert find_region(Pictures(pictures, Box(84, 31, 595, 414))).source == "pictures"


@pytest.mark.parametrize(("seed", "size"), [(1, (640, 360)), (8, (480, 360))])
def test_the_phantoms_sector_without_any_of_its_texts(tmp_path, seed, size):
    recorder = Recorder(*size, fps=10, bit_rate=2_000_000)
    path = render(tmp_path / "exam.mp4", minutes=0.7, seed=seed, recorder=recorder)
    with open_exam(path) as exam:
        region = find_region(exam.recordings[0])
    assert region.source == "pictures"
    assert_sound(region, *size)
    simulated = SimulatedExam(write_script(0.7, seed, 10), *size)
    mask = filled(region, size[1], size[0])
    truth = filled(replace(region, polygon=np.array(simulated.fan.polygon).round()), *size[::-1])
    assert overlap(mask, truth) >= 0.95
    for before, after in pairwise(PLANES):
        for plane in (before, after):
            chrome = simulated._screen.draw(plane, frozen=True, results=("HC  17.50 cm",) * 3)
            assert not np.any((chrome[: size[1]] > 24) & mask)


@needs_shared
def test_real_lung_clips_keep_what_they_show():
    for path in sorted((SHARED / "ultrasound/lung_clips").glob("*.m[op]*")):
        with open_exam(path) as exam:
            recording = exam.recordings[0]
            info = recording.info
            region = find_region(recording)
            picture = recording.frame(info.frame_count // 2).pixels.max(axis=2)
        assert_sound(region, info.width, info.height)
        mask = filled(region, info.height, info.width)
        bright = cv2.blur(picture, (5, 5)) > 90
        assert (bright & mask).sum() >= 0.97 * bright.sum(), path.name


@needs_shared
def test_a_real_sector_on_a_black_screen():
    with open_exam(SHARED / "ultrasound/phantom_video/glove.mp4") as exam:
        region = find_region(exam.recordings[0])
    assert region.source == "pictures"
    box = region.box
    assert np.allclose((box.x0, box.y0, box.x1, box.y1), (0, 24, 640, 456), atol=12)


@needs_shared
@pytest.mark.parametrize("name", ["Jumps.webm", "playing_ball.mp4"])
def test_other_videos_are_taken_whole(name):
    with open_exam(SHARED / "summe/videos" / name) as exam:
        assert find_region(exam.recordings[0]).source == "whole"
