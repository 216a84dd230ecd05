"""schedules.json: the rate (and the momentum, where it is cycled) in force at t = 0..80, for every schedule.

README.md describes the fields; composed schedules nest: {"scheduler": "SequentialLR", "parts": [{"scheduler": ..., "options": ...}, ...]}.
"""

import math
import warnings

import torch
from torch.optim import lr_scheduler as S
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn

from common import draw, write

warnings.filterwarnings("ignore")
LAST = 80

# Functions of t, by the name under which a record mentions them.
FUNCTIONS = {
    "0.95^t": lambda t: 0.95**t,
    "1/(1+t)": lambda t: 1 / (1 + t),
    "min(1,(t+1)/10)": lambda t: min(1.0, (t + 1) / 10),
    "0.9": lambda t: 0.9,
    "t odd: 0.5, t even: 1.5": lambda t: 0.5 if t % 2 else 1.5,
}


def optimizer(kind="SGD", lrs=(0.1,), **options):
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in lrs]
    return getattr(torch.optim, kind)(groups, **options)


def build(opt, spec):
    name, options = spec["scheduler"], dict(spec.get("options", {}))
    if name in ("LambdaLR", "MultiplicativeLR"):
        return getattr(S, name)(opt, FUNCTIONS[options["function"]])
    if name == "SequentialLR":
        return S.SequentialLR(opt, [build(opt, p) for p in spec["parts"]], **options)
    if name == "ChainedScheduler":
        return S.ChainedScheduler([build(opt, p) for p in spec["parts"]])
    if name == "SWALR":
        return SWALR(opt, **options)
    return getattr(S, name)(opt, **options)


def in_force(opt):
    g = opt.param_groups
    momentum = g[0]["betas"][0] if "betas" in g[0] else g[0].get("momentum")
    return [float(x["lr"]) for x in g], momentum


records = []


def schedule(name, lrs=(0.1,), kind="SGD", momentum=None, last=LAST, parts=None, epochs=None, note=None, **options):
    spec = {"scheduler": name, "options": options, **({"parts": parts} if parts else {})}
    opt = optimizer(kind, lrs, **({"momentum": momentum} if momentum is not None else {}))
    sched = build(opt, spec)
    rates, momenta = [], []
    for t in range(last + 1):
        if epochs is not None:
            sched.step(epochs[t])
        lr, m = in_force(opt)
        rates.append(lr)
        momenta.append(m)
        if epochs is None and t < last:
            opt.step()
            sched.step()
    cycled = name in ("CyclicLR", "OneCycleLR") and options.get("cycle_momentum", True)
    r = {**spec, "optimizer": kind, "initial_lr": list(lrs), **({"momentum_at_start": momentum} if momentum is not None else {})}
    if epochs is not None:
        r["epochs"] = epochs
    if note:
        r["note"] = note
    r["lr"] = [[x[i] for x in rates] for i in range(len(lrs))]
    if cycled:
        r["momentum"] = momenta
    records.append(r)
    return r


def close(got, want, digits=2e-6):
    for g, w in zip(got, want):
        assert abs(g - w) <= digits * max(abs(w), 1e-3), (got[: len(want)], want)


# ---- functions of t
for fn in ("0.95^t", "1/(1+t)", "min(1,(t+1)/10)"):
    schedule("LambdaLR", function=fn)
for fn in ("0.9", "t odd: 0.5, t even: 1.5", "1/(1+t)"):
    schedule("MultiplicativeLR", function=fn)
schedule("LambdaLR", lrs=(0.1, 0.02), function="0.95^t")
for options in ({"step_size": 30}, {"step_size": 7, "gamma": 0.5}, {"step_size": 1, "gamma": 0.9}):
    schedule("StepLR", **options)
schedule("StepLR", lrs=(0.1, 0.02), step_size=10, gamma=0.3)
for options in ({"milestones": [30, 60]}, {"milestones": [5, 5, 20], "gamma": 0.5}, {"milestones": [40, 10, 25], "gamma": 0.3}, {"milestones": [1, 2, 3]}):
    schedule("MultiStepLR", **options)
for options in ({}, {"factor": 0.5, "total_iters": 4}, {"factor": 1.0, "total_iters": 3}, {"factor": 0.25, "total_iters": 100}):
    schedule("ConstantLR", **options)
schedule("ConstantLR", factor=0.1, total_iters=0, note="PyTorch's recursion never undoes the factor here; its closed form never applies it")
close(schedule("LinearLR")["lr"][0], [0.0333333, 0.0466667, 0.06, 0.0733333, 0.0866667, 0.1])
for options in ({"start_factor": 0.1, "total_iters": 20}, {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 10},
                {"start_factor": 0.01, "end_factor": 0.5, "total_iters": 50}, {"start_factor": 1e-3, "total_iters": 1}):
    schedule("LinearLR", **options)
schedule("LinearLR", lrs=(0.1, 0.02), start_factor=0.1, total_iters=20)
for gamma in (0.9, 0.99, 1.0, 1.02):
    schedule("ExponentialLR", gamma=gamma)
close(schedule("PolynomialLR")["lr"][0], [0.1, 0.08, 0.06, 0.04, 0.02, 0])
for options in ({"total_iters": 40, "power": 2.0}, {"total_iters": 40, "power": 0.5}, {"total_iters": 100, "power": 0.9}):
    schedule("PolynomialLR", **options)

# ---- cosines
close(schedule("CosineAnnealingLR", T_max=5, eta_min=0.01)["lr"][0],
      [0.1, 0.0914058, 0.0689058, 0.0410942, 0.0185942, 0.01, 0.0185942, 0.0410942, 0.0689058, 0.0914058, 0.1])
for options in ({"T_max": 50}, {"T_max": 80}, {"T_max": 7}, {"T_max": 1}, {"T_max": 20, "eta_min": 1e-3}, {"T_max": 20, "eta_min": 0.2}):
    schedule("CosineAnnealingLR", **options)
schedule("CosineAnnealingLR", lrs=(0.1, 0.02), T_max=30, eta_min=0.001)
close(schedule("CosineAnnealingWarmRestarts", T_0=3, T_mult=2)["lr"][0],
      [0.1, 0.075, 0.025, 0.1, 0.0933013, 0.075, 0.05, 0.025, 0.00669873, 0.1, 0.0982963])
for options in ({"T_0": 10}, {"T_0": 10, "T_mult": 1, "eta_min": 0.01}, {"T_0": 5, "T_mult": 2, "eta_min": 1e-3}, {"T_0": 1, "T_mult": 3}, {"T_0": 1}):
    schedule("CosineAnnealingWarmRestarts", **options)
for T_mult in (1, 2):
    schedule("CosineAnnealingWarmRestarts", T_0=3, T_mult=T_mult, last=LAST, epochs=[i / 4 for i in range(LAST + 1)],
             note="step(epoch) with fractional epochs: the rate at every entry of epochs")

# ---- cycles; PyTorch writes the momentum of SGD, or beta1 of Adam
SGD = {"kind": "SGD", "momentum": 0.9}
ADAM = {"kind": "Adam"}
c = schedule("CyclicLR", **SGD, base_lr=0.01, max_lr=0.1, step_size_up=3)
close(c["lr"][0], [0.01, 0.04, 0.07, 0.1, 0.07, 0.04, 0.01])
close(c["momentum"], [0.9, 0.866667, 0.833333, 0.8, 0.833333])
c = schedule("CyclicLR", **SGD, base_lr=0.01, max_lr=0.1, step_size_up=3, mode="triangular2")
close(c["lr"][0][6:], [0.01, 0.025, 0.04, 0.055, 0.04, 0.025])
close(c["momentum"][6:], [0.9, 0.883333, 0.866667, 0.85])
c = schedule("CyclicLR", **SGD, base_lr=0.01, max_lr=0.1, step_size_up=3, mode="exp_range", gamma=0.9)
close(c["lr"][0], [0.01, 0.037, 0.0586, 0.07561, 0.049366, 0.0277147, 0.01, 0.0243489, 0.035828, 0.0448678, 0.0309207, 0.0194143])
for who in (SGD, ADAM):
    for mode in ("triangular", "triangular2", "exp_range"):
        schedule("CyclicLR", **who, base_lr=1e-3, max_lr=0.05, step_size_up=5, step_size_down=12, mode=mode, gamma=0.97)
        schedule("CyclicLR", **who, base_lr=1e-3, max_lr=0.05, step_size_up=8, mode=mode, gamma=0.99, base_momentum=0.7, max_momentum=0.97)
    schedule("CyclicLR", **who, base_lr=1e-3, max_lr=0.05, step_size_up=4, cycle_momentum=False)
schedule("CyclicLR", kind="SGD", base_lr=0.01, max_lr=0.1, step_size_up=6, note="the optimiser had momentum 0; it is cycled all the same")
schedule("CyclicLR", **SGD, lrs=(0.1, 0.02), base_lr=[0.01, 0.002], max_lr=[0.1, 0.02], step_size_up=6)
schedule("CyclicLR", **SGD, base_lr=0.01, max_lr=0.1)


def one_cycle(total, **options):
    """Up to t = total_steps, which PyTorch still accepts."""
    options = {"max_lr": 0.1, "total_steps": total, **options}
    who = options.pop("who", SGD)
    return schedule("OneCycleLR", **who, last=total, **options)


c = one_cycle(10)
close(c["lr"][0][:-1], [0.004, 0.052, 0.1, 0.0950485, 0.0811746, 0.0611262, 0.0388742, 0.0188258, 0.00495194, 4e-07])
close(c["momentum"], [0.95, 0.9, 0.85, 0.854952, 0.868826, 0.888874, 0.911126, 0.931174, 0.945048, 0.95])
c = one_cycle(10, three_phase=True, anneal_strategy="linear")
close(c["lr"][0][:-1], [0.004, 0.052, 0.1, 0.052, 0.004, 0.00320008, 0.00240016, 0.00160024, 0.00080032, 4e-07])
for who in (SGD, ADAM):
    for three_phase in (False, True):
        for strategy in ("cos", "linear"):
            one_cycle(80, who=who, three_phase=three_phase, anneal_strategy=strategy)
one_cycle(50, pct_start=0.1)
one_cycle(50, pct_start=0.4, three_phase=True)
one_cycle(50, pct_start=0.25, div_factor=10.0, final_div_factor=100.0)
one_cycle(50, base_momentum=0.7, max_momentum=0.99)
one_cycle(50, cycle_momentum=False)
one_cycle(7)
one_cycle(5, pct_start=0.5)
schedule("OneCycleLR", **SGD, lrs=(0.1, 0.02), last=30, max_lr=[0.1, 0.02], total_steps=30)

# ---- averaging's own schedule
close(schedule("SWALR", swa_lr=0.02, anneal_epochs=4)["lr"][0], [0.1, 0.0882843, 0.06, 0.0317157, 0.02])
for options in ({"swa_lr": 0.05}, {"swa_lr": 0.02, "anneal_epochs": 20, "anneal_strategy": "linear"}, {"swa_lr": 0.5, "anneal_epochs": 5},
                {"swa_lr": 0.02, "anneal_epochs": 0}):
    schedule("SWALR", **options)

# ---- one after the other, and all at once


def part(name, **options):
    return {"scheduler": name, "options": options}


warmup = part("LinearLR", start_factor=0.1, total_iters=5)
SEQUENCES = [
    ([warmup, part("CosineAnnealingLR", T_max=75)], [5]),
    ([warmup, part("CosineAnnealingLR", T_max=30, eta_min=1e-3)], [5]),
    ([part("ConstantLR", factor=0.1, total_iters=20), part("ExponentialLR", gamma=0.9)], [20]),
    ([part("ConstantLR", factor=0.1, total_iters=2), part("ExponentialLR", gamma=0.9)], [2]),
    ([part("LinearLR", start_factor=0.01, total_iters=10), part("StepLR", step_size=10, gamma=0.5), part("ExponentialLR", gamma=0.9)], [10, 50]),
    ([part("ExponentialLR", gamma=0.9), part("StepLR", step_size=3, gamma=0.1)], [20]),
    ([part("LinearLR", start_factor=0.1, total_iters=8), part("CosineAnnealingWarmRestarts", T_0=10, T_mult=2)], [8]),
    ([part("LinearLR", start_factor=0.1, total_iters=8), part("PolynomialLR", total_iters=60, power=2.0)], [8]),
    ([part("LambdaLR", function="min(1,(t+1)/10)"), part("MultiStepLR", milestones=[10, 20], gamma=0.5)], [10]),
]
for parts, milestones in SEQUENCES:
    schedule("SequentialLR", parts=parts, milestones=milestones)
schedule("SequentialLR", lrs=(0.1, 0.02), parts=SEQUENCES[0][0], milestones=[5])
CHAINS = [
    [part("ConstantLR", factor=0.1, total_iters=20), part("ExponentialLR", gamma=0.9)],
    [part("LinearLR", start_factor=0.1, total_iters=10), part("StepLR", step_size=15, gamma=0.5)],
    [part("LinearLR", start_factor=0.25, total_iters=4), part("MultiStepLR", milestones=[20, 40]), part("ExponentialLR", gamma=0.98)],
    [part("LinearLR", start_factor=0.1, total_iters=10), part("CosineAnnealingLR", T_max=80)],
    [part("ExponentialLR", gamma=0.97), part("PolynomialLR", total_iters=60, power=1.0)],
    [part("MultiplicativeLR", function="0.9"), part("StepLR", step_size=10, gamma=2.0)],
]
for parts in CHAINS:
    schedule("ChainedScheduler", parts=parts)

for r in records:  # the recursive rules agree with the closed forms
    if "note" not in r and r["scheduler"] in ("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR"):
        opt = optimizer(lrs=r["initial_lr"])
        sched = build(opt, r)
        for t in range(LAST + 1):
            sched.last_epoch = t
            for got, want in zip(sched._get_closed_form_lr(), (x[t] for x in r["lr"])):
                assert abs(got - want) < 1e-14, (r["scheduler"], r["options"], t, got, want)

# ---- reduction on a plateau

plateau = []


def on_plateau(metrics, lrs=(0.1,), note=None, **options):
    opt = optimizer(lrs=lrs)
    sched = S.ReduceLROnPlateau(opt, **options)
    out = []
    for m in metrics:
        opt.step()
        sched.step(m)
        out.append(([g["lr"] for g in opt.param_groups], sched.best, sched.num_bad_epochs, sched.cooldown_counter))
    plateau.append({"scheduler": "ReduceLROnPlateau", "options": options, "initial_lr": list(lrs), **({"note": note} if note else {}), "metrics": metrics,
                    "lr": [[o[0][i] for o in out] for i in range(len(lrs))], "best": [o[1] for o in out], "bad": [o[2] for o in out],
                    "cooldown": [o[3] for o in out]})
    return plateau[-1]["lr"][0]


nan, inf = math.nan, math.inf
flat = [1.0, 0.9] + [0.9] * 30
close(on_plateau(flat, factor=0.5, patience=2, cooldown=1, min_lr=0.02), [0.1] * 4 + [0.05] * 4 + [0.025] * 4)
noisy = [round(2.0 / (1 + t / 5) + v, 3) for t, v in enumerate(draw("noise", (60,), -0.15, 0.15).tolist())]
on_plateau(flat)
on_plateau(noisy)
on_plateau([round(-m, 3) + 3 for m in noisy], mode="max", patience=3, factor=0.3)
for mode, metrics in (("min", noisy), ("max", [3 - m for m in noisy])):
    for threshold_mode in ("rel", "abs"):
        for threshold in (0.0, 1e-4, 0.05):
            on_plateau(metrics, mode=mode, threshold_mode=threshold_mode, threshold=threshold, patience=2, factor=0.7)
on_plateau(flat, patience=0)
on_plateau(flat, patience=0, factor=0.5, cooldown=3)
on_plateau(flat, patience=1, factor=0.5, cooldown=4)
on_plateau(flat, patience=1, factor=0.5, min_lr=0.03)
on_plateau(flat, patience=0, factor=0.9, eps=0.005, note="stops when a reduction would be smaller than eps")
on_plateau(flat, patience=0, factor=0.1, note="eps stops it at 1e-8 or so")
on_plateau(flat, lrs=(0.1, 0.02), patience=1, factor=0.5, min_lr=[0.01, 0.005])
on_plateau([1.0, nan, nan, nan, 0.5, nan, 0.4, nan, nan, nan, nan], patience=1, factor=0.5, note="NaN counts as bad")
on_plateau([nan] * 8, patience=2, factor=0.5)
on_plateau([inf, inf, inf, 1.0, inf, inf, inf], patience=1, factor=0.5)
on_plateau([-inf, -1.0, -1.0, -1.0], patience=1, factor=0.5)
for metrics in ([-1.0] * 8, [-1.0, -1.00005, -1.00005, -1.0, -0.99995, -0.99995], [-1.0, -0.99, -0.98, -0.97, -0.96]):
    for threshold_mode in ("rel", "abs"):
        on_plateau(metrics, patience=0, factor=0.5, threshold_mode=threshold_mode, note="negative metric")
        on_plateau([-m for m in metrics], patience=0, factor=0.5, threshold_mode=threshold_mode)
        on_plateau(metrics, mode="max", patience=0, factor=0.5, threshold_mode=threshold_mode, note="negative metric")
on_plateau([0.0] * 6, patience=0, factor=0.5)
on_plateau([1.0, 1 - 1e-4, 1 - 2e-4, 1 - 2.5e-4, 1 - 3.1e-4, 1 - 3.2e-4], patience=0, factor=0.5, note="at the relative threshold")
assert on_plateau([-1.0] * 5, patience=0) == [0.1] * 5
assert on_plateau([1.0] * 2, patience=0)[1] < 0.1

# ---- averages of parameters

averages = []
values = [draw(("average", t), (2, 3)) for t in range(12)]


def average(kind, **options):
    model = torch.nn.Linear(3, 2, bias=False)
    fn = {"ema": get_ema_multi_avg_fn, "swa": get_swa_multi_avg_fn}[kind](**options)
    ave = AveragedModel(model, multi_avg_fn=fn)
    out = []
    for v in values:
        model.weight.data.copy_(v)
        ave.update_parameters(model)
        out.append(ave.module.weight.detach().clone())
    assert torch.equal(out[0], values[0])  # the first call copies
    averages.append({"kind": kind, "options": options, "values": torch.stack(values), "averages": torch.stack(out), "n_averaged": int(ave.n_averaged)})


average("swa")
for decay in (0.999, 0.9, 0.5, 0.0, 1.0):
    average("ema", decay=decay)

write("schedules", records=records, plateau=plateau, averages=averages)
