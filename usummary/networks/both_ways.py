"""A bidirectional LSTM in training on the CPU: both directions at once, a thread for each.

The steps of a direction wait for one another, and one step of one exam is too little work to share
between threads: torch's own kernel keeps them waiting for each other, which costs much more than it
gives as soon as another program wants a core. The two directions need nothing of each other.

That kernel also always works out the gradient of its inputs, a matrix product as large as that of
the gradient of the input weights, though nobody wants it for features. So it is given, in place of
the features of P steps, the unit matrix, and in place of the input weights their product with these
features, one column a step: the same sums. Figures: docs/decisions/networks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from usummary.networks.precision import lstm_in_bfloat16

_PART = 150
"""Columns of a unit matrix: each call has its fixed cost, and the matrix its own, that grows."""


def states(lstm: nn.LSTM, inputs: Tensor) -> Tensor:
    """States (B, T, 2 * hidden) for inputs (B, T, C): ``lstm(inputs)[0]`` up to rounding.

    Args:
        lstm: Of one layer, bidirectional, batch first, with biases.
        inputs: Where their gradient is wanted, or nothing is learnt, `lstm` itself is taken.

    Under autocast the LSTM is computed in bfloat16 where that can be done, else in float32.
    """
    learning = torch.is_grad_enabled() and not inputs.requires_grad
    if inputs.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        if lstm_in_bfloat16():
            return _plain(lstm, inputs)
        with torch.autocast("cpu", enabled=False):
            return states(lstm, inputs.float())
    if not learning or inputs.device.type != "cpu":
        return _plain(lstm, inputs)
    both: Tensor = _BothWays.apply(inputs, *lstm.parameters())  # type: ignore[no-untyped-call]
    return both


def _plain(lstm: nn.LSTM, inputs: Tensor) -> Tensor:
    found: Tensor = lstm(inputs)[0]
    return found


class _BothWays(torch.autograd.Function):
    """The directions' graphs are kept from forward to backward, which goes through both at once."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, *weights: Tensor) -> Tensor:
        along = inputs.transpose(0, 1)  # (T, B, C)
        ways = (along, along.flip(0))
        leaves = [[one.detach().requires_grad_() for one in weights[at : at + 4]] for at in (0, 4)]
        ahead, back = _at_once(_direction, ways, leaves)
        ctx.leaves, ctx.ends = leaves, (ahead, back)
        return torch.cat((ahead.detach(), back.detach().flip(0)), dim=2).transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        ahead, back = gradient.transpose(0, 1).chunk(2, dim=2)  # (T, B, hidden) each
        found = _at_once(torch.autograd.grad, ctx.ends, ctx.leaves, (ahead, back.flip(0)))
        return (None, *found[0], *found[1])


def _direction(inputs: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """States (T, B, hidden) of one direction for inputs (T, B, C)."""
    batch, (to_input, *others) = inputs.shape[1], weights
    state = [inputs.new_zeros(1, batch, others[0].shape[1])] * 2
    found = []
    with torch.enable_grad():
        entering = to_input @ inputs.flatten(0, 1).T  # (4 * hidden, T * B)
        for columns in torch.split(entering, batch * max(_PART // batch, 1), dim=1):
            size = columns.shape[1]
            unit = torch.eye(size, dtype=inputs.dtype).view(size // batch, batch, size)
            part, *state = torch.lstm(
                unit, state, (columns, *others), True, 1, 0.0, True, False, False
            )
            found.append(part)
        return torch.cat(found)


def _at_once(work: Callable[..., Any], *values: Sequence[Any]) -> list[Any]:
    """What `map` gives; of two calls at once, with half of torch's threads each, if it has two."""
    threads = torch.get_num_threads()
    if threads == 1:
        return list(map(work, *values))
    torch.set_num_threads(threads // 2)  # new threads start with it
    try:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(work, *values))
    finally:
        torch.set_num_threads(threads)
