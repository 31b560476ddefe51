"""Whether this processor and this torch can compute in bfloat16, found by one attempt."""

from __future__ import annotations

import functools

import torch
from torch import nn

FLOAT32_LSTM = (
    "This processor cannot compute an LSTM in bfloat16: it is computed in float32, which is slower."
)


@functools.cache
def lstm_in_bfloat16() -> bool:
    """Whether an LSTM can be computed in bfloat16 on the CPU, in training too.

    oneDNN has a bfloat16 LSTM only for AVX-512 and newer. On other processors torch 2.13 raises a
    RuntimeError; for convolutions and matrix products it falls back to other code instead.
    """
    lstm = nn.LSTM(2, 2, batch_first=True, bidirectional=True)
    with torch.enable_grad(), torch.autocast("cpu", torch.bfloat16):
        try:
            lstm(torch.zeros(1, 2, 2))[0].float().sum().backward()
        except RuntimeError:
            return False
    return True
