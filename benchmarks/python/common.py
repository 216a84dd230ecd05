"""What the Python programs of the comparison share: networks, starting numbers, data, clock and report.

`../README.md` describes all of it for every language.
"""

import gzip
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

TRAIN_LOSS_IMAGES = 10_000  # the training loss is taken over the first so many images
TINY_STEPS = 20_000  # an epoch of configuration D
TINY_CHUNK = 100  # a step of D is too short for the clock, which is read once in so many
SINGLE_ROWS = 1000  # of the test images, which E passes through one by one


@dataclass
class Network:
    sizes: list
    batch: int
    rule: str  # "sgd", "adam" or "adamw"
    lr: float
    momentum: float = 0.0


NETWORKS = {
    "A": Network([784, 128, 10], 64, "sgd", 0.1, 0.9),
    "B": Network([784, 512, 512, 10], 128, "adam", 1e-3),
    "C": Network([784, 32, 10], 16, "sgd", 0.05, 0.9),
    "D": Network([2, 4, 1], 4, "adam", 1e-2),
    "E": Network([784, 512, 512, 10], 1000, "adam", 1e-3),
    # Those of `networks.py`, which are not given by the sizes of their layers.
    "F": Network([], 64, "sgd", 0.05, 0.9),
    "G": Network([], 32, "adam", 1e-3),
    "H": Network([], 32, "adamw", 1e-3),
    "I": Network([], 128, "adam", 1e-3),
    "J": Network([], 16, "adam", 1e-3),
}

XOR_INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
XOR_TARGETS = np.array([[0], [1], [1], [0]], dtype=np.float32)


class SplitMix64:
    """Steele, Lea and Flood's generator. Its n-th output depends on seed and n only, so that many are made at once."""

    def __init__(self, seed):
        self.state = seed

    def draw(self, count):
        """The next `count` outputs."""
        gamma = 0x9E3779B97F4A7C15
        z = np.uint64(self.state) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(gamma)
        self.state = (self.state + count * gamma) % 2**64
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

    def uniform(self, count, fan_in):
        """Numbers from U(-k, k) with k = 1/sqrt(fan_in), in double precision and rounded once."""
        unit = (self.draw(count) >> np.uint64(11)).astype(np.float64) / 2.0**53
        return ((2.0 * unit - 1.0) * (1.0 / np.sqrt(float(fan_in)))).astype(np.float32)

    def order(self, count):
        """The order of the samples: Fisher and Yates from the back."""
        last = np.arange(count - 1, 0, -1, dtype=np.uint64)
        partners = (self.draw(count - 1) % (last + np.uint64(1))).tolist()
        order = list(range(count))
        for i, j in zip(range(count - 1, 0, -1), partners):
            order[i], order[j] = order[j], order[i]
        return np.array(order, dtype=np.int64)


def initial_weights(sizes):
    """For each layer the weight [out, in] and the bias [out]."""
    generator = SplitMix64(1)
    return [
        (generator.uniform(outputs * inputs, inputs).reshape(outputs, inputs), generator.uniform(outputs, inputs))
        for inputs, outputs in zip(sizes, sizes[1:])
    ]


def epoch_batches(epoch, samples, batch):
    """The indices of an epoch's full batches, one a row."""
    order = SplitMix64(1000 + epoch).order(samples)
    full = samples // batch
    return order[: full * batch].reshape(full, batch)


@dataclass
class Mnist:
    """Images as bytes [count, 784], labels as int64."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load_mnist(folder):
    def read(name, header):
        path = Path(folder) / f"{name}.gz"
        try:
            with gzip.open(path) as file:
                return np.frombuffer(bytearray(file.read()), dtype=np.uint8, offset=header)  # writable
        except OSError as error:
            sys.exit(f"error: {path}: {error}")

    def part(name):
        return read(f"{name}-images-idx3-ubyte", 16).reshape(-1, 784), read(f"{name}-labels-idx1-ubyte", 8).astype(np.int64)

    return Mnist(*part("train"), *part("t10k"))


class Clock:
    """Times the steps of a run: `seconds` has an entry for each (for D one for each hundred, divided by a hundred)."""

    def __init__(self, options):
        self.options = options
        self.seconds = []
        self.steps = 0
        self.total = 0.0

    def train(self, epochs, step):
        """Calls `step(batch)` for every batch of every epoch, of which `epochs` is a list."""
        limit = self.options.max_steps
        begin = perf_counter()
        for batches in epochs:
            for batch in batches:
                if self.steps == limit:
                    break
                start = perf_counter()
                step(batch)
                self.seconds.append(perf_counter() - start)
                self.steps += 1
        self.total = perf_counter() - begin
        return self.total / max(self.steps, 1) * len(epochs[0])

    def limited(self, epochs):
        """The epochs that `--max-steps` leaves, the last of them cut short."""
        left = self.options.max_steps
        if left is None:
            return epochs
        kept = []
        for batches in epochs:
            if left > 0:
                kept.append(batches[:left])
                left -= len(kept[-1])
        return kept

    def train_whole(self, epochs, epoch, steps_per_epoch=None):
        """Calls `epoch(batches)`, which takes all the steps of an epoch; each of them counts as the average."""
        begin = perf_counter()
        for batches in epochs:
            start = perf_counter()
            epoch(batches)
            self.seconds.append((perf_counter() - start) / len(batches))
            self.steps += len(batches)
        self.total = perf_counter() - begin
        return self.total / self.steps * (steps_per_epoch or len(epochs[0]))

    def train_tiny(self, steps):
        """Configuration D: `steps(count)` takes `count` steps."""
        chunks = self.options.epochs * TINY_STEPS // TINY_CHUNK
        if self.options.max_steps is not None:
            chunks = min(chunks, max(self.options.max_steps // TINY_CHUNK, 1))
        begin = perf_counter()
        for _ in range(chunks):
            start = perf_counter()
            steps(TINY_CHUNK)
            self.seconds.append((perf_counter() - start) / TINY_CHUNK)
        self.steps = chunks * TINY_CHUNK
        self.total = perf_counter() - begin
        return self.total / self.steps * TINY_STEPS

    def predict(self, batches, rows, forward):
        """Configuration E: the time of the ten batches and the median of a single row, in microseconds."""
        limit = self.options.max_steps
        single = []
        for inputs, seconds in ((batches, self.seconds), (rows, single)):
            for x in (x for _ in range(self.options.epochs) for x in inputs):
                if len(seconds) == limit:
                    break
                start = perf_counter()
                forward(x)
                seconds.append(perf_counter() - start)
        self.steps = len(self.seconds)
        self.total = sum(self.seconds)
        return self.total / max(self.steps, 1) * len(batches), statistics.median(single) * 1e6


def status_mb(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return None


class MemoryBefore:
    """The memory in use when the first step begins, where the system's record of the peak starts again."""

    def __init__(self):
        try:
            Path("/proc/self/clear_refs").write_text("5")
            self.all, self.code = status_mb("VmRSS"), status_mb("RssFile")
        except OSError:
            self.all = None

    def exceeded_by(self):
        """By how much the peak has exceeded it, without code that was read from files meanwhile."""
        if self.all is None:
            return None
        return status_mb("VmHWM") - self.all - (status_mb("RssFile") - self.code)


def report(framework, version, options, clock, seconds_per_epoch, train_loss, test_accuracy=None, single_us=None, **more):
    """Prints the line of JSON."""
    ordered = sorted(clock.seconds)

    def quantile(q):
        return ordered[int((len(ordered) - 1) * q)] * 1e6

    def median_of(first, last):
        if len(clock.seconds) < last:
            return None
        part = sorted(clock.seconds[first - 1 : last])
        return part[len(part) // 2] * 1e6

    line = {
        "framework": framework,
        "version": version,
        "config": options.config,
        "threads": options.threads,
        "steps": clock.steps,
        "seconds_per_epoch": seconds_per_epoch,
        "median_us": quantile(0.5),
        "p10_us": quantile(0.1),
        "steps_1_to_100_us": median_of(1, 100),
        "steps_5001_to_5100_us": median_of(5001, 5100),
        "steps_10001_to_10100_us": median_of(10001, 10100),
        "single_us": single_us,
        "train_loss": train_loss,
        "test_accuracy": test_accuracy,
        "peak_mb": status_mb("VmHWM"),
    }
    print(json.dumps(line | more))
