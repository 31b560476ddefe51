"""Pictures of key shots in Figure 8: the right frames, masked, and plain errors."""

from itertools import pairwise

import numpy as np
import pytest

from tests.builders import write_video
from usummary.analysis.sector import find_region
from usummary.errors import InputError, SettingsError
from usummary.export.canvas import sector_mask
from usummary.phantom import Recorder, render
from usummary.readers import open_exam
from usummary.research.figure_stills import Stills
from usummary.research.figure_timelines import PICTURES, _spread
from usummary.research.record import VideoFacts


def facts(title: str, frames: int, shots: int = 1) -> VideoFacts:
    edges = np.linspace(0, frames, shots + 1).astype(int).tolist()
    return VideoFacts(
        title=title, frames=frames, fps=None, chosen=[0.5], picks=[0], importance=[1.0],
        shots=list(pairwise(edges)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("recordings")
    recorder = Recorder(width=320, height=240, fps=20, bit_rate=400_000)
    render(made / "an_exam.mp4", minutes=0.2, seed=1, recorder=recorder)
    noise = np.random.default_rng(0).integers(0, 256, (60, 96, 128, 3)).astype(np.uint8)
    write_video(made / "no sector.mp4", n=60, size=(128, 96), pictures=list(noise))
    return made


def test_only_the_sector_of_the_frame_is_shown(folder) -> None:
    pictures, said = Stills(folder).read(facts("an exam", 240), [100, 100, 240])
    assert "Research use only" in said
    assert "SIMULATED" in said
    with open_exam(folder / "an_exam.mp4") as exam:
        region = find_region(exam.recordings[0])
        raw = exam.recordings[0].frame(100).pixels
        last = exam.recordings[0].frame(239).pixels
    inside = sector_mask(region, 320, 240) > 0
    assert raw[~inside].max() > 100, "the scanner writes texts around its sector"
    cut = region.box.crop(raw * inside[..., None])
    assert np.array_equal(pictures[0], cut)
    assert np.array_equal(pictures[2], region.box.crop(last * inside[..., None]))


def test_what_could_show_a_name_or_another_video_is_refused(folder) -> None:
    with pytest.raises(InputError, match="no ultrasound, add --whole"):
        Stills(folder).read(facts("no sector", 60), [0])
    (whole,), said = Stills(folder, whole=True).read(facts("no sector", 60), [0])
    assert whole.ndim == 3
    assert said == ""
    with pytest.raises(SettingsError, match="holds no recording named another"):
        Stills(folder).read(facts("another", 60), [0])
    with pytest.raises(
        SettingsError, match="has 240 frames, the data set's video of that name 200"
    ):
        Stills(folder).read(facts("an exam", 200), [0])


def test_pictures_are_spread_over_the_summary() -> None:
    many = facts("x", 1000, shots=20)
    assert _spread(many, []) == []
    assert _spread(many, [3]) == [175]
    found = _spread(many, range(20))
    assert len(found) == PICTURES
    assert (found[0], found[-1]) == (25, 975)
