"""A bidirectional LSTM in training on the CPU: both directions at once, a thread for each.

Each step of a direction needs the step before, and one step of one exam is too little work for
several threads. torch's own kernel shares it out all the same, and its threads wait for each other
at every step; beside another busy program that costs much more than it gains. The two directions
are independent, so a thread for each never has to wait.

torch's kernel also always computes the gradient of its inputs. For features nobody wants it, and it
is a matrix product as large as the gradient of the input weights W. So the product W x for P steps
is computed outside the kernel. The kernel gets the P x P unit matrix as inputs and W x, a column
per step, as input weights: (W x) I is the same sum. Figures: docs/decisions/networks.md.
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
"""P: with fewer columns the fixed cost of a call counts, with more the size of the unit matrix."""


def states(lstm: nn.LSTM, inputs: Tensor) -> Tensor:
    """States (B, T, 2 * hidden) for inputs (B, T, C): ``lstm(inputs)[0]`` up to rounding.

    Args:
        lstm: One layer, bidirectional, batch first, with biases.
        inputs: If they need a gradient, or nothing is learnt, `lstm` itself computes the states.

    Under autocast the LSTM is computed in bfloat16 if the processor can, else in float32.
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
    result: Tensor = lstm(inputs)[0]
    return result


class _BothWays(torch.autograd.Function):
    """Both directions as one operation of the graph, so that backward runs them at once too.

    Inside, each direction has a graph of its own, from detached copies of its weights (`leaves`).
    torch's own backward would go through one shared graph in a single thread.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, *weights: Tensor) -> Tensor:
        along = inputs.transpose(0, 1)  # (T, B, C)
        ways = (along, along.flip(0))
        # `LSTM.parameters` gives four of the forward direction, then four of the reverse one.
        leaves = [[w.detach().requires_grad_() for w in weights[at : at + 4]] for at in (0, 4)]
        ahead, back = _at_once(_direction, ways, leaves)
        ctx.leaves, ctx.ends = leaves, (ahead, back)
        return torch.cat((ahead.detach(), back.detach().flip(0)), dim=2).transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        ahead, back = gradient.transpose(0, 1).chunk(2, dim=2)  # (T, B, hidden) each
        grads = _at_once(torch.autograd.grad, ctx.ends, ctx.leaves, (ahead, back.flip(0)))
        return (None, *grads[0], *grads[1])  # None: the inputs' gradient, which nobody wants


def _direction(inputs: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """States (T, B, hidden) of one direction for inputs (T, B, C)."""
    batch, (to_input, *others) = inputs.shape[1], weights
    state = [inputs.new_zeros(1, batch, others[0].shape[1])] * 2
    parts = []
    with torch.enable_grad():  # a Function's forward runs without gradients
        entering = to_input @ inputs.flatten(0, 1).T  # (4 * hidden, T * B)
        for columns in torch.split(entering, batch * max(_PART // batch, 1), dim=1):
            size = columns.shape[1]
            unit = torch.eye(size, dtype=inputs.dtype).view(size // batch, batch, size)
            part, *state = torch.lstm(
                unit, state, (columns, *others), True, 1, 0.0, True, False, False
            )
            parts.append(part)
        return torch.cat(parts)


def _at_once(work: Callable[..., Any], *values: Sequence[Any]) -> list[Any]:
    """``map(work, *values)`` with its two calls at once, each with half of torch's threads."""
    threads = torch.get_num_threads()
    if threads == 1:
        return list(map(work, *values))
    torch.set_num_threads(threads // 2)  # new threads start with it
    try:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(work, *values))
    finally:
        torch.set_num_threads(threads)
