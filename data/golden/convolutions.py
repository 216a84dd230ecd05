"""convolutions.json: convolutions, transposed convolutions, unfold and fold under every option: value, first and second derivatives.

`derivatives` as in ops.json.
"""

import torch.nn.functional as F

from common import derivatives, draw, write

FUNCTIONS = {
    "conv1d": F.conv1d,
    "conv2d": F.conv2d,
    "conv_transpose1d": F.conv_transpose1d,
    "conv_transpose2d": F.conv_transpose2d,
}
layers = []


def layer(op, x, weight, bias=True, **options):
    """`bias` has one entry per channel of the result."""
    key = (op, x, weight, bias, sorted((k, str(v)) for k, v in options.items()))
    channels = weight[1] * options.get("groups", 1) if "transpose" in op else weight[0]
    inputs = [draw((*key, "x"), x), draw((*key, "weight"), weight, -1.0, 1.0)]
    if bias:
        inputs.append(draw((*key, "bias"), (channels,), -1.0, 1.0))
    f = lambda x, weight, bias=None: FUNCTIONS[op](x, weight, bias, **options)
    layers.append({"op": op, "options": options, **derivatives(key, f, inputs)})


# One axis.
layer("conv1d", (2, 2, 5), (3, 2, 3))
layer("conv1d", (2, 2, 5), (3, 2, 3), bias=False)
layer("conv1d", (2, 5), (2, 2, 2))
layer("conv1d", (1, 1, 1), (1, 1, 1))
layer("conv1d", (2, 2, 6), (4, 1, 2), stride=2, groups=2)
layer("conv1d", (2, 3, 6), (6, 1, 3), padding=1, groups=3)
layer("conv1d", (2, 2, 7), (2, 2, 3), stride=3, padding=4, dilation=2)
layer("conv1d", (1, 2, 5), (2, 2, 4), padding="same")
layer("conv1d", (1, 2, 5), (2, 2, 3), padding="same", dilation=3)
layer("conv1d", (1, 2, 5), (2, 2, 3), padding="valid")
layer("conv1d", (1, 1, 40), (2, 1, 3), padding=1)
layer("conv1d", (2, 2, 5), (2, 2, 1), stride=4)

# Two axes.
layer("conv2d", (2, 2, 4, 5), (3, 2, 2, 3))
layer("conv2d", (2, 2, 4, 5), (3, 2, 2, 3), bias=False)
layer("conv2d", (2, 3, 4), (2, 2, 2, 1))
layer("conv2d", (1, 1, 1, 1), (1, 1, 1, 1))
layer("conv2d", (2, 3, 2, 3), (4, 3, 1, 1))
layer("conv2d", (2, 3, 3, 3), (2, 3, 1, 1), stride=2)
layer("conv2d", (2, 2, 4, 4), (2, 2, 3, 3), padding=1)
layer("conv2d", (2, 2, 5, 4), (2, 2, 3, 2), stride=(2, 1), padding=(1, 2))
layer("conv2d", (1, 2, 5, 5), (2, 2, 2, 2), dilation=(2, 3))
layer("conv2d", (1, 2, 5, 6), (2, 2, 3, 2), stride=2, padding=(2, 1), dilation=(1, 2))
layer("conv2d", (1, 1, 7, 7), (1, 1, 3, 3), stride=2, padding=2, dilation=2)
layer("conv2d", (2, 4, 3, 3), (4, 2, 2, 2), groups=2)
layer("conv2d", (2, 3, 3, 3), (3, 1, 3, 3), padding=1, groups=3)
layer("conv2d", (1, 2, 4, 4), (6, 1, 2, 2), stride=2, padding=1, groups=2)
layer("conv2d", (1, 2, 3, 4), (2, 2, 2, 3), padding="same")
layer("conv2d", (1, 1, 4, 3), (2, 1, 4, 2), padding="same", dilation=(1, 2))
layer("conv2d", (1, 2, 3, 4), (2, 2, 2, 3), padding="valid")
# A stride that leaves elements out, and more padding than the kernel is wide.
layer("conv2d", (1, 2, 4, 5), (2, 2, 1, 2), stride=3)
layer("conv2d", (1, 1, 2, 2), (1, 1, 1, 2), padding=3)
layer("conv2d", (2, 2, 5, 5), (7, 2, 3, 3), padding=1)

# Transposed.
layer("conv_transpose1d", (2, 3, 4), (3, 2, 3))
layer("conv_transpose1d", (2, 3, 4), (3, 2, 3), bias=False)
layer("conv_transpose1d", (2, 4), (2, 3, 2))
layer("conv_transpose1d", (2, 2, 3), (2, 2, 3), stride=2, padding=1, output_padding=1)
layer("conv_transpose1d", (2, 4, 3), (4, 1, 2), stride=3, groups=2)
layer("conv_transpose1d", (1, 2, 4), (2, 1, 3), padding=2, dilation=3, output_padding=2, groups=2)
layer("conv_transpose2d", (2, 2, 2, 3), (2, 3, 3, 2))
layer("conv_transpose2d", (2, 2, 2, 3), (2, 3, 3, 2), bias=False)
layer("conv_transpose2d", (2, 2, 3), (2, 1, 2, 2))
layer("conv_transpose2d", (2, 2, 2, 2), (2, 2, 3, 3), stride=2, padding=1, output_padding=1)
layer("conv_transpose2d", (1, 2, 3, 2), (2, 2, 2, 3), stride=(3, 2), padding=(0, 1), output_padding=(2, 0))
layer("conv_transpose2d", (1, 2, 3, 3), (2, 2, 2, 2), padding=1, dilation=(1, 2))
layer("conv_transpose2d", (1, 2, 2, 3), (2, 1, 2, 3), stride=2, padding=1, output_padding=(0, 1), dilation=2, groups=2)
layer("conv_transpose2d", (2, 4, 2, 2), (4, 2, 2, 2), stride=2, groups=2)
layer("conv_transpose2d", (1, 3, 3, 3), (3, 1, 3, 3), padding=1, groups=3)
layer("conv_transpose2d", (1, 2, 2, 2), (2, 2, 1, 1), stride=3)

patches = []


def patch(op, x, f, **options):
    key = (op, x, sorted((k, str(v)) for k, v in options.items()))
    patches.append({"op": op, "options": options, **derivatives(key, f, [draw(key, x)])})


for x, kernel, options in [
    ((2, 2, 3, 4), (2, 2), {}),
    ((1, 2, 3, 3), (1, 1), {}),
    ((2, 3, 4), (2, 3), {}),
    ((1, 1, 3, 4), (3, 2), {"padding": (1, 2)}),
    ((1, 2, 5, 4), (2, 2), {"stride": (2, 1), "dilation": (1, 2)}),
    ((1, 1, 5, 6), (2, 3), {"stride": (3, 2), "padding": (2, 1), "dilation": (2, 1)}),
]:
    unfold = lambda x: F.unfold(x, kernel, **options)
    patch("unfold", x, unfold, kernel_size=kernel, **options)
    columns = unfold(draw("columns", x)).shape
    fold = lambda x: F.fold(x, size, kernel, **options)
    size = x[-2:]
    patch("fold", tuple(columns), fold, output_size=size, kernel_size=kernel, **options)

write("convolutions", layers=layers, patches=patches)
