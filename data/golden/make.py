"""Makes every golden file anew; `git diff --stat` then says what changed."""

import os
import subprocess
import sys

from common import HERE

for name in ("ops", "kinks", "losses", "init", "optimizers", "schedules", "clip", "torch_mlp", "layers", "norms", "attention"):
    subprocess.run([sys.executable, os.path.join(HERE, f"{name}.py")], check=True)
