"""The two directions at once give what torch's LSTM gives, forward and backward."""

import pytest
import torch
from torch import nn

from usummary.networks import both_ways
from usummary.networks.precision import lstm_in_bfloat16

# float32: a gradient is a sum over time; two orders of summing differ by this share of the largest
ROUNDING = {torch.float64: 1e-12, torch.float32: 2e-5}


@pytest.fixture(autouse=True, params=[1, 2])
def _threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    assert torch.get_num_threads() == request.param
    torch.set_num_threads(before)


def lstm(dtype=torch.float32, channels=7, hidden=5):
    torch.manual_seed(1)
    return nn.LSTM(channels, hidden, batch_first=True, bidirectional=True).to(dtype)


def assert_same(found, wanted, rounding):
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    assert (found - wanted).abs().max() <= rounding * wanted.abs().max()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("batch", "steps"), [(1, 1), (1, 37), (1, 150), (1, 301), (3, 1), (3, 101), (200, 2)]
)
def test_states_and_gradients_are_those_of_torch(batch, steps, dtype):
    net = lstm(dtype)
    inputs = torch.randn(batch, steps, 7, dtype=dtype)
    pull = torch.randn(batch, steps, 10, dtype=dtype)  # each state of each direction its own
    wanted, _ = net(inputs)
    wanted_gradients = torch.autograd.grad(wanted, tuple(net.parameters()), pull)

    found = both_ways.states(net, inputs)
    assert type(found.grad_fn).__name__ == "_BothWaysBackward"
    gradients = torch.autograd.grad(found, tuple(net.parameters()), pull)

    assert_same(found, wanted, ROUNDING[dtype])
    for (name, _), ours, theirs in zip(
        net.named_parameters(), gradients, wanted_gradients, strict=True
    ):
        assert theirs.any() or (steps == 1 and "_hh_" in name)  # there was no state before
        assert_same(ours, theirs, ROUNDING[dtype])


def test_gradients_add_up_over_two_backward_passes():
    net = lstm(torch.float64)
    for steps in (4, 9):
        both_ways.states(net, torch.ones(1, steps, 7, dtype=torch.float64)).sum().backward()
    found = [one.grad.clone() for one in net.parameters()]
    net.zero_grad()
    for steps in (4, 9):
        net(torch.ones(1, steps, 7, dtype=torch.float64))[0].sum().backward()
    for ours, theirs in zip(found, net.parameters(), strict=True):
        assert_same(ours, theirs.grad, 1e-12)


def test_torch_is_taken_where_nothing_is_learnt_or_inputs_want_a_gradient():
    net, inputs = lstm(), torch.ones(1, 6, 7)
    with torch.no_grad():
        assert torch.equal(both_ways.states(net, inputs), net(inputs)[0])
    wanting = inputs.clone().requires_grad_()
    both_ways.states(net, wanting).sum().backward()
    assert wanting.grad is not None
    assert wanting.grad.any()


@pytest.mark.skipif(not lstm_in_bfloat16(), reason="no bfloat16 LSTM on this processor")
def test_bfloat16_is_computed_by_torch():
    net, inputs = lstm(), torch.ones(1, 6, 7)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(both_ways.states(net, inputs), net(inputs)[0])


def test_float32_is_taken_where_bfloat16_cannot_be_computed(monkeypatch):
    monkeypatch.setattr(both_ways, "lstm_in_bfloat16", lambda: False)
    net, inputs = lstm(), torch.ones(1, 6, 7)
    with torch.autocast("cpu", torch.bfloat16):
        found = both_ways.states(net, inputs.bfloat16())
        found.sum().backward()
    assert found.dtype == torch.float32
    assert torch.equal(found, both_ways.states(net, inputs))
    assert net.weight_hh_l0.grad.any()


def test_frozen_weights_stay_without_gradient():
    net = lstm()
    net.weight_hh_l0.requires_grad_(False)
    both_ways.states(net, torch.ones(1, 6, 7)).sum().backward()
    assert net.weight_hh_l0.grad is None
    assert net.weight_ih_l0.grad.any()


def test_an_error_in_a_direction_reaches_the_caller():
    with pytest.raises(RuntimeError, match="shape"):
        both_ways.states(lstm(), torch.ones(1, 6, 8))
