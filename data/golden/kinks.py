"""kinks.json: which subgradient PyTorch takes at every kink, tie and edge of a domain, and what NaN does there.

`wrt` says how many leading inputs were differentiated; `grads` are gradients of the sum of the output.
"""

import math

import torch
import torch.nn.functional as F

from common import enc, write

nan, inf = math.nan, math.inf
cases = []


def kink(op, inputs, f, expect=None, **params):
    """Measure, and where the table of rules states a result, insist on it."""
    xs = [torch.tensor(x, dtype=torch.float64).requires_grad_() for x in inputs]
    y = f(*xs)
    grads = [torch.zeros_like(x) for x in xs]
    if y.requires_grad:
        got = torch.autograd.grad(y.sum(), xs, allow_unused=True)
        grads = [torch.zeros_like(x) if g is None else g for g, x in zip(got, xs)]
    cases.append({"op": op, "params": params, "inputs": xs, "output": y, "grads": grads})
    if expect is not None:
        want = [torch.tensor(e, dtype=torch.float64) for e in expect]
        for g, w in zip(grads, want, strict=True):
            # The slack is for hardsigmoid alone: PyTorch's f64 kernel multiplies by 1/6 rounded to f32.
            assert torch.allclose(g, w, rtol=5e-8, atol=0, equal_nan=True), (op, params, enc(g), enc(w))


# piecewise-linear activations: 0 at every kink
kink("relu", [[-1.0, -0.0, 0.0, 1.0]], F.relu, [[0, 0, 0, 1]])
kink("threshold", [[-1.0, 0.0, 1.0]], lambda x: F.threshold(x, 0.0, 0.0), [[0, 0, 1]], threshold=0.0, value=0.0)
kink("threshold", [[0.0, 1.0, 2.0]], lambda x: F.threshold(x, 1.0, 20.0), [[0, 0, 1]], threshold=1.0, value=20.0)
kink("relu6", [[-1.0, 0.0, 3.0, 6.0, 7.0]], F.relu6, [[0, 0, 1, 0, 0]])
kink("hardtanh", [[-2.0, -1.0, 0.0, 1.0, 2.0]], F.hardtanh, [[0, 0, 1, 0, 0]])
kink("hardsigmoid", [[-4.0, -3.0, 0.0, 3.0, 4.0]], F.hardsigmoid, [[0, 0, 1 / 6, 0, 0]])
kink("hardswish", [[-4.0, -3.0, 0.0, 3.0, 4.0]], F.hardswish)
kink("leaky_relu", [[-1.0, 0.0, 1.0]], lambda x: F.leaky_relu(x, 0.01), [[0.01, 0.01, 1]], negative_slope=0.01)
kink("leaky_relu", [[-1.0, 0.0, 1.0]], lambda x: F.leaky_relu(x, 0.2), [[0.2, 0.2, 1]], negative_slope=0.2)
for alpha in (1.0, 0.5):
    kink("elu", [[0.0]], lambda x: F.elu(x, alpha), [[alpha]], alpha=alpha)
kink("selu", [[0.0]], F.selu)
kink("softsign", [[0.0]], F.softsign, [[1]])
kink("softplus", [[20.0, 20.0 + 2**-40, 19.9999]], lambda x: F.softplus(x, 1.0, 20.0), beta=1.0, threshold=20.0)
kink("abs", [[-1.0, -0.0, 0.0, 1.0]], torch.abs, [[-1, 0, 0, 1]])
kink("sign", [[-2.0, 0.0, 2.0]], torch.sign, [[0, 0, 0]])

# clamp exactly at a bound
kink("clamp", [[-2.0, -1.0, 0.0, 1.0, 2.0]], lambda x: torch.clamp(x, -1.0, 1.0), [[0, 0, 1, 0, 0]], min=-1.0, max=1.0)
kink("clamp", [[-2.0, -1.0, 0.0]], lambda x: torch.clamp(x, min=-1.0), [[0, 0, 1]], min=-1.0, max=None)
kink("clamp", [[0.0, 1.0, 2.0]], lambda x: torch.clamp(x, max=1.0), [[1, 0, 0]], min=None, max=1.0)

# ties
kink("maximum", [[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]], torch.maximum, [[0.5, 0, 1], [0.5, 1, 0]])
kink("minimum", [[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]], torch.minimum, [[0.5, 1, 0], [0.5, 0, 1]])
kink("maximum", [[0.0, -0.0], [-0.0, 0.0]], torch.maximum, [[0.5, 0.5], [0.5, 0.5]])
kink("max", [[1.0, 3.0, 3.0, 3.0]], lambda x: x.max(), [[0, 1 / 3, 1 / 3, 1 / 3]], axes=None)
kink("min", [[1.0, 3.0, 1.0]], lambda x: x.min(), [[0.5, 0, 0.5]], axes=None)
kink("max", [[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]], lambda x: x.amax(1), [[[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]]], axes=1)
kink("min", [[[1.0, 3.0, 1.0], [2.0, 2.0, 2.0]]], lambda x: x.amin(1), [[[0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3]]], axes=1)
kink("max", [[[1.0, 3.0], [3.0, 2.0]]], lambda x: x.amax((0, 1)), [[[0, 0.5], [0.5, 0]]], axes=[0, 1])
kink("median", [[1.0, 2.0, 2.0, 2.0, 5.0]], lambda x: x.median(), [[0, 1 / 3, 1 / 3, 1 / 3, 0]])
kink("max_with_index", [[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]], lambda x: x.max(1).values, [[[0, 1, 0], [1, 0, 0]]], axis=1)
kink("min_with_index", [[[1.0, 3.0, 1.0], [2.0, 2.0, 2.0]]], lambda x: x.min(1).values, [[[1, 0, 0], [1, 0, 0]]], axis=1)
kink("cummax", [[1.0, 3.0, 3.0, 2.0]], lambda x: x.cummax(0).values, axis=0)

# edges of a domain
kink("sqrt", [[0.0]], torch.sqrt, [[inf]])
kink("sqrt", [[-1.0]], torch.sqrt, [[nan]])
kink("rsqrt", [[0.0]], torch.rsqrt, [[-inf]])
kink("recip", [[0.0, -0.0]], torch.reciprocal, [[-inf, -inf]])
kink("ln", [[0.0]], torch.log, [[inf]])
kink("ln", [[-1.0]], torch.log)
kink("log1p", [[-1.0]], torch.log1p, [[inf]])
kink("div", [[0.0, 1.0], [0.0, 0.0]], torch.div)
kink("pow", [[0.0]], lambda x: x.pow(0.5), [[inf]], exponent=0.5)
kink("pow", [[0.0, 2.0]], lambda x: x.pow(0.0), [[0, 0]], exponent=0.0)
kink("pow", [[0.0]], lambda x: x.pow(1.0), [[1]], exponent=1.0)
kink("pow", [[0.0]], lambda x: x.pow(2.0), [[0]], exponent=2.0)
kink("pow", [[0.0]], lambda x: x.pow(-1.0), [[-inf]], exponent=-1.0)
kink("pow", [[-8.0]], lambda x: x.pow(2.5), exponent=2.5)
kink("pow_tensor", [[0.0, 0.0, 0.0], [0.0, 2.0, 1.0]], torch.pow, [[0, 0, 1], [0, 0, 0]])
kink("pow_tensor", [[-2.0, -2.0], [2.0, 3.0]], torch.pow, [[-4, 12], [nan, nan]])
kink("pow_tensor", [[0.0], [-1.0]], torch.pow)
kink("xlogy", [[0.0, 0.0, 2.0], [0.0, 3.0, 0.0]], torch.xlogy)

# norms, spreads, products
for p in (1.0, 2.0, 3.0, inf):
    kink("norm", [[0.0, 0.0, 0.0]], lambda x: torch.linalg.vector_norm(x, p), [[0, 0, 0]], p=p)
kink("norm", [[1.0, 0.0, -2.0]], lambda x: torch.linalg.vector_norm(x, 1), [[1, 0, -1]], p=1.0)
kink("norm", [[2.0, -2.0, 1.0, 2.0]], lambda x: torch.linalg.vector_norm(x, inf), [[1 / 3, -1 / 3, 0, 1 / 3]], p=inf)
for correction in (1, 0):
    kink("std", [[2.0, 2.0, 2.0]], lambda x: x.std(correction=correction), [[0, 0, 0]], correction=correction)
    kink("var", [[2.0, 2.0, 2.0]], lambda x: x.var(correction=correction), [[0, 0, 0]], correction=correction)
kink("std", [[2.0]], lambda x: x.std(correction=0), correction=0)
kink("prod", [[2.0, 0.0, 3.0]], lambda x: x.prod(), [[0, 6, 0]])
kink("prod", [[0.0, 2.0, 0.0]], lambda x: x.prod(), [[0, 0, 0]])
kink("prod", [[[2.0, 0.0, 3.0], [0.0, 2.0, 0.0]]], lambda x: x.prod(1), [[[0, 6, 0], [0, 0, 0]]], axis=1)

# the where trap: the branch not taken still multiplies 0 by infinity
kink("where_sqrt", [[0.0, 4.0]], lambda x: torch.where(x > 0, x.sqrt(), torch.zeros(())), [[nan, 0.25]])
kink("sigmoid", [[-800.0, 800.0]], torch.sigmoid, [[0, 0]])

# infinities and NaN: a NaN must come through
for op, f in (("relu", F.relu), ("relu6", F.relu6), ("leaky_relu", lambda x: F.leaky_relu(x, 0.01)), ("elu", F.elu), ("selu", F.selu),
              ("hardtanh", F.hardtanh), ("hardswish", F.hardswish), ("abs", torch.abs), ("clamp", lambda x: torch.clamp(x, -1.0, 1.0)),
              ("sigmoid", torch.sigmoid), ("log_sigmoid", F.logsigmoid), ("softplus", F.softplus), ("tanh", torch.tanh), ("gelu", F.gelu),
              ("silu", F.silu), ("mish", F.mish), ("erf", torch.erf), ("softsign", F.softsign), ("exp", torch.exp)):
    kink(op, [[nan, inf, -inf]], f, **({"min": -1.0, "max": 1.0} if op == "clamp" else {"negative_slope": 0.01} if op == "leaky_relu" else {}))
kink("maximum", [[nan, 1.0, inf], [1.0, nan, inf]], torch.maximum)
kink("minimum", [[nan, 1.0, -inf], [1.0, nan, -inf]], torch.minimum)
kink("max", [[1.0, nan, 2.0]], lambda x: x.max(), axes=None)
kink("min", [[1.0, nan, 2.0]], lambda x: x.min(), axes=None)
for op, f in (("logsumexp", lambda x: x.logsumexp(1)), ("softmax", lambda x: x.softmax(1)), ("log_softmax", lambda x: x.log_softmax(1))):
    kink(op, [[[-inf, 0.0], [-inf, -inf], [inf, 0.0], [nan, 0.0]]], f, axis=1)

write("kinks", cases=cases)
