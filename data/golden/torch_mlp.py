"""torch_mlp.json: end to end: a 4-5-3 network with ReLU, cross-entropy, one fixed batch of six, twenty steps."""

import torch
import torch.nn.functional as F

from common import draw, write

START = {"fc1.weight": draw("fc1.weight", (5, 4), -0.8, 0.8), "fc1.bias": draw("fc1.bias", (5,), -0.4, 0.4),
         "fc2.weight": draw("fc2.weight", (3, 5), -0.8, 0.8), "fc2.bias": draw("fc2.bias", (3,), -0.4, 0.4)}
X, LABELS = draw("batch", (6, 4)), torch.tensor([0, 2, 1, 1, 0, 2])


def train(optimizer, options, steps=20, dtype=torch.float64, clip=None):
    w = {n: v.clone().to(dtype).requires_grad_() for n, v in START.items()}
    x = X.to(dtype)
    opt = getattr(torch.optim, optimizer)(list(w.values()), **options, foreach=False)

    def loss():
        h = F.relu(F.linear(x, w["fc1.weight"], w["fc1.bias"]))
        return F.cross_entropy(F.linear(h, w["fc2.weight"], w["fc2.bias"]), LABELS)

    losses, first = [], None
    for _ in range(steps):
        opt.zero_grad()
        l = loss()
        l.backward()
        first = first or {n: p.grad.clone() for n, p in w.items()}
        losses.append(l.item())
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(list(w.values()), clip, foreach=False)
        opt.step()
    losses.append(loss().item())
    r = {"optimizer": optimizer, "options": options, **({"clip_grad_norm": clip} if clip else {}), "losses": losses, "first_gradients": first, "weights": w}
    return r if dtype == torch.float64 else {"dtype": "f32", **r}


runs = []
for optimizer, options in (("SGD", {"lr": 0.1, "momentum": 0.9}), ("Adam", {"lr": 0.02})):
    for dtype in (torch.float64, torch.float32):
        runs.append(train(optimizer, options, dtype=dtype))
runs.append(train("AdamW", {"lr": 0.02, "weight_decay": 0.1, "amsgrad": True}))
runs.append(train("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}, clip=0.25))
assert all(r["losses"][-1] < 0.8 * r["losses"][0] for r in runs), [r["losses"] for r in runs]

write("torch_mlp", start=START, inputs=X, labels=LABELS, runs=runs)
