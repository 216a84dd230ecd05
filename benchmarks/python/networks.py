"""Networks F to J of the comparison, as far as they are not a framework's affair: initial weights and data.

`../README.md` describes them for every language.
"""

import math

import numpy as np

import common

SYMBOLS = 64
LENGTH = 32  # of a piece of text
SAMPLES = 3200  # pieces of text, sequences
CHECKED_SAMPLES = 320  # the training loss of G, H and J is taken over the first so many

STEPS, FEATURES = 20, 8  # of the sequences of J


def _dense(name, inputs, outputs):
    return [(name + ".weight", (outputs, inputs), inputs), (name + ".bias", (outputs,), inputs)]


def _convolution(name, inputs, outputs):
    return [(name + ".weight", (outputs, inputs, 3, 3), inputs * 9), (name + ".bias", (outputs,), inputs * 9)]


def _recurrent(name, gates, inputs, hidden):
    shapes = {"weight_ih_l0": (gates * hidden, inputs), "weight_hh_l0": (gates * hidden, hidden)}
    shapes |= {"bias_ih_l0": (gates * hidden,), "bias_hh_l0": (gates * hidden,)}
    return [(f"{name}.{key}", shape, hidden) for key, shape in shapes.items()]


def _norm(name, features):
    return [(name + ".weight", (features,), 0), (name + ".bias", (features,), 0)]


def _block(name):
    return [
        (name + ".self_attn.in_proj_weight", (192, 64), 64),
        (name + ".self_attn.in_proj_bias", (192,), 64),
        *_dense(name + ".self_attn.out_proj", 64, 64),
        *_dense(name + ".linear1", 64, 256),
        *_dense(name + ".linear2", 256, 64),
        *_norm(name + ".norm1", 64),
        *_norm(name + ".norm2", 64),
    ]


# In PyTorch's order, with the number of inputs that bounds the initial values: 0 for those of a normalization, which are
# not drawn.
PARAMETERS = {
    "F": [*_convolution("conv1", 1, 16), *_convolution("conv2", 16, 32), *_dense("fc1", 1568, 128), *_dense("fc2", 128, 10)],
    "G": [("embedding.weight", (64, 32), 1), *_recurrent("lstm", 4, 32, 128), *_dense("head", 128, 64)],
    "H": [
        ("embedding.weight", (64, 64), 1),
        ("positions", (LENGTH, 64), 1),
        *_block("blocks.0"),
        *_block("blocks.1"),
        *_dense("head", 64, 64),
    ],
    "I": [
        *_dense("fc1", 784, 256),
        *_norm("bn1", 256),
        *_dense("fc2", 256, 256),
        *_norm("bn2", 256),
        *_dense("fc3", 256, 10),
    ],
    "J": [*_recurrent("gru", 3, FEATURES, 32), *_dense("head", 32, 1)],
}


def initial_weights(config):
    """The parameters by name."""
    generator = common.SplitMix64(1)

    def value(name, shape, fan_in):
        if fan_in == 0:
            return np.full(shape, 1 if name.endswith("weight") else 0, dtype=np.float32)
        return generator.uniform(math.prod(shape), fan_in).reshape(shape)

    return {name: value(name, shape, fan_in) for name, shape, fan_in in PARAMETERS[config]}


def text():
    """The pieces [3200, 33] of a made-up text: after symbol s come eight different ones, from 5·s on."""
    symbols = [0]
    for draw in (common.SplitMix64(2).draw(SAMPLES * LENGTH + 1) % np.uint64(8)).tolist():
        symbols.append((5 * symbols[-1] + draw) % SYMBOLS)
    symbols = np.array(symbols[1:], dtype=np.int64)
    return np.stack([symbols[i : i + LENGTH + 1] for i in range(0, SAMPLES * LENGTH, LENGTH)])


def sequences():
    """Random sequences [20, 3200, 8], and a quarter of the sum of the first feature, [3200, 1]."""
    x = common.SplitMix64(3).uniform(STEPS * SAMPLES * FEATURES, 1).reshape(STEPS, SAMPLES, FEATURES)
    total = np.zeros(SAMPLES)
    for step in x:
        total += step[:, 0]
    return x, (total / 4).astype(np.float32)[:, None]
