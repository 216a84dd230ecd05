"""ops.json: value, first and second derivatives of every differentiable operation, and the numerically extreme points."""

import mpmath as mp
import torch
import torch.nn.functional as F

from common import derivatives, draw, generator, write

cases = []


def case(op, inputs, f, **params):
    key = (op, sorted((k, str(v)) for k, v in params.items()), [tuple(x.shape) for x in inputs])
    cases.append({"op": op, "params": params, **derivatives(key, f, inputs)})


# ---- arithmetic, with every kind of broadcasting partner

PAIRS = [((2, 3), (2, 3)), ((3, 1), (1, 4)), ((2, 3), (3,)), ((), (2, 2)), ((2, 2), ()), ((), ()),
         ((2, 1, 3), (4, 1)), ((1,), (3,)), ((1, 1), (2, 3)), ((2, 3, 1), (2, 1, 4))]
for sa, sb in PAIRS:
    a, b = draw(("a", sa), sa), draw(("b", sb), sb, avoid=[0], gap=0.3)
    case("add", [a, b], lambda a, b: a + b)
    case("sub", [a, b], lambda a, b: a - b)
    case("mul", [a, b], lambda a, b: a * b)
    case("div", [a, b], lambda a, b: a / b)
    case("maximum", [a, b], torch.maximum)
    case("minimum", [a, b], torch.minimum)
    case("pow_tensor", [draw(("base", sa), sa, 0.2, 3), b], torch.pow)

# ---- elementwise functions of one argument

LINE = [-30.0, -12.5, -4.1, -2.6, -1.3, -0.7, -0.2, -1e-3, -1e-6, 1e-6, 1e-3, 0.2, 0.7, 1.3, 2.6, 4.1, 12.5, 30.0]
line = torch.tensor(LINE)
positive = torch.tensor([1e-6, 1e-3, 0.2, 0.7, 1.0, 1.3, 2.6, 12.5, 30.0, 1e4])
above_minus_one = torch.tensor([-0.999, -0.5, -1e-3, -1e-9, 1e-9, 1e-3, 0.5, 1.0, 30.0, 1e4])
grid = draw("grid", (2, 3), avoid=[-1, 0, 1, -0.5, 0.5])
grid_positive = draw("grid_positive", (2, 3), 0.1, 3.0)


def elementwise(op, f, x, matrix=None, **params):
    case(op, [x], f, **params)
    case(op, [grid if matrix is None else matrix], f, **params)


elementwise("neg", torch.neg, line)
elementwise("square", torch.square, line)
elementwise("sqrt", torch.sqrt, positive, grid_positive)
elementwise("rsqrt", torch.rsqrt, positive, grid_positive)
elementwise("recip", torch.reciprocal, torch.tensor([-30.0, -1.3, -0.2, -0.01, 0.01, 0.2, 1.3, 30.0]))
elementwise("exp", torch.exp, line)
elementwise("expm1", torch.expm1, line)
elementwise("ln", torch.log, positive, grid_positive)
elementwise("log1p", torch.log1p, above_minus_one, grid_positive)
elementwise("sin", torch.sin, line)
elementwise("cos", torch.cos, line)
elementwise("tanh", torch.tanh, line)
elementwise("sigmoid", torch.sigmoid, line)
elementwise("log_sigmoid", F.logsigmoid, line)
elementwise("softplus", lambda x: F.softplus(x, 1.0, 20.0), line, beta=1.0, threshold=20.0)
elementwise("softplus", lambda x: F.softplus(x, 2.0, 20.0), line, beta=2.0, threshold=20.0)
elementwise("relu", F.relu, line)
elementwise("relu6", F.relu6, line)
elementwise("leaky_relu", lambda x: F.leaky_relu(x, 0.01), line, negative_slope=0.01)
elementwise("leaky_relu", lambda x: F.leaky_relu(x, 0.2), line, negative_slope=0.2)
elementwise("elu", lambda x: F.elu(x, 1.0), line, alpha=1.0)
elementwise("elu", lambda x: F.elu(x, 0.5), line, alpha=0.5)
elementwise("selu", F.selu, line)
elementwise("gelu", F.gelu, line)
elementwise("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), line)
elementwise("silu", F.silu, line)
elementwise("mish", F.mish, line)
elementwise("hardtanh", F.hardtanh, line)
elementwise("hardswish", F.hardswish, line)
# PyTorch has no second derivative of its own hardsigmoid; this is the same function.
elementwise("hardsigmoid", lambda x: F.relu6(x + 3) / 6, line)
elementwise("softsign", F.softsign, line)
elementwise("erf", torch.erf, line)
elementwise("abs", torch.abs, line)

for e in (2.5, 0.5):
    elementwise("pow", lambda x: x.pow(e), positive, grid_positive, exponent=e)
elementwise("pow", lambda x: x.pow(-1), torch.tensor([-30.0, -1.3, -0.2, 0.2, 1.3, 30.0]), exponent=-1.0)
for e in (3.0, 2.0, 1.0, 0.0):
    elementwise("pow", lambda x: x.pow(e), line, exponent=e)

for low, high in ((-1.0, 1.5), (-1.0, None), (None, 1.5)):
    elementwise("clamp", lambda x: torch.clamp(x, low, high), line, min=low, max=high)

for sa, sb in (((2, 3), (2, 3)), ((2, 1), (1, 3)), ((2, 3), ()), ((3,), (2, 3))):
    a, b = draw(("where a", sa), sa), draw(("where b", sb), sb)
    condition = torch.rand(torch.broadcast_shapes(sa, sb), generator=generator("where", sa, sb)) < 0.5
    case("where", [a, b], lambda a, b: torch.where(condition, a, b), condition=condition)

# ---- reductions: one axis, several, all; with and without keepdim

x3 = draw("reduce", (2, 3, 4), avoid=[0])
x1 = draw("reduce1", (5,), avoid=[0])
x0 = draw("reduce0", (), avoid=[0])
thin = draw("thin", (1, 3, 1), avoid=[0])
ONE_AXIS = [(x3, 0), (x3, 1), (x3, 2), (x3, -2), (x1, 0), (thin, 1), (thin, 0)]
SEVERAL = [(x3, [0, 2]), (x3, [1, 2]), (x3, [-1, 0]), (x3, [0, 1, 2]), (thin, [0, 2])]


def reduction(op, f, one=True, several=True, all_axes=None, skip=lambda x, axes: False, **params):
    for x, axes in (ONE_AXIS if one else []) + (SEVERAL if several else []):
        for keepdim in (False, True):
            if not skip(x, axes):
                case(op, [x], lambda x: f(x, axes, keepdim), axes=axes, keepdim=keepdim, **params)
    if all_axes is not None:
        for x in (x3, x1, x0):
            if not skip(x, None):
                case(op, [x], all_axes, axes=None, keepdim=False, **params)


def too_few(x, axes):
    """Variance with correction 1 needs two entries."""
    names = range(x.dim()) if axes is None else [axes] if isinstance(axes, int) else axes
    n = 1
    for a in names:
        n *= x.shape[a]
    return n < 2


reduction("sum", lambda x, a, k: x.sum(a, keepdim=k), all_axes=lambda x: x.sum())
reduction("mean", lambda x, a, k: x.mean(a, keepdim=k), all_axes=lambda x: x.mean())
for correction in (1, 0):
    reduction("var", lambda x, a, k: x.var(a, correction=correction, keepdim=k),
              all_axes=lambda x: x.var(correction=correction), skip=too_few, correction=correction)
    reduction("std", lambda x, a, k: x.std(a, correction=correction, keepdim=k),
              all_axes=lambda x: x.std(correction=correction), skip=too_few, correction=correction)
reduction("max", lambda x, a, k: x.amax(a, keepdim=k), all_axes=lambda x: x.max())
reduction("min", lambda x, a, k: x.amin(a, keepdim=k), all_axes=lambda x: x.min())
reduction("prod", lambda x, a, k: x.prod(a, keepdim=k), several=False, all_axes=lambda x: x.prod())
for p in (1.0, 2.0, 3.0, float("inf")):
    reduction("norm", lambda x, a, k: torch.linalg.vector_norm(x, p, a, keepdim=k),
              all_axes=lambda x: torch.linalg.vector_norm(x, p), p=p)
reduction("logsumexp", lambda x, a, k: x.logsumexp(a, keepdim=k),
          all_axes=lambda x: x.logsumexp(tuple(range(x.dim()))))
wide = draw("wide", (3, 4), -30.0, 30.0)
case("logsumexp", [wide], lambda x: x.logsumexp(1), axes=1, keepdim=False)
for x in (x3, x1, wide):
    for axis in range(-1, x.dim()):
        case("softmax", [x], lambda x: x.softmax(axis), axis=axis)
        case("log_softmax", [x], lambda x: x.log_softmax(axis), axis=axis)
        case("cumsum", [x], lambda x: x.cumsum(axis), axis=axis)

# ---- matrix products

for sa, sb in [((3, 4), (4, 5)), ((1, 1), (1, 1)), ((1, 4), (4, 1)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)),
               ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (3, 4, 2)), ((1, 2, 3), (4, 3, 2)), ((3, 4), (4,)), ((4,), (4, 5)),
               ((4,), (4,)), ((2, 3, 4), (4,)), ((4,), (2, 4, 3)), ((2, 0), (0, 3)), ((0, 2), (2, 3))]:
    case("matmul", [draw(("mm a", sa), sa), draw(("mm b", sb), sb)], torch.matmul)

# ---- shapes and places

s2, s3 = draw("shape2", (2, 3)), draw("shape3", (2, 3, 4))
case("transpose", [s2], lambda x: x.transpose(0, 1), dim0=0, dim1=1)
case("transpose", [s3], lambda x: x.transpose(0, 2), dim0=0, dim1=2)
case("transpose", [s3], lambda x: x.transpose(-1, -2), dim0=-1, dim1=-2)
for axes in ((2, 0, 1), (1, 2, 0), (0, 2, 1)):
    case("permute", [s3], lambda x: x.permute(axes), axes=list(axes))
case("reshape", [s3], lambda x: x.reshape(4, 6), shape=[4, 6])
case("reshape", [s2], lambda x: x.reshape(6, 1), shape=[6, 1])
case("reshape", [draw("shape1", (1,))], lambda x: x.reshape(()), shape=[])
case("flatten", [s3], lambda x: x.flatten(), start=0, end=-1)
case("flatten", [s3], lambda x: x.flatten(1), start=1, end=-1)
case("flatten", [s3], lambda x: x.flatten(0, 1), start=0, end=1)
for shape, to in (((3,), (2, 3)), ((3, 1), (3, 4)), ((), (2, 2)), ((2, 1, 3), (2, 4, 3)), ((1, 1), (2, 3))):
    case("broadcast_to", [draw(("bt", shape), shape)], lambda x: x.broadcast_to(to), shape=list(to))
for axis, start, length in ((0, 1, 1), (1, 0, 2), (1, 1, 2), (2, 1, 3), (2, 0, 4)):
    case("narrow", [s3], lambda x: x.narrow(axis, start, length), axis=axis, start=start, length=length)
for axes in ([0], [1], [0, 2], [0, 1, 2]):
    case("flip", [s3], lambda x: x.flip(axes), axes=axes)
for axis, shapes in ((0, [(2, 3), (1, 3), (3, 3)]), (1, [(2, 3), (2, 1)]), (-1, [(2, 1, 2), (2, 1, 3)]), (0, [(2,), (0,), (3,)])):
    xs = [draw(("concat", i, s), s) for i, s in enumerate(shapes)]
    case("concat", xs, lambda *xs: torch.cat(xs, axis), axis=axis)
for axis in (0, 1, 2, -1):
    xs = [draw(("stack", i), (2, 3)) for i in range(3)]
    case("stack", xs, lambda *xs: torch.stack(xs, axis), axis=axis)
for axis, indices in ((0, [1, 0, 1, 1]), (1, [2, 2, 0]), (2, [3, 1, 3, 0, 0]), (0, [])):
    i = torch.tensor(indices, dtype=torch.int64)
    case("index_select", [s3], lambda x: x.index_select(axis, i), axis=axis, indices=indices)
for axis, index in ((0, [[1, 0, 1], [1, 1, 0], [0, 0, 1]]), (1, [[0, 0, 2, 1], [2, 2, 2, 0]]), (-1, [[1], [2]])):
    i = torch.tensor(index)
    case("gather", [s2], lambda x: x.gather(axis, i), axis=axis, index=i)
for axis, index, shape in ((0, [[1, 0, 1], [1, 1, 0], [0, 0, 1]], (2, 3)), (1, [[0, 0, 2, 1], [2, 2, 2, 0]], (2, 3)), (0, [0, 2, 2, 2], (4,))):
    i = torch.tensor(index)
    case("scatter_add", [draw(("sa", shape), shape), draw(("src", i.shape), i.shape)],
         lambda x, src: x.scatter_add(axis, i, src), axis=axis, index=i)

# ---- nothing to reduce over

empty = []
nothing = torch.zeros(0, 3)
for op, f in (("sum", lambda x: x.sum(0)), ("mean", lambda x: x.mean(0)), ("prod", lambda x: x.prod(0)),
              ("logsumexp", lambda x: x.logsumexp(0)), ("norm", lambda x: torch.linalg.vector_norm(x, 2, 0)),
              ("softmax", lambda x: x.softmax(0)), ("log_softmax", lambda x: x.log_softmax(1)), ("cumsum", lambda x: x.cumsum(0))):
    x = nothing.clone().requires_grad_()
    y = f(x)
    empty.append({"op": op, "params": {"axis": 1 if op == "log_softmax" else 0}, "input": x, "output": y,
                  "grad": torch.autograd.grad(y.sum(), x)[0]})
x = nothing.clone().requires_grad_()
empty.append({"op": "sum", "params": {"axis": 1}, "input": x, "output": x.sum(1), "grad": torch.autograd.grad(x.sum(1).sum(), x)[0]})

# ---- extreme arguments, in both precisions, beside the mathematically exact result

mp.mp.dps = 2000  # enough for 1 - tanh(1000)^2 and the like


def exactly(op, x):
    x = mp.mpf(x)
    cdf = lambda z: mp.erfc(-z / mp.sqrt(2)) / 2
    pdf = lambda z: mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)
    sig = lambda z: 1 / (1 + mp.exp(-z))
    a, s = mp.mpf("1.6732632423543772848170429916717"), mp.mpf("1.0507009873554804934193349852946")
    if op == "sigmoid":
        return sig(x), sig(x) * sig(-x)
    if op == "log_sigmoid":
        return -mp.log1p(mp.exp(-x)), sig(-x)
    if op == "softplus":  # without PyTorch's threshold, which changes the value by 2e-9 at most
        return mp.log1p(mp.exp(x)), sig(x)
    if op == "tanh":
        return mp.tanh(x), 1 / mp.cosh(x) ** 2
    if op == "gelu":
        return x * cdf(x), cdf(x) + x * pdf(x)
    if op == "gelu_tanh":
        k, c = mp.sqrt(2 / mp.pi), mp.mpf("0.044715")
        u = k * (x + c * x**3)
        return x * sig(2 * u), sig(2 * u) + x * k * (1 + 3 * c * x**2) / mp.cosh(u) ** 2 / 2
    if op == "silu":
        return x * sig(x), sig(x) + x * sig(x) * sig(-x)
    if op == "mish":
        t = mp.tanh(mp.log1p(mp.exp(x)))
        return x * t, t + x * (1 - t * t) * sig(x)
    if op == "elu":
        return (x, mp.mpf(1)) if x > 0 else (mp.expm1(x), mp.exp(x))
    if op == "selu":
        return (s * x, s) if x > 0 else (s * a * mp.expm1(x), s * a * mp.exp(x))
    raise KeyError(op)


def rounded(x, dtype):
    return torch.tensor([float(v) for v in x]).to(dtype)


extreme = []
XS = [-1000.0, -100.0, -50.0, -20.0, -1e-8, 0.0, 1e-8, 20.0, 50.0, 100.0, 1000.0]
EXTREME = {
    "sigmoid": torch.sigmoid, "log_sigmoid": F.logsigmoid, "softplus": F.softplus, "tanh": torch.tanh, "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "mish": F.mish, "elu": F.elu, "selu": F.selu,
}
for dtype, label in ((torch.float64, "f64"), (torch.float32, "f32")):
    for op, f in EXTREME.items():
        x = torch.tensor(XS).to(dtype).requires_grad_()
        y = f(x)
        (g,) = torch.autograd.grad(y.sum(), x)
        value, slope = zip(*(exactly(op, v) for v in x.tolist()))
        extreme.append({"op": op, "dtype": label, "input": x, "output": y, "grad": g,
                        "exact_output": rounded(value, dtype), "exact_grad": rounded(slope, dtype)})
    rows = [[x, 0.0] for x in XS] + [[x, x] for x in XS] + [[x, -x] for x in XS]
    rows += [[1000.0, 999.0], [-1000.0, -1001.0], [-1e-8, 1e-8]]
    x = torch.tensor(rows).to(dtype)
    c = draw("extreme", (len(rows), 2), dtype=dtype)
    for op, f in (("logsumexp", lambda x: x.logsumexp(1)), ("log_softmax", lambda x: x.log_softmax(1)), ("softmax", lambda x: x.softmax(1))):
        leaf = x.clone().requires_grad_()
        y = f(leaf)
        k = c[:, 0] if op == "logsumexp" else c
        (g,) = torch.autograd.grad((y * k).sum(), leaf)
        ys, gs = [], []
        for (a, b), (ca, cb) in zip(x.tolist(), c.tolist()):
            a, b, ca, cb = map(mp.mpf, (a, b, ca, cb))
            pa, pb = 1 / (1 + mp.exp(b - a)), 1 / (1 + mp.exp(a - b))
            la, lb = -mp.log1p(mp.exp(b - a)), -mp.log1p(mp.exp(a - b))
            if op == "logsumexp":
                ys += [a - la]
                gs += [ca * pa, ca * pb]
            elif op == "log_softmax":
                ys += [la, lb]
                gs += [ca - (ca + cb) * pa, cb - (ca + cb) * pb]
            else:
                ys += [pa, pb]
                gs += [pa * pb * (ca - cb), pa * pb * (cb - ca)]
        extreme.append({"op": op, "dtype": label, "params": {"axis": 1}, "input": x, "cotangent": k, "output": y, "grad": g,
                        "exact_output": rounded(ys, dtype).reshape(y.shape), "exact_grad": rounded(gs, dtype).reshape(x.shape)})

# PyTorch and mathematics agree on every extreme point. PyTorch's gradient of logsumexp, exp(x - logsumexp), loses the digits
# that x has before its point.
for r in extreme:
    tolerance = (5e-14 if r["op"] == "logsumexp" else 3e-15) * (1 if r["dtype"] == "f64" else 1e9)
    for got, exact in ((r["output"], r["exact_output"]), (r["grad"], r["exact_grad"])):
        error = ((got - exact).abs() / exact.abs().clamp(min=1)).max().item()
        assert error < tolerance, (r["op"], r["dtype"], error)

write("ops", cases=cases, empty=empty, extreme=extreme)
