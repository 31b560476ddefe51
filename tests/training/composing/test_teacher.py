"""The teacher's word on thorax stills."""

import re

import numpy as np
import pytest

from usummary.errors import ModelError
from usummary.networks.i3d import SONONET_CLASSES
from usummary.training.composing.pictures import THORAX, Source
from usummary.training.composing.teacher import (
    as_seen,
    asked,
    read_teacher,
    with_four_chambers,
)


def source(name, grey, view=THORAX):
    return Source(name, np.full((1, 60, 80), grey, np.uint8), (), view)


def says(pictures):
    """A teacher that takes a picture for 4CH with its grey value in percent."""
    chances = np.zeros((len(pictures), len(SONONET_CLASSES)))
    chances[:, SONONET_CLASSES.index("4CH")] = pictures[:, 0, 0] / 100
    return chances


def test_only_thorax_stills_that_the_teacher_is_sure_of_are_called_4ch():
    given = [source("a", 90), source("b", 89), source("c", 95, view=""), source("d", 100)]
    named = with_four_chambers(given, says)
    assert [s.planes for s in named] == [("4CH",), (), (), ("4CH",)]
    assert [s.name for s in named] == ["a", "b", "c", "d"]


def test_without_thorax_stills_nobody_is_asked():
    given = [source("a", 90, view="")]
    assert with_four_chambers(given, None) == given


def test_pictures_come_in_the_teachers_size():
    assert as_seen(source("a", 7)).shape == (1, 224, 288)


def test_any_number_of_pictures_may_be_asked_about(made_data):
    ask = asked(read_teacher(made_data))
    pictures = np.random.default_rng(0).integers(0, 255, (18, 224, 288)).astype(np.uint8)
    chances = ask(pictures)
    assert chances.shape == (18, 14)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=5e-3)  # bfloat16
    np.testing.assert_allclose(chances[16:], ask(pictures[16:]), atol=0.02)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(ModelError, match=re.escape(str(tmp_path))):
        read_teacher(tmp_path)
