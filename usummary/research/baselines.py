"""The baselines of all methods: chance, even spacing, people, and the best that is possible.

* ``random``: independent uniform scores per step, mean of many draws.
* ``uniform``: single frames, evenly spread over the video; it has no scores and so no correlation.
* ``human``: each annotator against all others (leave one out), whatever the length.
* ``bound``: the annotators' own mean importance as scores, which no method sees. What it lacks to 1
  is lost by the shots and the budget.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from usummary import metrics
from usummary.research.benchmark_choice import budget_of
from usummary.research.protocol import Agreement, Assessment, agreement, assess
from usummary.research.videos import Video

BASELINES = ("random", "uniform", "human", "bound")


def baseline(
    name: str, video: Video, lengths: Sequence[str], *, draws: int, seed: int
) -> Assessment:
    """One of `BASELINES` on one video.

    Args:
        name: Name of the baseline.
        video: A video with annotators.
        lengths: See `protocol.assess`.
        draws: Number of draws of ``random``.
        seed: Seed of ``random``: with the same seed a video gets the same draws in any experiment.
    """
    if name == "random":
        return random_scores(video, lengths, draws=draws, seed=seed)
    if name == "uniform":
        return uniform(video, lengths)
    if name == "human":
        return human(video, lengths)
    assert video.importance is not None
    return assess(video, video.importance, lengths)


def random_scores(video: Video, lengths: Sequence[str], *, draws: int, seed: int) -> Assessment:
    """Mean over `draws` random scores."""
    rng = np.random.default_rng((seed, video.frame_count))
    drawn = [assess(video, rng.random(len(video.picks)), lengths) for _ in range(draws)]
    return Assessment(
        lengths={length: _mean([draw.lengths[length] for draw in drawn]) for length in lengths},
        tau=_mean_defined([draw.tau for draw in drawn]),
        rho=_mean_defined([draw.rho for draw in drawn]),
    )


def uniform(video: Video, lengths: Sequence[str]) -> Assessment:
    """Exactly the budget in single frames, evenly spread."""
    found = {}
    for length in lengths:
        budget = budget_of(video, length)
        frames = np.zeros(video.frame_count, np.bool_)
        frames[(np.arange(budget) * video.frame_count) // max(budget, 1)] = True
        found[length] = agreement(video, frames)
    return Assessment(found, None, None)


def human(video: Video, lengths: Sequence[str]) -> Assessment:
    """Each annotator against all others, averaged; empty if there is only one annotator."""
    count = len(video.users)
    if count < 2:
        return Assessment({}, None, None)
    others = [np.arange(count) != user for user in range(count)]
    pairs = [
        [a.f_score for a in metrics.precision_recall(video.users[user], video.users[rest])]
        for user, rest in enumerate(others)
    ]
    found = Agreement(
        mean=float(np.mean(pairs)),
        best=float(np.mean([max(values) for values in pairs])),
        share=float(video.users.mean()),
    )
    opinions = video.opinions
    each = list(enumerate(others))
    return Assessment(
        lengths=dict.fromkeys(lengths, found),
        tau=_mean_defined([metrics.kendall_tau(opinions[i], opinions[rest]) for i, rest in each]),
        rho=_mean_defined([metrics.spearman_rho(opinions[i], opinions[rest]) for i, rest in each]),
    )


def _mean(found: Sequence[Agreement]) -> Agreement:
    return Agreement(
        mean=float(np.mean([draw.mean for draw in found])),
        best=float(np.mean([draw.best for draw in found])),
        share=float(np.mean([draw.share for draw in found])),
    )


def _mean_defined(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
