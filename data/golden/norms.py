"""norms.json: layer, root mean square, group, instance and two-dimensional batch normalisation, and layers that gate or mix.

`derivatives` as in ops.json. Of a normalisation with statistics: those after each of two training batches, the derivatives of the
second, and what evaluation then makes of it, with its derivatives.
"""

import itertools

import torch
from torch import nn
from torch.func import functional_call

from common import derivatives, draw, write


def parameters_of(key, layer):
    names = [name for name, _ in layer.named_parameters()]
    return names, [draw((*key, name), tuple(value.shape), 0.5, 2.0) for name, value in layer.named_parameters()]


def stateless(kind, make, shape, **options):
    """A layer of one input, which behaves alike in training and evaluation."""
    key = (kind, shape, sorted((k, str(v)) for k, v in options.items()))
    layer = make(**options)
    names, parameters = parameters_of(key, layer)
    f = lambda x, *values: functional_call(layer, dict(zip(names, values)), (x,))
    return {"options": options, "wrt": ["x", *names], **derivatives(key, f, [draw(key, shape), *parameters])}


def stateful(kind, make, shape, **options):
    key = (kind, shape, sorted((k, str(v)) for k, v in options.items()))
    layer = make(**options)
    names, parameters = parameters_of(key, layer)
    f = lambda x, *values: functional_call(layer, dict(zip(names, values)), (x,))
    statistics = lambda: {name: value.clone() for name, value in layer.named_buffers()}
    batches = [draw((*key, i), shape) for i in range(2)]
    f(batches[0], *parameters)
    states = [statistics()]
    training = derivatives((*key, "training"), f, [batches[1], *parameters])
    states.append(statistics())
    layer.eval()
    evaluation = derivatives((*key, "evaluation"), f, [batches[1], *parameters])
    return {"options": options, "wrt": ["x", *names], "batch": batches[0], "states": states, "training": training, "evaluation": evaluation}


layer_norms = [
    stateless("layer_norm", nn.LayerNorm, shape, normalized_shape=sizes, **options)
    for shape, sizes in (((2, 3), [3]), ((2, 2, 3), [3]), ((2, 2, 3), [2, 3]), ((3,), [3]), ((2, 1), [1]))
    for options in ({}, {"eps": 0.5}, {"bias": False}, {"elementwise_affine": False})
]

rms_norms = [
    stateless("rms_norm", nn.RMSNorm, shape, normalized_shape=sizes, **options)
    for shape, sizes in (((2, 3), [3]), ((2, 2, 3), [2, 3]), ((3,), [3]))
    for options in ({}, {"eps": 0.5}, {"elementwise_affine": False})
]

# Of two elements only the sign of the difference is left, and the derivatives are differences of large numbers: not in groups of two.
group_norms = [
    stateless("group_norm", nn.GroupNorm, shape, num_groups=groups, num_channels=shape[1], **options)
    for shape, groups in (((2, 6), 2), ((2, 4, 3), 2), ((2, 3, 2), 1), ((2, 3, 3), 3), ((1, 4, 2, 2), 2))
    for options in ({}, {"eps": 0.5}, {"affine": False})
]

instance_norms = [
    stateful(f"instance_norm{d}d", {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d}[d], shape, num_features=shape[-1 - d], **options)
    for d, shape in ((1, (2, 3, 4)), (1, (2, 4)), (2, (2, 2, 2, 3)), (2, (2, 2, 2)))
    for options in (
        {},
        {"affine": True, "eps": 0.5},
        {"track_running_stats": True, "momentum": 0.3},
        {"affine": True, "track_running_stats": True},
    )
]
# The number of batches is never counted, and a momentum of None is one of 0.
layer = nn.InstanceNorm1d(2, track_running_stats=True, momentum=None)
layer(draw("none", (2, 2, 3)))
assert layer.num_batches_tracked == 0 and layer.running_mean.eq(0).all() and layer.running_var.eq(1).all()

batch_norms = [
    stateful("batch_norm2d", nn.BatchNorm2d, shape, num_features=shape[1], momentum=momentum, affine=affine, track_running_stats=track)
    for shape in ((2, 2, 2, 2), (1, 2, 1, 3))
    for momentum, affine, track in itertools.product((0.3, None), (True, False), (True, False))
]

# ---- gates and mixtures

prelus = [
    stateless("prelu", nn.PReLU, shape, num_parameters=count)
    for shape, count in (((5,), 1), ((2, 3), 3), ((2, 3), 1), ((2, 3, 2), 3), ((1, 2, 2, 2), 2))
]

glus = [
    stateless("glu", nn.GLU, shape, dim=dim) for shape, dim in (((4,), 0), ((2, 4), 1), ((2, 4), -2), ((2, 4, 3), 1))
] + [
    {"options": {"function": name}, "wrt": ["x"], **derivatives(("glu", name), f, [draw(("glu", name), (2, 6))])}
    for name, f in (
        ("geglu", lambda x: x.chunk(2, -1)[0] * nn.functional.gelu(x.chunk(2, -1)[1])),
        ("swiglu", lambda x: x.chunk(2, -1)[0] * nn.functional.silu(x.chunk(2, -1)[1])),
    )
]

softmaxes = [stateless("softmax2d", nn.Softmax2d, shape) for shape in ((2, 3, 1, 2), (3, 2, 2))]


def bilinear(leading, in1, in2, out, bias):
    key = ("bilinear", leading, in1, in2, out, bias)
    layer = nn.Bilinear(in1, in2, out, bias=bias)
    names, parameters = parameters_of(key, layer)
    f = lambda a, b, *values: functional_call(layer, dict(zip(names, values)), (a, b))
    inputs = [draw((*key, 1), (*leading, in1)), draw((*key, 2), (*leading, in2)), *parameters]
    return {"options": {"bias": bias}, "wrt": ["x1", "x2", *names], **derivatives(key, f, inputs)}


bilinears = [
    bilinear(leading, *sizes, bias)
    for leading, sizes in (((3,), (2, 3, 2)), ((), (2, 1, 3)), ((2, 2), (1, 2, 2)))
    for bias in (True, False)
]

# ---- dropout: the constants of an element that is kept and of one that is not, by a mask that is all ones or all zeros


def alpha_dropout(p):
    torch.manual_seed(0)
    x = torch.full((2000,), 3.0)
    y = torch.nn.functional.alpha_dropout(x, p, training=True)
    low, high = y.unique().tolist() if y.unique().numel() == 2 else (None, None)
    assert low is not None and low < high, y.unique()
    return {"p": p, "x": 3.0, "replaced": low, "kept": high}


alpha_dropouts = [alpha_dropout(p) for p in (0.1, 0.5, 0.9)]

write(
    "norms",
    layer_norm=layer_norms,
    rms_norm=rms_norms,
    group_norm=group_norms,
    instance_norm=instance_norms,
    batch_norm2d=batch_norms,
    prelu=prelus,
    glu=glus,
    softmax2d=softmaxes,
    bilinear=bilinears,
    alpha_dropout=alpha_dropouts,
)
