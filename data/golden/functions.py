"""Functions of f64 numbers to 300 bits: writes functions.json. Needs mpmath 1.3, not PyTorch."""

import json
import math
import random
from pathlib import Path

from mpmath import mp, mpf

mp.prec = 300

COUNT = 1500


def sized(rng, least, most):
    """A number of either sign whose logarithm is uniform."""
    return rng.choice([-1, 1]) * math.exp(rng.uniform(math.log(least), math.log(most)))


# Of each function: where its work is done, near its kinks of precision, and over all sizes.
FUNCTIONS = {
    "exp": (mp.exp, [lambda r: r.uniform(-745, 709.78), lambda r: r.uniform(-1, 1), lambda r: sized(r, 1e-20, 700)]),
    "expm1": (mp.expm1, [lambda r: r.uniform(-40, 709.78), lambda r: r.uniform(-1, 1), lambda r: sized(r, 1e-20, 700)]),
    "ln": (mp.log, [lambda r: abs(sized(r, 1e-308, 1e308)), lambda r: r.uniform(0.5, 2), lambda r: 1 + sized(r, 1e-16, 0.3)]),
    "log1p": (mp.log1p, [lambda r: abs(sized(r, 1e-20, 1e308)), lambda r: r.uniform(-0.9999, 2), lambda r: sized(r, 1e-16, 0.9)]),
    "sinh": (mp.sinh, [lambda r: r.uniform(-710, 710), lambda r: r.uniform(-1, 1), lambda r: sized(r, 1e-20, 25)]),
    "cosh": (mp.cosh, [lambda r: r.uniform(-710, 710), lambda r: r.uniform(-1, 1), lambda r: sized(r, 1e-20, 25)]),
    "tanh": (mp.tanh, [lambda r: r.uniform(-20, 20), lambda r: r.uniform(-1, 1), lambda r: sized(r, 1e-300, 25)]),
}


def unit(y):
    """One unit in the last place of a number of this size."""
    return mpf(2) ** (max(math.frexp(y)[1] - 1, -1022) - 52)


def row(function, x):
    exact = function(mpf(x))
    nearest = float(exact)
    return x, nearest, round(float((exact - mpf(nearest)) / unit(nearest)), 3)


def main():
    lines = []
    for name, (function, draws) in FUNCTIONS.items():
        rng = random.Random(name)
        rows = [row(function, draws[i % len(draws)](rng)) for i in range(COUNT)]
        record = {"name": name, "x": [r[0] for r in rows], "nearest": [r[1] for r in rows], "above": [r[2] for r in rows]}
        lines.append(json.dumps(record))
    header = json.dumps({"script": "functions.py", "bits": mp.prec})
    text = f'{{"header": {header},\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"
    Path(__file__).with_suffix(".json").write_text(text)


main()
