"""What class scores tell whichever plane it is: cues for a summariser that must know new pictures.

A summariser that sees the features of a few planes in training learns these planes, and passes over
planes that it never saw. Whether a place looks like some standard plane, and how sure the backbone
is of one, means the same for every plane (docs/decisions/training.md).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

CUES = 5
_ODDS_SCALE = 5.0
"""Log-odds are divided by this, so that all cues are of about the same size."""
_LEAST = 1e-4
"""Smaller probabilities count as this one."""


class PlaneCues(nn.Module):
    """Class scores (N, K, h, w) of every place -> cues (N, CUES, h, w), the same for every plane.

    Of the whole clip, everywhere the same: log-odds of any plane against Background, their
    probability, the probability of the likeliest plane. Of each place: the same without log-odds.

    Args:
        background: Position of Background among the K classes.
    """

    def __init__(self, background: int) -> None:
        super().__init__()
        self._background = background

    def forward(self, scores: Tensor) -> Tensor:
        clip = scores.mean(dim=(2, 3), keepdim=True)  # (N, K, 1, 1), the plane head's scores
        some, best = self._told(clip)
        odds = (some.clamp_min(_LEAST).log() - (1 - some).clamp_min(_LEAST).log()) / _ODDS_SCALE
        whole = torch.cat([odds, some, best], dim=1)  # (N, 3, 1, 1)
        return torch.cat([whole.expand(-1, -1, *scores.shape[2:]), *self._told(scores)], dim=1)

    def _told(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Probability (N, 1, h, w) of any plane, and of the likeliest one."""
        chances = scores.softmax(dim=1)
        at = self._background
        planes = torch.cat([chances[:, :at], chances[:, at + 1 :]], dim=1)
        return planes.sum(dim=1, keepdim=True), planes.amax(dim=1, keepdim=True)
