"""The command line that all programs of the comparison share, and what has to be settled before NumPy is loaded."""

import argparse
import os
from pathlib import Path


def parse(description, configs="ABCDEFGHIJ", **flags):
    """Reads the command line; `flags` are a program's own switches with their help.

    Call it before importing anything that computes: the libraries read the number of threads while they are loaded.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, type=str.upper, choices=list(configs))
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="the folder with the MNIST files")
    parser.add_argument("--max-steps", type=int, metavar="N", help="stop after N timed steps, whatever the epochs")
    parser.add_argument("--dropout", type=float, default=0.2, metavar="P", help="the probability of dropout in I")
    for name, text in flags.items():
        parser.add_argument("--" + name.replace("_", "-"), action="store_true", help=text)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    # OpenBLAS is to choose its kernels by the processor it finds, not by what somebody set for another purpose.
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    return options


def keep_to_cores(count):
    """Leaves this process `count` of the cores it may use: for libraries that have no reliable switch for it."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
