import numpy as np
import pytest
import torch

from usummary.training.assess import agreement, auc, clip_scores, share_allowed
from usummary.training.dataset import Source
from usummary.training.exams import ComposedExam


def exam(shown, saved):
    shown, saved = np.array(shown), np.array(saved, bool)
    count = len(shown)
    maps = np.arange(count, dtype=np.float16)[:, None, None, None]
    steps, planes = np.zeros((count, 4, 1), np.float32), np.zeros((count, 14), np.float32)
    return ComposedExam(maps, steps, planes, shown, shown == 4, saved)


def test_auc_counts_pairs():
    values = np.array([0.1, 0.4, 0.4, 0.9])
    positive = np.array([False, True, False, True])
    # pairs: .4 over .1, .4 beside .4, .9 over both
    assert auc(values, positive) == pytest.approx((1 + 0.5 + 2) / 4)


def test_agreement_with_planes_and_saves():
    composed = exam([-1, -1, -1, -1, 4, 4, 4, 6], [0, 0, 0, 0, 0, 1, 0, 0])
    values = np.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.95, 0.7, 0.05])
    figures = agreement([values], [composed], near=1)
    # clips 4 to 6 are near the save; only the 0.9 of clip 3 stands above two of them
    assert figures["AUC saved"] == pytest.approx(13 / 15)
    assert figures["AUC pictured plane"] == pytest.approx(10 / 12)
    assert figures["AUC plane"] == pytest.approx(10 / 16)
    assert figures["tau saved"] > 0
    assert figures["spread"] == pytest.approx(values.std())


def test_a_save_off_every_plane_and_a_constant_do_not_count():
    composed = exam([-1, -1, -1, 4, 4], [1, 0, 0, 0, 0])
    figures = agreement([np.full(5, 0.5)], [composed], near=0)
    assert "AUC saved" not in figures
    assert figures["AUC plane"] == 0.5


def test_clip_scores_average_the_frames_of_a_clip():
    class Frames(torch.nn.Module):
        def forward(self, maps):  # (1, T, 1, 1, 1) -> two frames a clip, 1 apart
            first = maps.float()[:, :, 0, 0, 0]
            return torch.stack([first, first + 1], dim=2).flatten(1)

    assert clip_scores(Frames(), exam([-1] * 3, [0] * 3)).tolist() == [0.5, 1.5, 2.5]


def test_share_allowed_counts_every_clip_of_a_label():
    class Bright(torch.nn.Module):
        """Calls bright clips Abdominal (column 2) and dark ones Background (column 3)."""

        def forward(self, clips):
            bright = clips.float().mean(dim=(1, 2, 3)) > 100
            planes = torch.zeros(len(clips), 14)
            planes[torch.arange(len(clips)), torch.where(bright, 2, 3)] = 1
            return None, None, planes

    sources = [
        Source("fetal_planes/a", np.full((1, 112, 144), 200, np.uint8), ("Abdominal",)),
        Source("fetal_planes/b", np.full((1, 112, 144), 20, np.uint8), ("Abdominal",)),
        Source("lung_clips/c", np.full((40, 112, 144), 20, np.uint8), ("Background",)),
        Source("fetal_planes/d", np.full((1, 112, 144), 20, np.uint8), ()),
    ]
    assert share_allowed(Bright(), sources) == {
        "fetal_planes: Abdominal": (1, 2),
        "lung_clips: Background": (2, 2),
    }
