"""Training: an epoch over 50 videos of 300 steps of 1024-d features, five episodes a video.

The reference is the same Bi-LSTM trained the plain way, as public code does: every episode computes
its reward from the features anew. Processor time is told beside wall-clock time, because other
programs disturb it less; the targets are wall-clock times of two idle cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from benchmarks.rows import Row
from usummary.networks import both_ways
from usummary.networks.bilstm import BiLSTM, BiLSTMConfig
from usummary.networks.policy import Summariser
from usummary.networks.scorer import Scorer
from usummary.networks.unet3d import UNet3DConfig
from usummary.training.summariser.trainer import Epoch, Lesson, Recipe, Trainer

VIDEOS, STEPS, CHANNELS = 50, 300, 1024
EPISODES, CUT_OFF, SHARE = 5, 20, 0.5
EPOCHS = 3
TURNS = 15
PUBLIC_S, UNET_S = 8.4, 4.0


def run() -> list[Row]:
    """Rows for the two methods, the fastest of three epochs each, and for the Bi-LSTM itself."""
    rng = np.random.default_rng(0)
    videos = [rng.random((STEPS, CHANNELS), np.float32) for _ in range(VIDEOS)]
    lessons = [Lesson(torch.from_numpy(one)[:, :, None, None], one) for one in videos]
    torch.manual_seed(1)
    lstm = BiLSTM(BiLSTMConfig(CHANNELS, 1))
    unet = Summariser(UNet3DConfig(CHANNELS, 1))
    plain = _timed(_plain(BiLSTM(BiLSTMConfig(CHANNELS, 1)), [one.features for one in lessons]))
    recipe = Recipe(epochs=EPOCHS, episodes=EPISODES, share=SHARE)
    ours = _epochs(lstm, Recipe(epochs=EPOCHS, episodes=EPISODES, share=SHARE, cut_off=CUT_OFF),
                   lessons)  # fmt: skip
    times = _epochs(unet, recipe, lessons)
    torchs, our_own = _steps(lessons[0].features[None])
    threads = torch.get_num_threads()
    reference = f"the plain way, {threads} threads: {_said(plain)}"
    return [
        Row(
            f"an epoch of DR-DSN's method, {VIDEOS} videos",
            f"{_said(ours)} = {plain[1] / ours[1]:.1f} times less processor time",
            f"at least 3 times faster than public code, {PUBLIC_S} s",
            reference,
        ),
        Row(
            f"an epoch of 3DST-UNet-RL, {VIDEOS} videos",
            _said(times),
            f"no slower than {UNET_S:.0f} s",
            reference,
        ),
        Row(
            "the Bi-LSTM alone, one video forward and backward, medians",
            _said_ms(our_own),
            "no slower than torch's LSTM",
            f"torch's LSTM by turns with it: {_said_ms(torchs)}",
        ),
    ]


def _said(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:.1f} s ({seconds[1]:.1f} s of processor time)"


def _said_ms(seconds: tuple[float, float]) -> str:
    return f"{1000 * seconds[0]:.0f} ms ({1000 * seconds[1]:.0f} ms of processor time)"


def _epochs(net: Scorer, recipe: Recipe, lessons: Sequence[Lesson]) -> tuple[float, float]:
    """Wall-clock and processor seconds of the fastest epoch, validation on one video included."""
    marks = [(time.perf_counter(), time.process_time())]

    def ended(_: Epoch) -> None:
        marks.append((time.perf_counter(), time.process_time()))

    Trainer(net, recipe, lessons, lessons[:1]).train(ended)
    spent = np.diff(marks, axis=0)
    return float(spent[:, 0].min()), float(spent[:, 1].min())


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    spent = []
    for _ in range(2):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        spent.append((time.perf_counter() - wall, time.process_time() - processor))
    return min(one for one, _ in spent), min(one for _, one in spent)


def _steps(features: Tensor) -> list[tuple[float, float]]:
    """Median wall-clock and processor seconds of torch's LSTM and of ours, which take turns."""
    net = BiLSTM(BiLSTMConfig(CHANNELS, 1))
    inputs = net.reduced(features)

    def torchs() -> Tensor:
        return net.lstm(inputs)[0]  # type: ignore[no-any-return]

    def ours() -> Tensor:
        return both_ways.states(net.lstm, inputs)

    spent: list[list[tuple[float, float]]] = [[], []]
    for _ in range(TURNS):
        for kept, states in zip(spent, (torchs, ours), strict=True):
            net.zero_grad()
            wall, processor = time.perf_counter(), time.process_time()
            states().sum().backward()  # type: ignore[no-untyped-call]
            kept.append((time.perf_counter() - wall, time.process_time() - processor))
    medians = [np.median(kept, axis=0) for kept in spent]
    return [(float(wall), float(processor)) for wall, processor in medians]


def _plain(net: BiLSTM, videos: Sequence[Tensor]) -> Callable[[], None]:
    """One epoch without anything shared between episodes."""
    optimiser = torch.optim.Adam(net.parameters(), 1e-5, weight_decay=1e-5)

    def epoch() -> None:
        for features in videos:
            states, _ = net.lstm(net.reduced(features[None]))
            p = net.score(states).sigmoid().flatten()  # (T,)
            choice = torch.distributions.Bernoulli(p)
            loss = (p.mean() - SHARE).square()
            for _ in range(EPISODES):
                actions = choice.sample()  # type: ignore[no-untyped-call]
                reward = _reward(features[:, :, 0, 0], actions)
                loss = loss - choice.log_prob(actions).mean() * reward / EPISODES  # type: ignore[no-untyped-call]
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimiser.step()

    return epoch


def _reward(rows: Tensor, actions: Tensor) -> Tensor:
    """Both reward terms of one episode, from the features."""
    chosen = actions.nonzero().flatten()
    unit = rows / rows.norm(dim=1, keepdim=True)
    apart = 1 - unit[chosen] @ unit[chosen].T
    apart[(chosen[:, None] - chosen).abs() > CUT_OFF] = 1
    diversity = apart.sum() / max(len(chosen) * (len(chosen) - 1), 1)
    square = rows.square().sum(dim=1)
    distances = square[:, None] + square - 2 * rows @ rows.T
    return diversity + torch.exp(-distances[:, chosen].min(dim=1).values.mean())
