"""init.json: gains, fans, and the distributions PyTorch's initialisers draw from: nothing random is stored.

Bounds and deviations are PyTorch's own: recorded from the arguments its initialisers pass on to uniform_ and normal_.
"""

import math
from unittest import mock

import mpmath as mp
import torch
from torch import nn
from torch.nn import init

from common import write

gains = []
for name in ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid", "tanh", "relu", "selu"):
    gains.append({"nonlinearity": name, "param": None, "gain": float(init.calculate_gain(name))})
for a in (None, 0.0, 0.01, 0.2, 1.0, math.sqrt(5)):
    gains.append({"nonlinearity": "leaky_relu", "param": a, "gain": float(init.calculate_gain("leaky_relu", a))})
table = {g["nonlinearity"]: g["gain"] for g in gains if g["param"] is None}
assert table["linear"] == table["conv2d"] == table["sigmoid"] == 1 and table["tanh"] == 5 / 3
assert table["relu"] == math.sqrt(2) and table["selu"] == 0.75 and table["leaky_relu"] == math.sqrt(2 / (1 + 0.01**2))

SHAPES = [(128, 784), (10, 128), (1, 1), (3, 5), (5, 3), (8, 3, 5), (16, 3, 3, 3), (6, 2, 5, 5), (4, 2, 3, 3, 3)]
fans = [{"shape": s, "fan_in": f[0], "fan_out": f[1]} for s in SHAPES for f in [init._calculate_fan_in_and_fan_out(torch.empty(s))]]


def drawn(fill, shape):
    """What the initialiser asks the generator for: {"low", "high"} of a uniform or {"mean", "std"} of a normal distribution."""
    asked = {}

    def uniform(self, a=0.0, b=1.0, generator=None):
        asked.update(low=float(a), high=float(b))
        return self

    def normal(self, mean=0.0, std=1.0, generator=None):
        asked.update(mean=float(mean), std=float(std))
        return self

    with mock.patch.object(torch.Tensor, "uniform_", uniform), mock.patch.object(torch.Tensor, "normal_", normal):
        fill(torch.empty(shape))
    return asked


distributions = []
for s in SHAPES:
    for gain in (1.0, math.sqrt(2), 5 / 3):
        distributions.append({"init": "xavier_uniform", "shape": s, "options": {"gain": gain}, **drawn(lambda w: init.xavier_uniform_(w, gain), s)})
        distributions.append({"init": "xavier_normal", "shape": s, "options": {"gain": gain}, **drawn(lambda w: init.xavier_normal_(w, gain), s)})
    for mode in ("fan_in", "fan_out"):
        for nonlinearity, a in (("relu", 0.0), ("leaky_relu", 0.0), ("leaky_relu", 0.2), ("leaky_relu", math.sqrt(5)), ("tanh", 0.0), ("linear", 0.0), ("selu", 0.0)):
            options = {"a": a, "mode": mode, "nonlinearity": nonlinearity}
            distributions.append({"init": "kaiming_uniform", "shape": s, "options": options, **drawn(lambda w: init.kaiming_uniform_(w, **options), s)})
            distributions.append({"init": "kaiming_normal", "shape": s, "options": options, **drawn(lambda w: init.kaiming_normal_(w, **options), s)})

# The layers' defaults, found the same way: one call for the weight, one for the bias.
layers = []
for name, make in (("Linear(784, 128)", lambda: nn.Linear(784, 128)), ("Linear(4, 5)", lambda: nn.Linear(4, 5)), ("Conv2d(3, 16, 3)", lambda: nn.Conv2d(3, 16, 3)),
                   ("Conv2d(4, 8, 5, groups=2)", lambda: nn.Conv2d(4, 8, 5, groups=2)), ("Embedding(10, 4)", lambda: nn.Embedding(10, 4)),
                   ("Conv1d(4, 6, 3, groups=2)", lambda: nn.Conv1d(4, 6, 3, groups=2)), ("ConvTranspose2d(4, 6, 3, groups=2)", lambda: nn.ConvTranspose2d(4, 6, 3, groups=2)),
                   ("LSTM(3, 4, 2, bidirectional)", lambda: nn.LSTM(3, 4, 2, bidirectional=True)), ("GRU(3, 4)", lambda: nn.GRU(3, 4)),
                   ("RNN(3, 4)", lambda: nn.RNN(3, 4)), ("LSTMCell(3, 4)", lambda: nn.LSTMCell(3, 4))):
    calls = []

    def uniform(self, a=0.0, b=1.0, generator=None):
        calls.append({"shape": list(self.shape), "low": float(a), "high": float(b)})
        return self

    def normal(self, mean=0.0, std=1.0, generator=None):
        calls.append({"shape": list(self.shape), "mean": float(mean), "std": float(std)})
        return self

    with mock.patch.object(torch.Tensor, "uniform_", uniform), mock.patch.object(torch.Tensor, "normal_", normal):
        make()
    layers.append({"layer": name, "draws": calls})
k = 1 / math.sqrt(784)
assert all(abs(c["high"] - k) < 1e-16 for c in layers[0]["draws"])

# Moments of the truncated normal distribution, by quadrature to 30 digits; a and b are absolute values, not deviations.
mp.mp.dps = 30
truncated = []
for mean, std, a, b in ((0.0, 1.0, -2.0, 2.0), (0.0, 0.02, -2.0, 2.0), (0.0, 0.02, -0.04, 0.04), (1.0, 2.0, -1.0, 4.0), (0.0, 1.0, 1.0, 3.0), (-1.0, 0.5, -2.0, 0.0)):
    density = lambda x: mp.npdf(x, mean, std)
    edges = sorted({mp.mpf(a), mp.mpf(b), *(mp.mpf(mean + k * std) for k in range(-12, 13) if a < mean + k * std < b)})
    mass = mp.quad(density, edges)
    m1 = mp.quad(lambda x: x * density(x), edges) / mass
    m2 = mp.quad(lambda x: (x - m1) ** 2 * density(x), edges) / mass
    truncated.append({"mean": mean, "std": std, "a": a, "b": b, "true_mean": float(mp.chop(m1)), "true_std": float(mp.sqrt(m2))})
    torch.manual_seed(0)
    x = init.trunc_normal_(torch.empty(400_000), mean, std, a, b)
    assert x.min() >= a and x.max() <= b
    assert abs(x.mean() - float(m1)) < 0.01 * std and abs(x.std() - float(mp.sqrt(m2))) < 0.01 * std, truncated[-1]

write("init", gains=gains, fans=fans, distributions=distributions, layers=layers, truncated_normal=truncated)
