"""pooling.json: pooling, padding and resizing, as ops.json; what ties and NaN do in max pooling, as kinks.json."""

import math

import torch
import torch.nn.functional as F

from common import derivatives, draw, write

cases = []


def case(op, shape, f, **params):
    key = (op, sorted((k, str(v)) for k, v in params.items()), shape)
    # All elements are different, so that a maximum is one element.
    cases.append({"op": op, "params": params, **derivatives(key, f, [draw(key, shape)])})


ROW, PLANE = (2, 1, 7), (1, 2, 4, 5)

# ---- moving windows

for options in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 1}, {"kernel_size": 3, "stride": 2, "padding": 1},
                {"kernel_size": 2, "ceil_mode": True}, {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}):
    case("max_pool1d", ROW, lambda x: F.max_pool1d(x, **options), **options)
    case("avg_pool1d", ROW, lambda x: F.avg_pool1d(x, **options), **options)
case("max_pool1d", ROW, lambda x: F.max_pool1d(x, 3, dilation=2, padding=1), kernel_size=3, dilation=2, padding=1)
case("avg_pool1d", ROW, lambda x: F.avg_pool1d(x, 3, 2, 1, count_include_pad=False), kernel_size=3, stride=2, padding=1,
     count_include_pad=False)
for options in ({"kernel_size": [2, 2]}, {"kernel_size": [3, 2], "stride": [1, 2], "padding": [1, 0]},
                {"kernel_size": [2, 3], "stride": [3, 2], "padding": [1, 1], "ceil_mode": True}):
    case("max_pool2d", PLANE, lambda x: F.max_pool2d(x, **options), **options)
    case("avg_pool2d", PLANE, lambda x: F.avg_pool2d(x, **options), **options)
    for more in ({"count_include_pad": False}, {"divisor_override": 5}):
        case("avg_pool2d", PLANE, lambda x: F.avg_pool2d(x, **options, **more), **options, **more)
options = {"kernel_size": [2, 3], "stride": [1, 1], "padding": [1, 1], "dilation": [3, 2], "ceil_mode": True}
case("max_pool2d", PLANE, lambda x: F.max_pool2d(x, **options), **options)
case("max_pool2d", (2, 6, 4), lambda x: F.max_pool2d(x, 2), kernel_size=[2, 2])

# ---- windows that cover an axis evenly

for size in (1, 3, 5, 9):
    case("adaptive_max_pool1d", ROW, lambda x: F.adaptive_max_pool1d(x, size), output_size=[size])
    case("adaptive_avg_pool1d", ROW, lambda x: F.adaptive_avg_pool1d(x, size), output_size=[size])
for size in ([1, 1], [2, 3], [None, 2], [3, None], [5, 4]):
    case("adaptive_max_pool2d", PLANE, lambda x: F.adaptive_max_pool2d(x, size), output_size=size)
    case("adaptive_avg_pool2d", PLANE, lambda x: F.adaptive_avg_pool2d(x, size), output_size=size)

# ---- padding; `pad` is PyTorch's list, the last axis first

for mode in ("constant", "reflect", "replicate", "circular"):
    for shape, pad in ((ROW, [2, 1]), (ROW, [0, 3]), (PLANE, [1, 2, 3, 0]), (PLANE, [0, 0, 2, 1])):
        case("pad", shape, lambda x: F.pad(x, pad, mode), pad=pad, mode=mode)
case("pad", (2, 3), lambda x: F.pad(x, [1, 0, 0, 2], value=0.5), pad=[1, 0, 0, 2], mode="constant", value=0.5)

# ---- resizing


def resize(shape, mode, align_corners, **to):
    options = {"mode": mode} if align_corners is None else {"mode": mode, "align_corners": align_corners}
    case("interpolate", shape, lambda x: F.interpolate(x, **to, **options), **to, **options)


for to in ({"size": [4]}, {"size": [11]}, {"size": [1]}, {"scale_factor": [2.0]}, {"scale_factor": [0.6]}, {"scale_factor": [1.7]}):
    resize(ROW, "nearest", None, **to)
    resize(ROW, "linear", False, **to)
    resize(ROW, "linear", True, **to)
for to in ({"size": [7, 3]}, {"size": [1, 5]}, {"scale_factor": [2.0, 2.0]}, {"scale_factor": [1.5, 0.7]}):
    resize(PLANE, "nearest", None, **to)
    resize(PLANE, "bilinear", False, **to)
    resize(PLANE, "bilinear", True, **to)
case("pixel_shuffle", (1, 8, 2, 1), lambda x: F.pixel_shuffle(x, 2), factor=2)
case("pixel_shuffle", (9, 1, 2), lambda x: F.pixel_shuffle(x, 3), factor=3)
case("pixel_unshuffle", (1, 2, 4, 2), lambda x: F.pixel_unshuffle(x, 2), factor=2)
case("unflatten", (2, 6), lambda x: x.unflatten(1, (3, 2)), axis=1, sizes=[3, 2])
case("unflatten", (4, 3), lambda x: x.unflatten(0, (-1, 2, 1)), axis=0, sizes=[2, 2, 1])

# ---- which element of several is the maximum

nan, inf = math.nan, math.inf
maxima = []
PLANES = [
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 0.0], [0.0, -0.0, 3.0, 1.0], [-0.0, 0.0, 1.0, 3.0]],
    [[-inf, -inf, nan, 1.0], [-inf, -inf, 2.0, inf], [nan, nan, inf, inf], [nan, 0.0, inf, nan]],
    [[nan, 1.0, 2.0, nan], [1.0, nan, nan, 1.0], [1.0, inf, -inf, nan], [inf, 1.0, nan, -inf]],
]
for op, f, options in (
    ("max_pool2d", F.max_pool2d, {"kernel_size": [2, 2]}),
    ("max_pool2d", F.max_pool2d, {"kernel_size": [3, 3], "stride": [1, 1], "padding": [1, 1]}),
    ("max_pool2d", F.max_pool2d, {"kernel_size": [2, 2], "dilation": [2, 2], "stride": [1, 1]}),
    ("adaptive_max_pool2d", F.adaptive_max_pool2d, {"output_size": [1, 1]}),
    ("adaptive_max_pool2d", F.adaptive_max_pool2d, {"output_size": [3, 3]}),
    ("max_pool1d", F.max_pool1d, {"kernel_size": 2}),
    ("max_pool1d", F.max_pool1d, {"kernel_size": 3, "stride": 1, "padding": 1}),
    ("adaptive_max_pool1d", F.adaptive_max_pool1d, {"output_size": [3]}),
):
    x = torch.tensor(PLANES).requires_grad_()
    output, indices = f(x, **options, return_indices=True)
    weights = torch.arange(1.0, output.numel() + 1).reshape(output.shape)
    (grad,) = torch.autograd.grad((output * weights).sum(), x)
    maxima.append({"op": op, "params": options, "input": x, "output": output, "indices": indices, "weights": weights, "grad": grad})

# ---- what PyTorch rejects

for f, x in (
    (lambda x: F.max_pool1d(x, 3), torch.ones(1, 2)),
    (lambda x: F.max_pool1d(x, 3, 2, ceil_mode=True), torch.ones(1, 1)),
    (lambda x: F.max_pool1d(x, 2, padding=2), torch.ones(1, 5)),
    (lambda x: F.avg_pool2d(x, 2, padding=2), torch.ones(1, 5, 5)),
    (lambda x: F.avg_pool2d(x, 2, divisor_override=0), torch.ones(1, 5, 5)),
    (lambda x: F.adaptive_avg_pool2d(x, 2), torch.ones(2, 3, 0, 2)),
    (lambda x: F.pad(x, [3, 0], "reflect"), torch.ones(1, 3)),
    (lambda x: F.pad(x, [4, 0], "circular"), torch.ones(1, 3)),
    (lambda x: F.pad(x, [1, 0], "replicate"), torch.ones(1, 0)),
    (lambda x: F.interpolate(x, size=[0]), torch.ones(1, 1, 3)),
    (lambda x: F.pixel_shuffle(x, 2), torch.ones(6, 2, 2)),
):
    try:
        f(x)
    except (RuntimeError, ValueError):
        continue
    raise AssertionError(f"accepted {tuple(x.shape)}")

write("pooling", cases=cases, maxima=maxima)
