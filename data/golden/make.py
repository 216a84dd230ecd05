"""Makes every golden file anew; `git diff --stat` then says what changed."""

import os
import subprocess
import sys

from common import HERE

NAMES = (
    "ops", "more_ops", "kinks", "pooling", "losses", "init", "optimizers", "schedules", "clip", "torch_mlp",
    "layers", "convolutions", "metrics", "tables", "norms", "parametrizations", "attention", "networks",
)
for name in NAMES:
    subprocess.run([sys.executable, os.path.join(HERE, f"{name}.py")], check=True)
