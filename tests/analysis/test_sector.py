"""Finding the sector: on pictures made from known content, and on real recordings."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.shared_data import SHARED, needs_shared
from usummary.analysis import sector
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


# The parts of the search, by hand


def screened(*parts, size=(100, 120), peak=None):
    """Samples of a screen: a moving patch of (x0, y0, x1, y1), other parts as (value, box)."""
    change = np.zeros(size)
    shown = np.zeros(size, np.uint8)
    x0, y0, x1, y1 = parts[0]
    change[y0:y1, x0:x1] = 20.0
    shown[y0:y1, x0:x1] = 120
    for value, moves, (x0, y0, x1, y1) in parts[1:]:
        shown[y0:y1, x0:x1], change[y0:y1, x0:x1] = value, moves
    return sector._ShrunkSamples(shown if peak is None else peak, change, 1.0)


PATCH = (30, 20, 90, 80)
TEXT = (71, 0.0, (4, 4, 24, 10))


def corners(outline):
    return None if outline is None else (*outline.min(axis=0), *outline.max(axis=0))


def test_a_patch_beside_text_is_its_own_outline():
    found = sector._outline(screened(PATCH, TEXT), keep_dim=True)
    assert corners(found) == (30, 20, 89, 79)


@pytest.mark.parametrize(
    ("value", "moves"), [(70, 0.0), (120, 4.0), (26, 0.0)], ids=["dim", "moving", "black"]
)
def test_what_is_dim_or_moves_beside_the_patch_is_no_text(value, moves):
    look = screened(PATCH, (value, moves, TEXT[2]))
    assert sector._outline(look, keep_dim=False) is None
    assert sector._outline(screened(PATCH, (71, 3.9, TEXT[2])), keep_dim=False) is not None


def test_a_bright_still_layer_that_touches_the_patch_belongs_to_it():
    touching = (200, 0.0, (30, 10, 90, 19))
    assert sector._outline(screened(PATCH, touching), keep_dim=False) is None
    apart = (200, 0.0, (30, 2, 90, 10))
    assert sector._outline(screened(PATCH, apart), keep_dim=False) is not None


def test_a_frame_holds_the_patch_and_all_that_is_not_black():
    """Blurred over five pixels, a block of 20 is above 10 up to its border."""
    peak = np.zeros((100, 120), np.uint8)
    peak[50:95, 10:100] = 20
    hull = np.array([(30, 20), (89, 20), (89, 79), (30, 79)])
    assert corners(sector._frame(peak, hull)) == (10, 20, 100, 95)
    hull = np.array([(5, 30), (110, 30), (110, 97), (5, 97)])
    assert corners(sector._frame(peak, hull)) == (5, 30, 111, 98)
    assert len(sector._frame(peak, hull)) == 4


@pytest.mark.parametrize(("lit", "found"), [(0.39, True), (0.41, False)])
def test_surroundings_that_are_lit_are_no_scanners_screen(lit, found):
    look = screened(PATCH, TEXT)
    inside = np.zeros((100, 120), np.uint8)
    inside[20:80, 30:90] = 1
    around = np.flatnonzero(cv2.dilate(inside, np.ones((9, 9), np.uint8)) == 0)
    peak = look.peak.copy()
    dark = peak.ravel()
    rng = np.random.default_rng(0)
    already = int((dark[around] > 26).sum())
    candidates = rng.permutation(around[dark[around] <= 26])
    dark[candidates[: round(lit * len(around)) - already]] = 27
    assert (sector._outline(replace(look, peak=peak), keep_dim=True) is not None) == found


@pytest.mark.parametrize(("side", "found"), [(26, True), (22, False)])
def test_a_patch_of_a_twentieth_of_the_picture_is_a_sector(side, found):
    """5 % of 12,000 pixels are 600: a patch of 26 x 26 has more, one of 22 x 22 fewer."""
    change = np.zeros((100, 120))
    change[20 : 20 + side, 30 : 30 + side] = 20.0
    hull = sector._hull(change)
    assert (hull is not None) == found
    if found:
        assert corners(hull) == (30, 20, 29 + side, 19 + side)


def test_the_largest_patch_is_taken_and_what_hardly_changes_is_none():
    change = np.zeros((100, 120))
    change[5:45, 5:45] = 20.0
    change[50:95, 50:110] = 4.6
    assert corners(sector._hull(change)) == (50, 50, 109, 94)
    change[50:95, 50:110] = 4.5
    assert corners(sector._hull(change)) == (5, 5, 44, 44)
    assert sector._hull(np.zeros((100, 120))) is None


def test_a_round_patch_has_sixty_corners_at_most():
    change = np.zeros((800, 800))
    disc = cv2.circle(np.zeros((800, 800), np.uint8), (400, 400), 380, 1, -1)
    change[disc > 0] = 20.0
    hull = sector._hull(change)
    assert 20 <= len(hull) <= 60
    mask = cv2.fillPoly(np.zeros((800, 800), np.uint8), [hull.astype(np.int32)], 1)
    assert overlap(mask > 0, disc > 0) > 0.99


def test_an_outline_is_given_in_pixels_of_the_picture():
    look = replace(screened(PATCH, TEXT), factor=0.5)
    assert corners(sector._outline(look, keep_dim=True)) == (60, 40, 178, 158)


def test_positions_are_spread_over_all_there_are():
    assert sector._evenly(10, 4).tolist() == [0, 3, 6, 9]
    assert sector._evenly(3, 24).tolist() == [0, 1, 2]
    assert sector._evenly(1, 8).tolist() == [0]


class Chosen:
    """A recording of which only the places of frames are asked."""

    def __init__(self, sync, count):
        self.sync_frames = np.array(sync)
        self.info = Pictures([np.zeros((2, 2, 3), np.uint8)] * count).info


@pytest.mark.parametrize(
    ("sync", "count", "expected"),
    [
        (range(0, 48, 2), 50, list(range(0, 48, 2))),
        (range(0, 120, 10), 130, list(range(0, 120, 10))),  # twelve are enough
        (range(0, 94, 2), 100, [int(n) * 2 for n in np.linspace(0, 46, 24).round()]),
        # of eleven eight, and from each a run of three, six frames apart
        (
            range(0, 1100, 100),
            1100,
            [100 * n + 6 * k for n in (0, 1, 3, 4, 6, 7, 9, 10) for k in range(3)],
        ),
        ([0, 300], 600, [start + 6 * k for start in (0, 300) for k in range(12)]),
        ([0], 100, [6 * k for k in range(17)]),
        ([0], 43, [6 * k for k in range(8)]),
        ([0], 42, [0, 6, 12, 18, 23, 29, 35, 41]),
        ([0], 5, [0, 1, 2, 3, 4]),
    ],
)
def test_frames_that_are_looked_at(sync, count, expected):
    assert sector._chosen(Chosen(list(sync), count)).tolist() == expected


@pytest.mark.parametrize(
    ("box", "fits"),
    [
        (Box(0, 0, 100, 80), True),
        (Box(0, 0, 20, 20), True),
        (Box(80, 60, 100, 80), True),
        (Box(0, 0, 20, 19), False),
        (Box(-1, 0, 50, 50), False),
        (Box(0, -1, 50, 50), False),
        (Box(0, 0, 101, 50), False),
        (Box(0, 0, 50, 81), False),
    ],
)
def test_a_declared_box_lies_inside_and_is_no_crumb(box, fits):
    assert sector._fits(box, Box(0, 0, 100, 80)) == fits


def test_large_pictures_are_shrunk_and_small_ones_are_not():
    rng = np.random.default_rng(0)
    wide = [rng.integers(0, 255, (40, 1280, 3), np.uint8) for _ in range(9)]
    look = sector._look(Pictures(wide), Box(0, 0, 1280, 40))
    assert (look.factor, look.peak.shape, look.change.shape) == (0.5, (20, 640), (20, 640))
    high = [picture.transpose(1, 0, 2).copy() for picture in wide]
    assert sector._look(Pictures(high), Box(0, 0, 40, 1280)).peak.shape == (640, 20)
    small = [np.full((30, 40), value, np.uint8) for value in (0, 10, 20, 30, 40, 50, 60, 70)]
    look = sector._look(Pictures(small), Box(10, 5, 30, 25))
    assert (look.factor, look.peak.shape) == (1.0, (20, 20))
    assert (look.peak == 70).all()
    assert look.change == pytest.approx(np.std(range(0, 80, 10)))


def test_the_outline_within_a_declared_region_lies_where_the_region_does():
    pictures, _ = screen()
    plain = find_region(Pictures(pictures)).box
    bounded = find_region(Pictures(pictures, Box(40, 0, 400, 300))).box
    assert np.allclose(
        (plain.x0, plain.y0, plain.x1, plain.y1),
        (bounded.x0, bounded.y0, bounded.x1, bounded.y1),
        atol=3,
    )


def test_two_frames_are_looked_at_and_one_is_not():
    one = Pictures(screen(1)[0])
    assert find_region(one).source == "whole"
    assert one.asked == []
    two = Pictures(screen(2)[0])
    find_region(two)
    assert two.asked == [0, 1]


def test_the_whole_picture_has_its_four_corners():
    region = find_region(Pictures([np.zeros((90, 120, 3), np.uint8)] * 3))
    assert region.polygon == ((0, 0), (120, 0), (120, 90), (0, 90))
    declared = find_region(Pictures([np.zeros((90, 120, 3), np.uint8)], Box(10, 20, 100, 80)))
    assert declared.polygon == ((10, 20), (100, 20), (100, 80), (10, 80))
