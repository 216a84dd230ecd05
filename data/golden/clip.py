"""clip.json: clipping by global norm and by value."""

import math

import torch

from common import draw, write

inf, nan = math.inf, math.nan
norm, value = [], []


def parameters(grads):
    out = []
    for g in grads:
        p = torch.zeros(g.shape if g is not None else (2,), dtype=g.dtype if g is not None else torch.float64, requires_grad=True)
        p.grad = None if g is None else g.clone()
        out.append(p)
    return out


def clip_norm(grads, max_norm, norm_type):
    ps = parameters(grads)
    total = torch.nn.utils.clip_grad_norm_(ps, max_norm, norm_type, foreach=False)
    r = {"grads": grads, "max_norm": max_norm, "norm_type": norm_type, "total": total.item(), "clipped": [p.grad for p in ps]}
    if grads and grads[0] is not None and grads[0].dtype == torch.float32:
        r["dtype"] = "f32"
    norm.append(r)
    return r


two = [torch.tensor([3.0, 0.0]), torch.tensor([4.0])]
mixed = [draw("a", (2, 3)), draw("b", (3,)), draw("c", ()), None, draw("d", (2, 2, 2))]
for grads in (two, mixed):
    for p in (1.0, 2.0, 3.0, inf):
        for max_norm in (0.1, 1.0, 100.0):
            clip_norm(grads, max_norm, p)
r = clip_norm(two, 1.0, 2.0)
assert r["total"] == 5 and abs(r["clipped"][0][0].item() - 0.59999988) < 1e-8 and abs(r["clipped"][1].item() - 0.79999984) < 1e-8
for p in (1.0, 2.0, 3.0, inf):
    clip_norm([torch.zeros(2, 2), torch.zeros(3)], 1.0, p)
    clip_norm([torch.tensor([1.0, inf]), torch.tensor([2.0])], 1.0, p)
    clip_norm([torch.tensor([1.0, nan]), torch.tensor([2.0])], 1.0, p)
    clip_norm([g if g is None else g.float() for g in mixed], 1.0, p)
clip_norm([torch.tensor([1e200, 1e200]), torch.tensor([1.0])], 1.0, 2.0)
clip_norm([torch.tensor([1e-200, 1e-200]), torch.tensor([0.0])], 1.0, 2.0)
clip_norm([], 1.0, 2.0)

for grads, limit in ((mixed, 0.5), (mixed, 1.0), (mixed, 10.0), ([torch.tensor([inf, -inf, nan, 0.0, 2.0, -2.0])], 1.0)):
    ps = parameters(grads)
    torch.nn.utils.clip_grad_value_(ps, limit, foreach=False)
    value.append({"grads": grads, "clip_value": limit, "clipped": [p.grad for p in ps]})

write("clip", norm=norm, value=value)
