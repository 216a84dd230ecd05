"""What every golden script shares: deterministic inputs, JSON encoding, first and second derivatives."""

import json
import math
import os
import sys
import zlib

import torch

TORCH_VERSION = "2.15.0"
assert torch.__version__.split("+")[0] == TORCH_VERSION, f"golden data come from torch {TORCH_VERSION}"

sys.dont_write_bytecode = True

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
torch.use_deterministic_algorithms(True)

HERE = os.path.dirname(os.path.abspath(__file__))


def generator(*key):
    """A generator seeded from a description, so that adding a record never changes the others."""
    return torch.Generator().manual_seed(zlib.crc32(repr(key).encode()))


def draw(key, shape, low=-2.0, high=2.0, avoid=(), gap=0.05, dtype=torch.float64):
    """Uniform numbers rounded to three decimals, none within `gap` of a value in `avoid`, all different."""
    g = generator("draw", key, tuple(shape))
    n = math.prod(shape)
    values, seen = [], set()
    while len(values) < n:
        v = round(low + (high - low) * torch.rand((), generator=g).item(), 3)
        if v in seen or any(abs(v - a) < gap for a in avoid):
            continue
        seen.add(v)
        values.append(v)
    return torch.tensor(values, dtype=dtype).reshape(tuple(shape))


def number(x):
    """JSON has no NaN and no infinity: they become strings."""
    if isinstance(x, (bool, int)):
        return x
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return x


def enc(x):
    """Tensors become {"shape", "data"} in row-major order; containers are walked; numbers keep every digit."""
    if isinstance(x, torch.Tensor):
        x = torch.zeros(x.shape, dtype=x.dtype) if x._is_zerotensor() else x.detach()
        if x.dtype == torch.bool:
            x = x.to(torch.int64)
        data = [number(v) for v in x.contiguous().reshape(-1).tolist()]
        return {"shape": list(x.shape), "data": data}
    if isinstance(x, dict):
        return {k: enc(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [enc(v) for v in x]
    if isinstance(x, (float, int)) and not isinstance(x, bool):
        return number(x)
    return x


def one_line(record):
    return json.dumps(enc(record), separators=(",", ":"), allow_nan=False)


def write(name, **sections):
    """NAME.json: {"header": ..., section: [one record per line], ...}."""
    header = {
        "script": f"{name}.py",
        "torch": TORCH_VERSION,
        "device": "cpu",
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": 1,
        "dtype": "f64 unless a record says f32",
    }
    parts = ['"header":' + one_line(header)]
    for section, records in sections.items():
        if isinstance(records, list) and isinstance(records[0], dict):
            body = ",\n".join(one_line(r) for r in records)
            parts.append(f'"{section}":[\n{body}\n]')
        else:
            parts.append(f'"{section}":' + one_line(records))
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    json.loads(text)
    path = os.path.join(HERE, f"{name}.json")
    with open(path, "w") as f:
        f.write(text)
    count = text.count('\n{')
    print(f"{name}.json: {count} records, {len(text) / 1024:.0f} KiB")


def derivatives(key, f, inputs, cotangent=None):
    """Value, gradients of sum(out * c), and both derivatives of sum_i sum(grad_i * v_i).

    c (`cotangent`) and v (`directions`) are fixed and random. `second` is the gradient of sum_i <grad_i, v_i> with respect to
    the inputs (a Hessian-vector product); `jvp` is its gradient with respect to c, which is the Jacobian times v.
    """
    xs = [x.detach().clone().requires_grad_() for x in inputs]
    out = f(*xs)
    if cotangent is None:
        cotangent = draw((key, "c"), out.shape, dtype=out.dtype)
    c = cotangent.detach().clone().requires_grad_()
    grads = torch.autograd.grad((out * c).sum(), xs, create_graph=True, allow_unused=True)
    grads = [torch.zeros_like(x) if g is None else g for g, x in zip(grads, xs)]
    vs = [draw((key, "v", i), x.shape, dtype=x.dtype) for i, x in enumerate(xs)]
    total = sum((g * v).sum() for g, v in zip(grads, vs))
    if total.requires_grad:
        *second, jvp = torch.autograd.grad(total, [*xs, c], allow_unused=True)
    else:
        second, jvp = [None] * len(xs), None
    second = [torch.zeros_like(x) if s is None else s for s, x in zip(second, xs)]
    jvp = torch.zeros_like(c) if jvp is None else jvp
    return {
        "inputs": [x.detach() for x in xs],
        "output": out,
        "cotangent": c,
        "grads": grads,
        "directions": vs,
        "second": second,
        "jvp": jvp,
    }
