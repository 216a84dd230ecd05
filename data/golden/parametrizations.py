"""parametrizations.json: weight normalisation and spectral normalisation around layers.

`derivatives` as in ops.json, with respect to the input and all parameters, whose names are those of a state dict. Of spectral
normalisation: the vectors at the start and after each of two training passes, the derivatives of the second, and what evaluation
then makes of it, with its derivatives.

The second derivatives of PyTorch's fused weight normalisation are wrong: they take the norm for a constant (`gradgradcheck` fails).
So the records are of its definition, whose values and gradients are asserted to be PyTorch's.
"""

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils import parametrizations

from common import derivatives, draw, write

LAYERS = {
    "Linear": (lambda: nn.Linear(3, 2), (2, 3)),
    "Linear without bias": (lambda: nn.Linear(2, 3, bias=False), (2,)),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 2, groups=1), (2, 4)),
    "Conv2d": (lambda: nn.Conv2d(2, 3, (2, 1)), (1, 2, 3, 2)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 3, 2), (1, 2, 2)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 3, (1, 2)), (1, 2, 2, 2)),
}


def parametrized(wrapper, name, options):
    """The key, the layer, a function of its input and parameters, their names and values."""
    make, shape = LAYERS[name]
    key = (wrapper, name, sorted((k, str(v)) for k, v in options.items()))
    layer = getattr(parametrizations, wrapper)(make(), **options)
    names = [name for name, _ in layer.named_parameters()]
    values = [draw((*key, name), tuple(value.shape), 0.2, 2.0) for name, value in layer.named_parameters()]
    f = lambda x, *values: functional_call(layer, dict(zip(names, values)), (x,))
    return key, shape, layer, f, names, values


fused = torch._weight_norm


def by_definition(v, g, dim):
    return v * (g / torch.norm_except_dim(v, 2, dim))


def weight_norm(name, **options):
    key, shape, _, f, names, values = parametrized("weight_norm", name, options)
    torch._weight_norm = fused
    theirs = derivatives(key, f, [draw(key, shape), *values])
    torch._weight_norm = by_definition
    record = derivatives(key, f, [draw(key, shape), *values])
    torch._weight_norm = fused
    for ours, same in zip([record["output"], *record["grads"]], [theirs["output"], *theirs["grads"]]):
        assert torch.allclose(ours, same, rtol=1e-13, atol=1e-13)
    return {"layer": name, "options": options, "wrt": ["x", *names], **record}


def spectral_norm(name, **options):
    key, shape, layer, f, names, values = parametrized("spectral_norm", name, options)
    for vector, buffer in layer.named_buffers():
        start = draw((*key, vector), tuple(buffer.shape))
        buffer.copy_(start / start.norm())
    vectors = lambda: {vector: buffer.clone() for vector, buffer in layer.named_buffers()}
    states = [vectors()]
    batches = [draw((*key, i), shape) for i in range(2)]
    f(batches[0], *values)
    states.append(vectors())
    training = derivatives((*key, "training"), f, [batches[1], *values])
    states.append(vectors())
    layer.eval()
    evaluation = derivatives((*key, "evaluation"), f, [batches[1], *values])
    assert all(states[2][vector].equal(value) for vector, value in vectors().items())
    return {
        "layer": name,
        "options": options,
        "wrt": ["x", *names],
        "batch": batches[0],
        "states": states,
        "training": training,
        "evaluation": evaluation,
    }


write(
    "parametrizations",
    weight_norm=[weight_norm(name, **options) for name in LAYERS for options in ({}, {"dim": 1}, {"dim": None})],
    spectral_norm=[
        spectral_norm(name, **options)
        for name in LAYERS
        for options in ({}, {"n_power_iterations": 3}, {"dim": 1}, {"dim": 0, "eps": 10.0})
    ],
)
