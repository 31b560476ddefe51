"""A held view is its source; what moves away from a hold departs from it step by step."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from usummary.training.composing.pictures import Source
from usummary.training.composing.probe import SECTOR, Cast, pictures
from usummary.training.composing.script import LabelledRange, Script

FPS = 15


def speckled(seed, shape=SECTOR):
    """Grain of a few pixels under a smooth picture, as a scanner draws it."""
    rng = np.random.default_rng(seed)
    smooth = cv2.resize(rng.uniform(20, 160, (6, 8)), shape[::-1], interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), 1.5) * 5.3
    return np.clip(smooth * (1 + 0.25 * grain), 0, 255).astype(np.uint8)[None]


SOURCE = Source("made/plane", speckled(1), ("Femur",))
ASIDE = Source("made/aside", speckled(2), ())


def moving(hold, frames=60, seed=3, source=SOURCE):
    """(frames, rows, columns) of a femur that is held to this degree all the time."""
    script = Script(
        "1",
        FPS,
        (LabelledRange("Femur", 0, frames),),
        (),
        np.full(frames, hold, np.float32),
        np.zeros(frames, bool),
    )
    cast = Cast({"Femur": source}, [ASIDE], [ASIDE])
    return np.stack(list(pictures(script, cast, np.random.default_rng(seed)))).astype(np.float32)


def enlarged(zoom):
    """The source, enlarged about its middle."""
    matrix = cv2.getRotationMatrix2D(((SECTOR[1] - 1) / 2, (SECTOR[0] - 1) / 2), 0, zoom)
    return cv2.warpAffine(SOURCE.pictures[0], matrix, SECTOR[::-1]).astype(np.float32)


def distance(picture):
    """Mean absolute difference to the source at the magnification that fits best."""
    inside = (slice(60, -60), slice(60, -60))
    return min(
        float(np.abs(picture - enlarged(zoom))[inside].mean())
        for zoom in np.linspace(0.98, 1.22, 61)
    )


@pytest.mark.parametrize("seed", [3, 4])
def test_a_perfect_hold_is_the_source(seed):
    shown = moving(1.0, frames=4, seed=seed)
    assert max(distance(picture) for picture in shown) < 3.0
    # what is left is the noise of the electronics
    assert np.abs(shown[1] - shown[0]).mean() < 1.5


def test_it_departs_step_by_step():
    apart = [np.mean([distance(p) for p in moving(hold)[30::10]]) for hold in (1, 0.98, 0.9, 0.6)]
    assert apart == sorted(apart)
    assert apart[0] < 3 < apart[3]


def test_grain_lasts_while_held_and_is_stirred_in_motion():
    """How alike the grain of neighbouring frames is, where the picture itself is followed."""

    def alike(hold):
        shown = moving(hold)
        grain = [picture - cv2.GaussianBlur(picture, (0, 0), 4) for picture in shown[10:40:5]]
        later = [picture - cv2.GaussianBlur(picture, (0, 0), 4) for picture in shown[11:41:5]]
        return np.mean(
            [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(grain, later, strict=True)]
        )

    held, moved = alike(0.98), alike(0.4)
    assert held > 0.9
    assert moved < 0.7


def test_no_speckle_is_added():
    """Where the source is flat, only the noise of the electronics is seen, however it moves."""
    flat = Source("made/flat", np.full((1, *SECTOR), 120, np.uint8), ("Femur",))
    shown = moving(0.9, source=flat)[20]
    centre = shown[180:290, 240:370]
    assert (centre - cv2.GaussianBlur(centre, (0, 0), 6)).std() < 2.5


def test_a_held_view_is_never_quite_still():
    """Or the program would take every hold for a frozen screen."""
    shown = moving(0.98)
    changed = [(np.abs(b - a) >= 3).mean() for a, b in pairwise(shown)]
    assert np.median(changed) > 0.01


def test_the_same_draws_give_the_same_pictures():
    assert np.array_equal(moving(0.7, frames=8), moving(0.7, frames=8))
    assert not np.array_equal(moving(0.7, frames=8), moving(0.7, frames=8, seed=5))
