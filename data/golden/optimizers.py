"""optimizers.json: trajectories of every optimiser under every option; README.md describes the families of records."""

import contextlib
import warnings

import torch

from common import draw, generator, write

warnings.filterwarnings("ignore", message=".*lr_scheduler.*")

STEPS = 120
SNAPSHOTS = [0, 1, 2, 3, 4, 5, *range(10, STEPS + 1, 10)]
SHAPES = {"W": (3, 4), "b": (4,), "T": (5, 2), "K": (2, 3, 2)}
START = {name: draw(("start", name), shape, -1.5, 1.5, avoid=[0]) for name, shape in SHAPES.items()}

# ---- family "function": f(W, b), smooth and not convex

row = torch.arange(3.0)[:, None]
column = torch.arange(4.0)[None, :]


def f(W, b):
    a = (1 + row + 2 * column) / 4
    m = W.mean(0)
    return ((a * W**2 + torch.sin(3 * W + row - column)) / 2).sum() + (2 * (b - m**2) ** 2 + (1 - m) ** 2 / 2).sum()


# ---- family "replay": the same gradients for everybody


def replay_gradients(name):
    shape = SHAPES[name]
    g = generator("replay", name)
    scale = 10 ** (2.5 * torch.rand(shape, generator=g) - 1.9)
    base = 2 * torch.rand(shape, generator=g) - 1
    noise = 3 * torch.rand((STEPS, *shape), generator=g) - 1.5
    keep = torch.rand((STEPS, *shape), generator=g) > 0.08
    sequence = torch.round(scale * (base + noise), decimals=4) * keep + 0.0
    flat = sequence.view(STEPS, -1)
    flat[:, 1] = 0.0  # never has a gradient
    flat[:50, 2] = 0.0  # wakes up late
    flat[60:, 3] = 0.0  # falls asleep: its momentum decays
    flat[6] = 0.0  # a whole gradient that is zero
    flat[0, 0] = 0.0  # a zero in the very first gradient
    return sequence


REPLAY = {name: replay_gradients(name) for name in SHAPES}


@contextlib.contextmanager
def full_precision():
    """Muon's Newton-Schulz steps without the rounding to bfloat16: the name is looked up at every step."""
    half = torch.bfloat16
    torch.bfloat16 = torch.float64
    try:
        yield
    finally:
        torch.bfloat16 = half


def options_of(groups, **options):
    return {**options, **({"groups": groups} if groups else {})}


def run(optimizer, options, family, names=("W", "b"), groups=None, halve_at=None, absent=None, negated=False, dtype=torch.float64,
        wide_muon=False, nudge=0.0):
    absent = absent or {}
    p = {n: (START[n].to(dtype) + nudge).requires_grad_() for n in names}
    fixed = {n: START[n] for n in ("W", "b") if n not in p}
    if groups:
        target = [{**g, "params": [p[n] for n in g["params"]]} for g in groups]
    else:
        target = list(p.values())
    extra = {"foreach": False} if optimizer != "Muon" else {}
    opt = getattr(torch.optim, optimizer)(target, **options, **extra)
    path = {n: [p[n].detach().clone()] for n in names}
    losses = []
    context = full_precision() if wide_muon else contextlib.nullcontext()
    with context:
        for t in range(1, STEPS + 1):
            opt.zero_grad()
            if family == "function":
                loss = f(**p, **fixed)
                losses.append(loss.item())
                (-loss if negated else loss).backward()
            else:
                for n in names:
                    p[n].grad = REPLAY[n][t - 1].to(dtype)
            for n, steps in absent.items():
                if t in steps:
                    p[n].grad = None
            opt.step()
            if t == halve_at:
                for g in opt.param_groups:
                    g["lr"] *= 0.5
            if t in SNAPSHOTS:
                for n in names:
                    path[n].append(p[n].detach().clone())
    state = {n: {k: v.clone() if torch.is_tensor(v) else v for k, v in opt.state[p[n]].items()} for n in names}
    if family == "function":
        losses.append(f(**p, **fixed).item())
    return {n: torch.stack(path[n]) for n in names}, state, losses


records = []


def amplification(near, here, nudge):
    """How many times larger than a nudge of every starting value the largest difference has become."""
    return float(f"{max((near[n] - here[n]).abs().max().item() for n in here) / nudge:.2g}")


def record(optimizer, family, options, **how):
    path, state, losses = run(optimizer, options, family, **how)
    for n, x in path.items():
        assert x.isfinite().all() and x.abs().max() < 3e3, (optimizer, options, family, n, x[-1])
    r = {"optimizer": optimizer, "family": family, "options": options_of(how.get("groups"), **options), "parameters": list(path)}
    if how.get("dtype") == torch.float32:
        r["dtype"] = "f32"
    for key in ("halve_at", "absent", "negated"):
        if how.get(key):
            r[key] = how[key]
    if optimizer == "Muon":
        r["newton_schulz"] = "f64" if how.get("wide_muon") else "bf16"
    r["path"], r["state"] = path, state
    if family == "function":
        nudge = 1e-12
        near, _, _ = run(optimizer, options, family, nudge=nudge, **how)
        r["amplification"] = [amplification({n: near[n][i] for n in near}, {n: path[n][i] for n in path}, nudge) for i in range(len(SNAPSHOTS))]
        r["losses"] = [losses[t] for t in SNAPSHOTS]
    records.append(r)


def both(optimizer, **options):
    """maximize on the function would run away, so there the function is negated: -f is maximised."""
    record(optimizer, "function", options, negated=bool(options.get("maximize")))
    record(optimizer, "replay", options)


# ---- SGD
both("SGD", lr=0.02)
both("SGD", lr=0.02, momentum=0.9)
both("SGD", lr=0.02, momentum=0.9, dampening=0.5)
both("SGD", lr=0.02, momentum=0.9, dampening=1.0)
both("SGD", lr=0.02, momentum=0.9, nesterov=True)
both("SGD", lr=0.02, weight_decay=0.1)
both("SGD", lr=0.02, maximize=True)
both("SGD", lr=0.02, momentum=0.9, weight_decay=0.1)
both("SGD", lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.1)
both("SGD", lr=0.02, momentum=0.9, dampening=0.3, weight_decay=0.1)
both("SGD", lr=0.02, momentum=0.9, dampening=0.3, weight_decay=0.1, maximize=True)
both("SGD", lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.1, maximize=True)
# ---- Adagrad
both("Adagrad")
both("Adagrad", lr=0.2)
both("Adagrad", lr=0.2, lr_decay=0.1)
both("Adagrad", lr=0.2, initial_accumulator_value=0.1)
both("Adagrad", lr=0.2, eps=1e-2)
both("Adagrad", lr=0.2, weight_decay=0.1)
both("Adagrad", lr=0.2, maximize=True)
both("Adagrad", lr=0.2, lr_decay=0.05, weight_decay=0.1, initial_accumulator_value=0.5, eps=1e-6, maximize=True)
# ---- RMSprop
both("RMSprop")
both("RMSprop", lr=0.001, alpha=0.9)
both("RMSprop", lr=0.01, eps=1e-2)
both("RMSprop", lr=0.01, centered=True)
both("RMSprop", lr=0.002, momentum=0.9)
both("RMSprop", lr=0.002, momentum=0.9, centered=True)
both("RMSprop", lr=0.01, weight_decay=0.1)
both("RMSprop", lr=0.01, maximize=True)
both("RMSprop", lr=0.002, alpha=0.95, eps=1e-4, centered=True, momentum=0.8, weight_decay=0.1, maximize=True)
# ---- Adam and AdamW
both("Adam")
both("Adam", lr=0.05)
both("Adam", lr=0.05, betas=(0.8, 0.95))
both("Adam", lr=0.001, betas=(0.0, 0.9))
both("Adam", lr=0.05, eps=1e-2)
both("Adam", lr=0.05, weight_decay=0.1)
both("Adam", lr=0.05, amsgrad=True)
both("Adam", lr=0.05, betas=(0.9, 0.9), amsgrad=True, weight_decay=0.1)
both("Adam", lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)
both("Adam", lr=0.05, maximize=True)
both("Adam", lr=0.05, betas=(0.7, 0.9), eps=1e-4, weight_decay=0.1, amsgrad=True, maximize=True)
both("AdamW")
both("AdamW", lr=0.05)
both("AdamW", lr=0.05, weight_decay=0.0)
both("AdamW", lr=0.05, weight_decay=0.5)
both("AdamW", lr=0.05, betas=(0.8, 0.95))
both("AdamW", lr=0.05, eps=1e-2)
both("AdamW", lr=0.05, betas=(0.9, 0.9), amsgrad=True)
both("AdamW", lr=0.05, maximize=True)
both("AdamW", lr=0.05, betas=(0.7, 0.9), eps=1e-4, weight_decay=0.2, amsgrad=True, maximize=True)
# ---- Adadelta
both("Adadelta")
both("Adadelta", rho=0.95)
both("Adadelta", eps=1e-7)
both("Adadelta", lr=0.5, weight_decay=0.1)
both("Adadelta", maximize=True)
both("Adadelta", lr=2.0, rho=0.8, eps=1e-7, weight_decay=0.1, maximize=True)
# ---- Adamax
both("Adamax")
both("Adamax", lr=0.05)
both("Adamax", lr=0.002, betas=(0.8, 0.9))
both("Adamax", lr=0.05, eps=1e-2)
both("Adamax", lr=0.05, weight_decay=0.1)
both("Adamax", lr=0.05, maximize=True)
both("Adamax", lr=0.004, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.1, maximize=True)
# ---- NAdam
both("NAdam")
both("NAdam", lr=0.01)
both("NAdam", lr=0.002, betas=(0.8, 0.95))
both("NAdam", lr=0.01, eps=1e-2)
both("NAdam", lr=0.01, momentum_decay=0.1)
both("NAdam", lr=0.01, weight_decay=0.1)
both("NAdam", lr=0.01, weight_decay=0.1, decoupled_weight_decay=True)
both("NAdam", lr=0.01, maximize=True)
both("NAdam", lr=0.002, betas=(0.7, 0.9), eps=1e-4, weight_decay=0.1, momentum_decay=0.02, decoupled_weight_decay=True, maximize=True)
# ---- RAdam
both("RAdam")
both("RAdam", lr=0.05)
both("RAdam", lr=0.05, betas=(0.8, 0.95))
both("RAdam", lr=0.05, betas=(0.8, 0.5))  # the variance is never rectified
both("RAdam", lr=0.05, eps=1e-2)
both("RAdam", lr=0.05, weight_decay=0.1)
both("RAdam", lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)
both("RAdam", lr=0.05, maximize=True)
both("RAdam", lr=0.01, betas=(0.7, 0.9), eps=1e-4, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)
# ---- Rprop
both("Rprop")
both("Rprop", lr=0.05)
both("Rprop", lr=0.01, etas=(0.3, 1.5))
both("Rprop", lr=0.01, step_sizes=(1e-3, 0.1))
both("Rprop", lr=0.01, maximize=True)
# ---- ASGD
both("ASGD", lr=0.02)
both("ASGD", lr=0.02, t0=20.0)
both("ASGD", lr=0.02, lambd=0.1, t0=20.0)
both("ASGD", lr=0.02, lambd=0.1, alpha=0.5, t0=20.0)
both("ASGD", lr=0.02, weight_decay=0.1, t0=20.0)
both("ASGD", lr=0.02, maximize=True, t0=20.0)
both("ASGD", lr=0.05, lambd=0.05, alpha=1.0, t0=0.0, weight_decay=0.1, maximize=True)
# ---- Adafactor
both("Adafactor")
both("Adafactor", lr=0.05)
both("Adafactor", lr=0.1)  # the rate is capped by 1 / sqrt(t)
both("Adafactor", lr=0.005, beta2_decay=-0.5)
both("Adafactor", lr=0.05, eps=(1e-3, 0.1))
both("Adafactor", lr=0.05, d=1.5)
both("Adafactor", lr=0.05, weight_decay=0.1)
both("Adafactor", lr=0.05, maximize=True)
both("Adafactor", lr=0.005, beta2_decay=-0.6, eps=(1e-6, 1e-2), d=2.0, weight_decay=0.1, maximize=True)
for lr in (0.01, 0.05):
    record("Adafactor", "replay", {"lr": lr, "weight_decay": 0.1}, names=("W", "b", "T", "K"))
# ---- Muon: matrices only, as PyTorch computes it (bfloat16) and with the same code in f64
for wide in (False, True):
    for options in ({}, {"lr": 0.005}, {"lr": 0.005, "nesterov": False}, {"lr": 0.005, "adjust_lr_fn": "original"},
                    {"lr": 0.005, "adjust_lr_fn": "match_rms_adamw"}, {"lr": 0.005, "adjust_lr_fn": "spectral_unclamped"},
                    {"lr": 0.005, "momentum": 0.8, "weight_decay": 0.0},
                    {"lr": 0.005, "adjust_lr_fn": "match_rms_adamw", "nesterov": False, "momentum": 0.5, "weight_decay": 0.5},
                    {"lr": 0.005, "ns_steps": 3, "ns_coefficients": (2.0, -1.5, 0.5), "eps": 1e-3}):
        record("Muon", "function", options, names=("W",), wide_muon=wide)
        record("Muon", "replay", options, names=("W", "T"), wide_muon=wide)

# ---- the rate halved half-way
for optimizer, options in (("SGD", {"lr": 0.02, "momentum": 0.9}), ("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
                           ("Adam", {"lr": 0.05}), ("ASGD", {"lr": 0.02, "lambd": 0.1, "t0": 20.0}), ("Rprop", {}), ("NAdam", {"lr": 0.01})):
    for family in ("function", "replay"):
        record(optimizer, family, options, halve_at=60)

# ---- a parameter without a gradient is skipped: no decay, no state, no count
ABSENT = {"W": [1, 2, 30], "b": [3, 4, 5, 50, 120]}
for optimizer, options in (("SGD", {"lr": 0.02, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}), ("Adagrad", {"lr": 0.2, "lr_decay": 0.1}),
                           ("RMSprop", {"momentum": 0.9}), ("AdamW", {"lr": 0.05}), ("Adadelta", {}), ("Adamax", {"lr": 0.05}),
                           ("NAdam", {"lr": 0.05}), ("RAdam", {"lr": 0.05}), ("Rprop", {}), ("ASGD", {"lr": 0.02, "t0": 20.0}), ("Adafactor", {})):
    record(optimizer, "replay", options, absent=ABSENT)

# ---- groups with options of their own
for family in ("function", "replay"):
    record("SGD", family, {"lr": 0.02, "momentum": 0.9}, groups=[{"params": ["W"], "weight_decay": 0.1}, {"params": ["b"], "lr": 0.01, "momentum": 0.5}])
    record("AdamW", family, {"lr": 0.05}, groups=[{"params": ["W"], "weight_decay": 0.3}, {"params": ["b"], "lr": 0.02, "betas": (0.8, 0.9), "weight_decay": 0.0}])

# ---- f32 parameters and gradients, hyper-parameters still f64
for optimizer in ("SGD", "Adagrad", "RMSprop", "Adam", "AdamW", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD", "Adafactor"):
    record(optimizer, "replay", {"lr": 0.02, "momentum": 0.9} if optimizer == "SGD" else {}, dtype=torch.float32)

# ---- the quadratic of the table of rules: 0.5 (x^2 + 10 y^2) from (1, 1)

TABLE = [
    ("SGD", dict(lr=0.05), 0.773780937500, 0.031250000000),
    ("SGD", dict(lr=0.05, momentum=0.9), 0.417155937500, -0.521800000000),
    ("SGD", dict(lr=0.05, momentum=0.9, dampening=0.5), 0.598442871094, -0.934284375000),
    ("SGD", dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01), 0.310555658078, -0.010558338929),
    ("SGD", dict(lr=0.05, momentum=0.9, maximize=True, weight_decay=0.01), 1.729769564762, 19.065817105831),
    ("Adagrad", dict(lr=0.1), 0.697714862065, 0.697714862046),
    ("Adagrad", dict(lr=0.1, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.1), 0.739752573337, 0.732530748412),
    ("RMSprop", dict(lr=0.01), 0.696465799281, 0.696465780304),
    ("RMSprop", dict(lr=0.01, alpha=0.9, centered=True, momentum=0.9), 0.665562796693, 0.665562788579),
    ("Adam", dict(lr=0.1), 0.507963661927, 0.507963657134),
    ("Adam", dict(lr=0.1, weight_decay=0.01, amsgrad=True), 0.507963661874, 0.507963657134),
    ("AdamW", dict(lr=0.1, weight_decay=0.01), 0.504080092747, 0.504080087961),
    ("Adadelta", dict(), 0.983631387349, 0.983631303667),
    ("Adamax", dict(lr=0.1), 0.551553805051, 0.551553801470),
    ("NAdam", dict(lr=0.1), 0.623662893783, 0.623662890407),
    ("RAdam", dict(lr=0.1), 0.552364195102, -0.322098165826),
    ("Rprop", dict(), 0.925584000000, 0.925584000000),
    ("ASGD", dict(lr=0.05), 0.773762102359, 0.031249609371),
    ("Adafactor", dict(), 0.951385102688, 0.951385102688),
]
quadratic = []
for optimizer, options, x, y in TABLE:
    p = torch.ones(2, requires_grad=True)
    opt = getattr(torch.optim, optimizer)([p], **options, foreach=False)
    path = [p.detach().clone()]
    for _ in range(8):
        opt.zero_grad()
        (0.5 * (p[0] ** 2 + 10 * p[1] ** 2)).backward()
        opt.step()
        path.append(p.detach().clone())
    assert torch.allclose(path[5], torch.tensor([x, y]), rtol=0, atol=1e-12), (optimizer, options, path[5])
    if optimizer == "RAdam":
        assert torch.allclose(path[8], torch.tensor([0.543278166168, -0.317785057908]), rtol=0, atol=1e-12)
    quadratic.append({"optimizer": optimizer, "options": options, "path": torch.stack(path)})

# ---- LBFGS

lbfgs = []


def rosenbrock(p):
    x, y = p
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def lbfgs_run(objective, start, calls, options, nudge=0.0):
    ps = {n: (v + nudge).requires_grad_() for n, v in start.items()}
    opt = torch.optim.LBFGS(list(ps.values()), **options)
    sign = -1.0 if options.get("maximize") else 1.0
    closures = 0

    def closure():
        nonlocal closures
        closures += 1
        opt.zero_grad()
        loss = sign * objective(**ps)
        loss.backward()
        return loss

    out = []
    for _ in range(calls):
        returned = opt.step(closure).item()
        state = opt.state[next(iter(ps.values()))]
        out.append({"returned": returned, "point": {n: p.detach().clone() for n, p in ps.items()}, "closure_calls": closures,
                    "n_iter": state["n_iter"], "pairs": len(state.get("old_dirs") or []), "loss_after": objective(**ps).item()})
    return out


def lbfgs_record(name, objective, start, calls, **options):
    out = lbfgs_run(objective, start, calls, options)
    nudge = 1e-12
    near = lbfgs_run(objective, start, calls, options, nudge)
    for a, b in zip(out, near):
        a["amplification"] = amplification(b["point"], a["point"], nudge)
        a["calls_stable"] = a["closure_calls"] == b["closure_calls"]
    lbfgs.append({"objective": name, "options": options, "start": start, "calls": out})
    return out


ROSENBROCK = {"p": torch.tensor([-1.5, 2.0])}
BOTH = {n: START[n] for n in ("W", "b")}
a = lbfgs_record("rosenbrock", rosenbrock, ROSENBROCK, 3, lr=1.0, line_search_fn="strong_wolfe")
for c, returned, x, y, n in zip(a, (12.5, 1.307098315, 1.884048138e-07), (-0.0851185559, 0.9995835473, 0.9999979943),
                                (-0.0287570584, 0.9991550320, 0.9999973439), (25, 50, 53)):
    assert abs(c["returned"] - returned) < 1e-9 * max(1, returned) and c["closure_calls"] == n, c
    assert torch.allclose(c["point"]["p"], torch.tensor([x, y]), rtol=0, atol=6e-11), c
a = lbfgs_record("rosenbrock", rosenbrock, ROSENBROCK, 3, lr=1e-3)
for c, returned, x, y, n in zip(a, (12.5, 12.13896095, 11.90308161), (-1.4978794752, -1.4965024883, -1.4951784378),
                                (2.0007528425, 2.0013903851, 2.0021075665), (20, 40, 60)):
    assert abs(c["returned"] - returned) < 6e-9 and c["closure_calls"] == n, c
    assert torch.allclose(c["point"]["p"], torch.tensor([x, y]), rtol=0, atol=6e-11), c
for name, objective, start in (("rosenbrock", rosenbrock, ROSENBROCK), ("function", f, BOTH)):
    for history in (3, 100):
        lbfgs_record(name, objective, start, 6, line_search_fn="strong_wolfe", history_size=history, max_iter=4)
        lbfgs_record(name, objective, start, 4, line_search_fn="strong_wolfe", history_size=history, max_iter=10, lr=0.5)
        lbfgs_record(name, objective, start, 6, history_size=history, max_iter=4, lr=0.01 if name == "rosenbrock" else 0.1)
    lbfgs_record(name, objective, start, 3, line_search_fn="strong_wolfe")
    lbfgs_record(name, objective, start, 4, line_search_fn="strong_wolfe", max_iter=10, max_eval=6)
    lbfgs_record(name, objective, start, 4, line_search_fn="strong_wolfe", max_iter=1)
    lbfgs_record(name, objective, start, 3, line_search_fn="strong_wolfe", tolerance_grad=0.5)
    lbfgs_record(name, objective, start, 3, line_search_fn="strong_wolfe", tolerance_change=1e-2)
lbfgs_record("function", lambda W, b: f(W, b), BOTH, 3, line_search_fn="strong_wolfe", maximize=True)
lbfgs_record("function", lambda W, b: f(W, b), BOTH, 3, lr=0.1, max_iter=5, maximize=True)

# ---- written

W, b = (START[n].clone().requires_grad_() for n in ("W", "b"))
start_gradient = torch.autograd.grad(f(W, b), [W, b])
write("optimizers",
      snapshots=SNAPSHOTS,
      start=START,
      start_loss=f(W, b).item(),
      start_gradient=dict(zip(("W", "b"), start_gradient)),
      replay_gradients=REPLAY,
      records=records,
      quadratic=quadratic,
      lbfgs=lbfgs)
tame = sum(max(r.get("amplification", [0])) < 50 for r in records)
print(f"  {tame} of {len(records)} trajectories nowhere amplify a nudge fifty times")
