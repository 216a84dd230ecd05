"""attention.json: scaled dot-product attention, attention of several heads, blocks of a transformer, and the training of two.

`derivatives` as in ops.json. Masks of bool are arrays of 0 and 1 with the meaning they have in PyTorch: 1 is seen by
`scaled_dot_product_attention` and hidden by `MultiheadAttention`.
"""

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from common import derivatives, draw, generator, write

inf = float("inf")

# ---- scaled dot-product attention


def bits(key, shape, hide_row=False):
    """Mostly ones; where asked for, the last row is all zeros."""
    mask = torch.rand(shape, generator=generator("bits", key)) < 0.7
    mask[..., 0] = True
    if hide_row:
        mask[..., -1, :] = False
    return mask


def attention(leading, l, s, e, v, mask=None, **options):
    key = ("sdpa", leading, l, s, e, v, mask, sorted(options.items()))
    inputs = [draw((*key, name), (*leading, *last)) for name, last in (("q", (l, e)), ("k", (s, e)), ("v", (s, v)))]
    attn_mask = None
    if mask in ("bool", "row"):
        attn_mask = bits(key, (l, s), mask == "row")
    elif mask == "samples":
        attn_mask = bits(key, (*leading, 1, s))
    elif mask == "float":
        attn_mask = draw((*key, "mask"), (l, s))
        attn_mask[0, 0] = -inf

    def f(q, k, v):
        # The other kernels have no second derivative.
        with sdpa_kernel(SDPBackend.MATH):
            return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=attn_mask, **options)

    kind = {"bool": "keep", "row": "keep", "samples": "keep", "float": "add", None: None}[mask]
    return {"options": options, "mask": kind, "attn_mask": attn_mask, **derivatives(key, f, inputs)}


attentions = [
    attention(leading, *sizes, mask, **options)
    for leading, sizes in (((), (2, 3, 2, 2)), ((2,), (3, 2, 1, 2)), ((2, 2), (2, 2, 3, 1)))
    for mask, options in (
        (None, {}),
        (None, {"scale": 0.3}),
        (None, {"is_causal": True}),
        ("bool", {}),
        ("row", {}),
        ("samples", {}),
        ("float", {"scale": 2.0}),
    )
]

# ---- several heads


def parameters_of(key, layer):
    names = [name for name, _ in layer.named_parameters()]
    return names, [draw((*key, name), tuple(value.shape), -1.0, 1.0) for name, value in layer.named_parameters()]


def multihead(self_attention, masked, bias, batch_first, average, l=2, s=3, n=2, e=4, heads=2):
    key = ("multihead", self_attention, masked, bias, batch_first, average)
    layer = nn.MultiheadAttention(e, heads, bias=bias, batch_first=batch_first)
    names, parameters = parameters_of(key, layer)
    s = l if self_attention else s
    shape = lambda length: (n, length, e) if batch_first else (length, n, e)
    inputs = [draw((*key, name), shape(length)) for name, length in (("q", l), ("k", s), ("v", s))[: 1 if self_attention else 3]]
    masks = {}
    if masked:
        hidden = torch.zeros(n, s, dtype=torch.bool)
        hidden[1, -1] = True
        masks["key_padding_mask"] = hidden
        if masked == "bool":
            attn_mask = torch.zeros(l, s, dtype=torch.bool)
            attn_mask[0, 1] = True
        else:
            attn_mask = draw((*key, "mask"), (n * heads, l, s))
            # PyTorch wants both of a kind.
            masks["key_padding_mask"] = torch.zeros(n, s).masked_fill(hidden, -inf)
        masks["attn_mask"] = attn_mask

    def f(*values):
        values, parameters = (values[:1] * 3, values[1:]) if self_attention else (values[:3], values[3:])
        y, weights = functional_call(
            layer, dict(zip(names, parameters)), values, {**masks, "need_weights": True, "average_attn_weights": average}
        )
        return torch.cat([y.flatten(), weights.flatten()])

    options = {"num_heads": heads, "batch_first": batch_first, "average_attn_weights": average, "self": self_attention}
    wrt = [*"qkv"[: len(inputs)], *names]
    return {"options": options, "mask": masked, "masks": masks, "wrt": wrt, **derivatives(key, f, [*inputs, *parameters])}


multiheads = [
    multihead(self_attention, masked, bias, batch_first, average)
    for self_attention in (True, False)
    for masked, bias, batch_first, average in (
        (None, True, True, True),
        (None, False, False, False),
        ("bool", True, True, False),
        ("float", True, False, True),
    )
]

# ---- blocks


def block(norm_first, activation, masked, batch_first=True, l=3, n=2, e=4):
    key = ("block", norm_first, activation, masked, batch_first)
    layer = nn.TransformerEncoderLayer(
        e, 2, 3, dropout=0.0, activation=activation, batch_first=batch_first, norm_first=norm_first, layer_norm_eps=1e-5
    )
    names, parameters = parameters_of(key, layer)
    masks = {}
    if masked:
        masks["src_mask"] = torch.ones(l, l, dtype=torch.bool).triu(1)
        hidden = torch.zeros(n, l, dtype=torch.bool)
        hidden[0, -1] = True
        masks["src_key_padding_mask"] = hidden

    def f(x, *values):
        with sdpa_kernel(SDPBackend.MATH):
            return functional_call(layer, dict(zip(names, values)), (x,), masks)

    x = draw((*key, "x"), (n, l, e) if batch_first else (l, n, e))
    options = {"nhead": 2, "norm_first": norm_first, "activation": activation, "batch_first": batch_first}
    return {"options": options, "masks": masks, "wrt": ["x", *names], **derivatives(key, f, [x, *parameters])}


blocks = [
    block(norm_first, activation, masked, batch_first)
    for norm_first, activation, masked, batch_first in (
        (False, "gelu", False, True),
        (True, "gelu", True, False),
        (False, "gelu", True, True),
        (True, "relu", False, True),
    )
]

# ---- where they start: the bounds of what the layers draw


def start():
    layer = nn.MultiheadAttention(6, 2)
    assert layer.in_proj_bias.eq(0).all() and layer.out_proj.bias.eq(0).all()
    torch.manual_seed(0)
    big = nn.MultiheadAttention(256, 2)
    return {"in_proj": big.in_proj_weight.abs().max(), "out_proj": big.out_proj.weight.abs().max(), "embed_dim": 256}


# ---- training: two blocks, every second position of a sequence of four classes asked for by its neighbor


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3, 4)
        self.blocks = nn.ModuleList(
            [
                nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, activation="gelu", batch_first=True, norm_first=True),
                nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True),
            ]
        )
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        x = self.embed(x)
        causal = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        for block in self.blocks:
            x = block(x, src_mask=causal)
        return self.head(self.norm(x))


def training(steps=50):
    model = Model()
    start = {}
    with torch.no_grad():
        for name, value in model.named_parameters():
            bound = 0.5 if value.ndim > 1 else 0.1
            value.copy_(draw(("training", name), tuple(value.shape), -bound, bound) + (1.0 if "norm" in name and "weight" in name else 0.0))
            start[name] = value.clone()
    x = draw("training x", (4, 5, 3))
    labels = torch.randint(0, 2, (4, 5), generator=generator("training labels"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps + 1):
        loss = nn.functional.cross_entropy(model(x).flatten(0, 1), labels.flatten())
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.5 * losses[0], losses
    return {"lr": 1e-2, "start": start, "x": x, "labels": labels, "losses": torch.tensor(losses)}


write("attention", sdpa=attentions, multihead=multiheads, block=blocks, start=[start()], training=[training()])
