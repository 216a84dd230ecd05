"""more_ops.json: the operations that ops.json does not have: functions, order, moving elements, contractions; the format is
that of ops.json. `edges` are gradients of the sum at kinks, ties, NaN and infinity; `orders` are indices."""

import math

import torch
import torch.nn.functional as F

from common import derivatives, draw, generator, write

nan, inf = math.nan, math.inf
cases = []


def case(op, inputs, f, **params):
    key = (op, sorted((k, str(v)) for k, v in params.items()), [tuple(x.shape) for x in inputs])
    cases.append({"op": op, "params": params, **derivatives(key, f, inputs)})


# ---- elementwise functions

line = torch.tensor([-12.5, -4.1, -2.6, -1.3, -0.7, -0.2, -1e-3, -1e-6, 1e-6, 1e-3, 0.2, 0.7, 1.3, 2.6, 4.1, 12.5])
inside = torch.tensor([-0.999, -0.9, -0.5, -1e-3, -1e-9, 1e-9, 0.1, 0.4, 0.8, 0.99])
positive = torch.tensor([1e-6, 1e-3, 0.2, 0.7, 1.0, 1.3, 2.6, 12.5, 1e4])
grid = draw("grid", (2, 3))
for op, f, x in (("tan", torch.tan, line), ("asin", torch.asin, inside), ("acos", torch.acos, inside), ("atan", torch.atan, line),
                 ("sinh", torch.sinh, line), ("cosh", torch.cosh, line), ("exp2", torch.exp2, line), ("log2", torch.log2, positive),
                 ("log10", torch.log10, positive), ("nan_to_num", torch.nan_to_num, grid)):
    case(op, [x], f)
for op, f in (("floor", torch.floor), ("ceil", torch.ceil), ("round", torch.round), ("trunc", torch.trunc)):
    case(op, [torch.tensor([-2.5, -1.5, -0.5, -0.2, 0.2, 0.5, 1.5, 2.5, 3.7, 1e17])], f)
for sa, sb in (((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2, 2))):
    case("atan2", [draw(("y", sa), sa), draw(("x", sb), sb, avoid=[0])], torch.atan2)

# ---- order

x1, x2, x3 = draw("order1", (5,)), draw("order2", (3, 4)), draw("order3", (2, 3, 4))
for x, axis in ((x1, 0), (x2, 0), (x2, 1), (x3, 1), (x3, -1)):
    for descending in (False, True):
        case("sort", [x], lambda x: x.sort(axis, descending=descending).values, axis=axis, descending=descending)
    for largest in (False, True):
        case("topk", [x], lambda x: x.topk(2, axis, largest=largest).values, k=2, axis=axis, largest=largest)
    for keepdim in (False, True):
        case("median", [x], lambda x: x.median(axis, keepdim=keepdim).values, axes=axis, keepdim=keepdim)
    case("cumprod", [x], lambda x: x.cumprod(axis), axis=axis)
    case("logcumsumexp", [x], lambda x: x.logcumsumexp(axis), axis=axis)
    for q in (0.0, 0.3, 1.0):
        case("quantile", [x], lambda x: x.quantile(q, axis, keepdim=True), q=q, axes=axis, keepdim=True)
for x in (x1, x2):
    case("median", [x], lambda x: x.median(), axes=None, keepdim=False)
    for interpolation in ("linear", "lower", "higher", "nearest", "midpoint"):
        case("quantile", [x], lambda x: x.quantile(0.4, interpolation=interpolation), q=0.4, interpolation=interpolation, axes=None,
             keepdim=False)
zeros = torch.tensor([[2.0, 0.0, 3.0, -1.0], [0.0, 2.0, 0.0, 4.0]])
case("cumprod", [zeros], lambda x: x.cumprod(1), axis=1)
case("cumprod", [zeros], lambda x: x.cumprod(0), axis=0)
case("logcumsumexp", [draw("wide", (3, 4), -30.0, 30.0)], lambda x: x.logcumsumexp(1), axis=1)

# ---- moving elements

for shape in ((2, 3), (3, 2), (2, 3, 3)):
    x = draw(("matrix", shape), shape)
    for k in (-1, 0, 1):
        case("tril", [x], lambda x: x.tril(k), diagonal=k)
        case("triu", [x], lambda x: x.triu(k), diagonal=k)
mask = torch.rand(2, 3, generator=generator("mask")) < 0.5
case("masked_fill", [draw("filled", (2, 3))], lambda x: x.masked_fill(mask, 0.5), mask=mask, value=0.5)
case("masked_fill", [draw("filled", (3,))], lambda x: x.masked_fill(mask, 0.5), mask=mask, value=0.5)
for repeats in ((2, 3), (1, 2), (2, 1, 2)):
    case("repeat", [grid], lambda x: x.repeat(repeats), repeats=list(repeats))
for repeats in ((2,), (2, 1, 2)):
    case("tile", [grid], lambda x: x.tile(repeats), repeats=list(repeats))
for repeats, axis in (([2], 0), ([3], -1), ([2, 0, 1], 1), ([1, 2], 0)):
    case("repeat_interleave", [grid], lambda x: x.repeat_interleave(torch.tensor(repeats), axis), repeats=repeats, axis=axis)
for shift, axis in ((1, 0), (-1, 1), (5, 1), (2, -1)):
    case("roll", [x3], lambda x: x.roll(shift, axis), shift=shift, axis=axis)
for axis in (0, 1, -1):
    case("unbind", [x3], lambda x: x.unbind(axis)[1], axis=axis, index=1)
for source, destination in ((0, 2), (-1, 0), (1, 1)):
    case("movedim", [x3], lambda x: x.movedim(source, destination), source=source, destination=destination)
for offset in (-1, 0, 2):
    case("diag", [x2], lambda x: x.diag(offset), offset=offset)
    case("diag", [x1], lambda x: x.diag(offset), offset=offset)
    case("diag_embed", [grid], lambda x: x.diag_embed(offset), offset=offset)
for offset, a, b in ((0, 0, 1), (1, -1, 0), (-1, 2, 1)):
    case("diagonal", [x3], lambda x: x.diagonal(offset, a, b), offset=offset, axis1=a, axis2=b)

# ---- contractions

u, v = draw("u", (3,)), draw("v", (3,))
case("dot", [u, v], torch.dot)
case("outer", [u, draw("w", (2,))], torch.outer)
for sa, sb, axes in (((2, 3, 4), (4, 3, 2), ([1, 2], [1, 0])), ((2, 3), (3, 2), ([1], [0])), ((2, 3), (4,), ([], [])), ((2, 3), (2, 3), ([0, 1], [0, 1]))):
    case("tensordot", [draw(("ta", sa), sa), draw(("tb", sb), sb)], lambda a, b: torch.tensordot(a, b, axes), axes=axes[0], other_axes=axes[1])
for equation, *shapes in (
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("bij,bkj->bik", (2, 3, 2), (2, 4, 2)), ("ij,kj->", (2, 3), (4, 3)),
    ("i,j->ji", (2,), (3,)), ("ii->i", (3, 3)), ("ii", (3, 3)), ("iji->j", (3, 2, 3)), ("ij->ji", (2, 3)), ("ij->", (2, 3)),
    ("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 2)), ("...i->i", (2, 2, 3)), ("i...,...i", (2, 3), (3, 2)),
    ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)), ("i,ij,j->", (2,), (2, 3), (3,)), ("ab,bc,cd,de->ae", (2, 3), (3, 1), (1, 3), (3, 2)),
    ("ij,ij,ij->j", (2, 3), (2, 3), (2, 3)), ("aij,jk,aik->a", (2, 2, 3), (3, 2), (2, 2, 2)), ("ij,ij->ij", (1, 3), (2, 3)),
    ("bi,bi->b", (3, 2), (3, 2)), ("Ba,aB->", (2, 3), (3, 2)), ("cb...a,ab", (2, 2, 2, 3), (3, 2)),
):
    xs = [draw(("einsum", i, s), s) for i, s in enumerate(shapes)]
    case("einsum", xs, lambda *xs: torch.einsum(equation, *xs), equation=equation)
for sa, sb, axis in (((2, 3), (2, 3), 1), ((2, 3), (3,), -1), ((3, 2), (3, 1), 0), ((3,), (3,), 0)):
    case("cosine_similarity", [draw(("ca", sa), sa), draw(("cb", sb), sb)], lambda a, b: F.cosine_similarity(a, b, axis, 1e-8), axis=axis, eps=1e-8)
for p in (1.0, 2.0, 3.0, inf):
    for sa, sb in (((3, 2), (4, 2)), ((2, 2, 3), (2, 1, 3))):
        # PyTorch has no second derivative of cdist; this is the same function.
        case("cdist", [draw(("pa", sa), sa), draw(("pb", sb), sb)],
             lambda a, b: torch.linalg.vector_norm(a.unsqueeze(-2) - b.unsqueeze(-3), p, -1), p=p)

# ---- kinks, ties, NaN and infinity

edges = []


def edge(op, inputs, f, **params):
    xs = [torch.tensor(x, dtype=torch.float64).requires_grad_() for x in inputs]
    y = f(*xs)
    edges.append({"op": op, "params": params, "inputs": xs, "output": y, "grads": torch.autograd.grad(y.sum(), xs)})


ends = [nan, inf, -inf]
for op, f in (("tan", torch.tan), ("asin", torch.asin), ("acos", torch.acos), ("atan", torch.atan), ("sinh", torch.sinh), ("cosh", torch.cosh),
              ("exp2", torch.exp2), ("log2", torch.log2), ("log10", torch.log10), ("floor", torch.floor), ("ceil", torch.ceil),
              ("round", torch.round), ("trunc", torch.trunc), ("nan_to_num", torch.nan_to_num)):
    edge(op, [ends], f)
edge("asin", [[-1.0, 1.0, 1.5]], torch.asin)
edge("acos", [[-1.0, 1.0, 1.5]], torch.acos)
edge("log2", [[0.0, -1.0]], torch.log2)
edge("log10", [[0.0, -1.0]], torch.log10)
edge("sinh", [[1000.0, -1000.0]], torch.sinh)
edge("atan2", [[0.0, 0.0, 1.0, -1.0, 2.0], [1.0, -1.0, 0.0, 0.0, inf]], torch.atan2)
edge("sort", [[1.0, nan, inf, -inf, nan]], lambda x: (x.sort(dim=0, stable=True).values[:3]), axis=0, descending=False, count=3)
edge("sort", [[2.0, 1.0, 2.0, 1.0]], lambda x: x.sort(dim=0, descending=True, stable=True).values[:1], axis=0, descending=True, count=1)
edge("median", [[1.0, nan, 3.0]], lambda x: x.median(), axes=None)
edge("median", [[2.0, 2.0, 5.0, 2.0]], lambda x: x.median(), axes=None)
edge("quantile", [[1.0, nan, 3.0]], lambda x: x.quantile(0.75), q=0.75, axes=None)
edge("cumprod", [[2.0, 0.0, 3.0, 0.0, 4.0]], lambda x: x.cumprod(0), axis=0)
edge("logcumsumexp", [[1000.0, 1000.0, -1000.0]], lambda x: x.logcumsumexp(0), axis=0)
edge("tril", [[[nan, inf], [1.0, 2.0]]], lambda x: x.tril(-1), diagonal=-1)
edge("cosine_similarity", [[0.0, 0.0], [3.0, 4.0]], lambda a, b: F.cosine_similarity(a, b, 0, 1e-8), axis=0, eps=1e-8)
for p in (1.0, 2.0, 3.0, inf):
    edge("cdist", [[[1.0, 2.0]], [[1.0, 2.0], [1.0, 4.0]]], lambda a, b: torch.cdist(a, b, p), p=p)

orders = []
for x in ([3.0, 1.0, 2.0, 1.0, 3.0], [nan, inf, -inf, nan, 0.0, -0.0], [[2.0, 1.0, 2.0], [nan, 5.0, nan]]):
    x = torch.tensor(x)
    for descending in (False, True):
        orders.append({"op": "argsort", "params": {"axis": -1, "descending": descending}, "input": x,
                       "indices": x.sort(dim=-1, descending=descending, stable=True).indices})
for x in ([3.0, 1.0, 2.0, 4.0], [nan, inf, -inf, 0.0], [[2.0, 1.0, 3.0], [nan, 5.0, 6.0]]):
    x = torch.tensor(x)
    for largest in (False, True):
        orders.append({"op": "topk", "params": {"k": 2, "axis": -1, "largest": largest}, "input": x,
                       "indices": x.topk(2, -1, largest=largest).indices})

write("more_ops", cases=cases, edges=edges, orders=orders)
