#!/usr/bin/env python3
"""Runs the programs of the comparison in turns and writes results.md beside itself; README.md says what is compared.

    python3 benchmarks/run.py                     every program, five rounds, one thread
    python3 benchmarks/run.py --quick             once each, for a look
    python3 benchmarks/run.py --only downhill,floor --configs A,C --rounds 9
    python3 benchmarks/run.py --report            results.md again, from the lines that were kept

Needs nothing but the standard library. What is not there or does not build is reported as missing.
"""

import argparse
import json
import os
import platform
import shlex
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OURS = "downhill"
CONFIGS = "ABCDEFGHIJ"

# Enough epochs for a second or two of steps in most programs, the same for all, so that losses and states compare.
EPOCHS = {"A": 4, "B": 1, "C": 3, "D": 1, "E": 6, "F": 1, "G": 3, "H": 2, "I": 1, "J": 4}
QUICK_EPOCHS = {"A": 1, "B": 1, "C": 1, "D": 1, "E": 2, "F": 1, "G": 1, "H": 1, "I": 1, "J": 1}
# An epoch of F is far more than a second or two.
MAX_STEPS = {"F": 150}
# Of the Python programs, for which 20,000 steps of a tiny network take long.
QUICK_MAX_STEPS = {"D": 5000}
# One more run of A that is longer than 10,100 steps, to see whether steps become slower.
LONG_EPOCHS = 11
# And one of a single epoch, after which rounding has not yet grown: the losses agree, or the work was not the same.
CHECKED, CHECK_EPOCHS = "AC", 1
# The same for networks that take too long, or whose gradients rounding changes sooner: after so many steps, and without
# dropout, whose masks are each program's own; and how far the losses may be apart.
CHECKED_EARLY, CHECK_STEPS = {"F": 1e-4, "G": 1e-4, "H": 1e-4, "I": 1e-3, "J": 1e-4}, 20
STEPS_PER_EPOCH = {
    **{"A": 937, "B": 468, "C": 3750, "D": 20_000, "E": 10},
    **{"F": 937, "G": 100, "H": 100, "I": 468, "J": 200},
}


@dataclass
class Program:
    name: str
    about: str
    # A Rust package: its folder, and its name where the folder holds several.
    folder: Path | None = None
    package: str | None = None
    # Or a Python script and its arguments.
    script: str | None = None
    args: tuple = ()
    # Configurations that it does not have, or in which it does nothing of its own.
    skip: str = ""
    # Found out by `prepare`.
    command: list | None = None
    missing: str | None = None


def programs():
    return [
        Program(OURS, "ours, through the public API", folder=ROOT, package="downhill-bench"),
        Program("floor", "the training loop by hand, no automatic differentiation", folder=HERE / "floor", skip="HIJ"),
        Program("candle", "define by run, Rust", folder=HERE / "candle"),
        Program("burn", "define by run, Rust (flex)", folder=HERE / "burn"),
        Program("dfdx", "define by run, Rust", folder=HERE / "dfdx", skip="FGHJ"),
        Program("pytorch", "define by run, Python over C++", script="torch_eager.py", skip="FGHIJ"),
        Program("pytorch-fused", "the same, fused optimizer", script="torch_eager.py", args=("--fused",), skip="EFGHIJ"),
        Program(
            "pytorch-flush",
            "the same, subnormal numbers flushed",
            script="torch_eager.py",
            args=("--fused", "--flush-denormal"),
            skip="DE",
        ),
        Program(
            "pytorch-compiled",
            "`torch.compile`, fused optimizer",
            script="torch_eager.py",
            args=("--compile",),
            skip="FGHIJ",
        ),
        Program(
            "pytorch-compiled-flush",
            "the same, subnormal numbers flushed",
            script="torch_eager.py",
            args=("--compile", "--flush-denormal"),
            skip="ABCDE",
        ),
        Program("jax-step", "a step compiled", script="jax_step.py"),
        Program("jax-scan", "an epoch compiled (`lax.scan`)", script="jax_step.py", args=("--scan",), skip="EFGHIJ"),
        Program("numpy", "the training loop by hand over NumPy", script="numpy_hand.py", skip="FGHIJ"),
    ]


COMPILED = ["jax-step", "jax-scan", "pytorch-compiled", "pytorch-compiled-flush"]
RUST = ["candle", "burn", "dfdx"]
DEFINE_BY_RUN = ["pytorch", "pytorch-fused", "pytorch-flush", *RUST]
GROUPS = {
    "the fastest compiled framework": COMPILED,
    "the fastest Rust framework": RUST,
    "the fastest define-by-run framework": DEFINE_BY_RUN,
    "the fastest framework": COMPILED + DEFINE_BY_RUN,
    "the faster PyTorch": ["pytorch-flush", "pytorch-compiled-flush"],
}

# The columns of the tables, each a configuration and the key in a program's report.
COLUMNS = {
    "A": ("A", "median_us"),
    "B": ("B", "median_us"),
    "C": ("C", "median_us"),
    "D": ("D", "median_us"),
    "E, batch 1000": ("E", "median_us"),
    "E, batch 1": ("E", "single_us"),
    **{config: (config, "median_us") for config in "FGHIJ"},
}


@dataclass
class Target:
    """`column` takes at most `limit` µs; or `limit` times the time of `of`; or is `times` as fast as `than`."""

    column: str
    limit: float | None = None
    of: str | None = None
    times: float | None = None
    than: str | None = None


TARGETS = [
    Target("A", limit=1.15, of="floor"),
    Target("A", times=1.35, than="jax-scan"),
    Target("A", times=1.6, than="jax-step"),
    Target("A", times=3, than="the fastest define-by-run framework"),
    Target("B", limit=1.10, of="floor"),
    Target("B", times=1.15, than="the fastest compiled framework"),
    Target("B", times=1.2, than="pytorch-fused"),
    Target("B", times=1.6, than="the fastest Rust framework"),
    Target("C", limit=35),
    Target("C", times=1.5, than="jax-scan"),
    Target("C", times=2.5, than="jax-step"),
    Target("C", times=5, than="the fastest define-by-run framework"),
    Target("D", limit=2.5),
    Target("D", times=1, than="jax-scan"),
    Target("D", times=10, than="jax-step"),
    Target("D", times=2.8, than="the fastest define-by-run framework"),
    Target("E, batch 1000", limit=8600),
    Target("E, batch 1000", times=1, than="the fastest framework"),
    Target("E, batch 1", limit=80),
    Target("E, batch 1", times=1, than="the fastest framework"),
    Target("F", limit=1.25, of="floor"),
    Target("F", times=2.8, than="the faster PyTorch"),
    Target("F", times=1, than="the fastest framework"),
    Target("G", limit=1.25, of="floor"),
    Target("G", times=1.4, than="the faster PyTorch"),
    Target("G", times=1, than="the fastest framework"),
    Target("H", times=1.7, than="the faster PyTorch"),
    Target("H", times=1, than="the fastest framework"),
    Target("I", times=1.9, than="the faster PyTorch"),
    Target("I", times=1, than="the fastest framework"),
    Target("J", times=10, than="the faster PyTorch"),
    Target("J", times=1, than="the fastest framework"),
]
# Ours with two threads against ours with one.
TWO_THREADS = {"A": 1.5, "B": 1.7, "C": 1, "D": 1, "E, batch 1": 1.5}
# What "no slower" and "level" leave to noise.
NOISE = 0.03
PEAK_MB = {"A": 150}
# What the steps add to the memory must not be more than with these.
STEP_MB = {"F": "pytorch-flush"}


def main():
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lines = HERE / f"{options.output}.jsonl"
    if options.report:
        write_report(options, *read_lines(lines))
        return
    chosen = [program for program in programs() if program.name in options.only]
    runs, records = read_lines(lines) if options.append else ([], [])
    runs.append(describe_run(chosen))
    prepare(chosen, options)
    runs[-1]["missing"] = {program.name: program.missing for program in chosen if program.missing}
    runs[-1]["commands"] = {program.name: shown_command(program) for program in chosen if program.command}
    runs[-1]["busy"] = busy()
    with lines.open("w") as file:
        for line in [*({"run": run} for run in runs), *records]:
            file.write(json.dumps(line) + "\n")
    interrupted = True
    try:
        measure(chosen, options, records, lines, lambda: write_report(options, runs, records))
        interrupted = False
    except KeyboardInterrupt:
        print("\ninterrupted; writing what there is", file=sys.stderr)
    finally:
        runs[-1]["seconds"] = time.time() - runs[-1]["begin"]
        runs[-1]["interrupted"] = interrupted
        with lines.open("w") as file:
            for line in [*({"run": run} for run in runs), *records]:
                file.write(json.dumps(line) + "\n")
        write_report(options, runs, records)
    sys.exit(130 if interrupted else 0)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [program.name for program in programs()]

    def listed(allowed, kind=str):
        def parse(text):
            items = [kind(item.strip()) for item in text.split(",")]
            for item in items:
                if allowed is not None and item not in allowed:
                    raise argparse.ArgumentTypeError(f"{item!r} is none of {', '.join(map(str, allowed))}")
            return items

        return parse

    parser.add_argument("--only", type=listed(names), default=names, metavar="NAMES", help=", ".join(names))
    parser.add_argument("--configs", type=listed(CONFIGS, str.upper), default=list(CONFIGS), metavar="A,B,...")
    parser.add_argument("--rounds", type=int, help="5 by default")
    parser.add_argument("--threads", type=listed(None, int), default=[1], metavar="1,2", help="1 by default")
    parser.add_argument("--quick", action="store_true", help="one short round, written to results-quick.md")
    parser.add_argument("--epochs", type=int, help="instead of the number that suits the configuration")
    parser.add_argument("--max-steps", type=int, help="for the programs that know this option")
    parser.add_argument("--no-extras", action="store_true", help="leave out the runs that only show early losses and late steps")
    parser.add_argument("--no-build", action="store_true", help="take the programs as they lie there")
    parser.add_argument("--python", help="an interpreter with the packages of python/requirements.txt")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "mnist")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for a run; 300 by default")
    parser.add_argument("--output", help="the name of the .md and the .jsonl; `results` by default")
    parser.add_argument("--append", action="store_true", help="keep the lines of earlier runs and add to them")
    parser.add_argument("--report", action="store_true", help="only write the tables again")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.output = options.output or ("results-quick" if options.quick else "results")
    options.data = options.data.resolve()
    return options


# --- what there is to run ---------------------------------------------------------------------------------------------


def prepare(chosen, options):
    """Builds the programs and finds their commands; notes why one is missing."""
    python = None
    for program in chosen:
        try:
            if program.script:
                if python is None:
                    python = find_python(options)
                program.command = [python, str(HERE / "python" / program.script), *program.args]
            else:
                program.command = [build(program, options)]
        except Missing as reason:
            program.missing = str(reason)
            print(f"{program.name}: {reason}", file=sys.stderr)


class Missing(Exception):
    pass


def build(program, options):
    """The path of a Rust program. Cargo is called in the package's folder, where it finds the package's own settings."""
    folder = program.folder
    if not (folder / "Cargo.toml").exists():
        raise Missing("not there")
    if not options.no_build:
        print(f"building {program.name}", file=sys.stderr)
        # The workspace's release profile builds faster than the others'; its profile for measurements equals them.
        package = ["--profile", "bench", "-p", program.package] if program.package else ["--release"]
        call(["cargo", "build", "--quiet", *package], folder, "does not build")
    metadata = json.loads(call(["cargo", "metadata", "--no-deps", "--format-version", "1"], folder, "cargo metadata"))
    binaries = [
        target["name"]
        for package in metadata["packages"]
        if program.package in (None, package["name"])
        for target in package["targets"]
        if "bin" in target["kind"]
    ]
    if not binaries:
        raise Missing("has no binary")
    path = Path(metadata["target_directory"]) / "release" / binaries[0]
    if not path.exists():
        raise Missing("is not built")
    return str(path)


def find_python(options):
    """The interpreter for the Python programs: of a virtual environment that is made and filled when it is needed."""
    if options.python:
        return options.python
    folder = HERE / "python" / ".venv"
    python, stamp, wanted = folder / "bin" / "python", folder / "installed.txt", HERE / "python" / "requirements.txt"
    if not wanted.exists():
        raise Missing("not there")
    if not python.exists():
        if options.no_build:
            raise Missing("has no virtual environment")
        call([sys.executable, "-m", "venv", str(folder)], HERE, "no virtual environment")
    if not options.no_build and (not stamp.exists() or stamp.read_text() != wanted.read_text()):
        print("installing the Python packages, which takes a while", file=sys.stderr)
        call([str(python), "-m", "pip", "install", "--quiet", "-r", str(wanted)], HERE, "packages not installed")
        stamp.write_text(wanted.read_text())
    return str(python)


def call(command, folder, complaint):
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except OSError as error:
        raise Missing(f"{complaint}: {error}") from None
    if done.returncode != 0:
        raise Missing(f"{complaint}: {last_line(done.stderr)}")
    return done.stdout


def last_line(text):
    """The line that says most: the first with an error in it, or the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines[-1:] or ["nothing said"])[0][:200].replace(str(ROOT), ".")


def shown_command(program):
    """As one would type it in the repository's root."""
    if program.script:
        return shlex.join(["python", f"benchmarks/python/{program.script}", *program.args])
    if program.package:
        return f"cargo run --profile bench -p {program.package} --"
    return f"cd benchmarks/{program.folder.name} && cargo run --release -- --data ../../data/mnist"


# --- running ----------------------------------------------------------------------------------------------------------


def measure(chosen, options, records, lines, checkpoint):
    chosen = [program for program in chosen if program.command]
    knows_max_steps = {}
    if options.max_steps is not None:
        knows_max_steps = {program.name: "--max-steps" in help_of(program) for program in chosen}
    epochs = QUICK_EPOCHS if options.quick else EPOCHS
    given_up = set()

    def one(program, config, threads, count, round_number, part="rounds"):
        if config in program.skip or (program.name, config, threads) in given_up:
            return
        knows = knows_max_steps.get(program.name) or config in CHECKED_EARLY
        limit = options.max_steps if knows else None
        if part == "check" and config in CHECKED_EARLY:
            limit = CHECK_STEPS
        elif limit is None and options.quick and program.script:
            limit = QUICK_MAX_STEPS.get(config)
        limit = MAX_STEPS.get(config) if limit is None else limit
        more = ["--max-steps", str(limit)] if limit is not None else []
        if part == "check" and config == "I":
            more += ["--dropout", "0"]
        arguments = ["--config", config, "--epochs", str(count), "--threads", str(threads), "--data", str(options.data)]
        begin = time.time()
        record = run_once([*program.command, *arguments, *more], options.timeout)
        record |= {"program": program.name, "config": config, "threads": threads, "epochs": count}
        record |= {"round": round_number, "part": part, "seconds": round(time.time() - begin, 2)}
        if "steps" not in record and "error" not in record:
            record["steps"] = min(count * STEPS_PER_EPOCH[config], limit or sys.maxsize)
        if "error" in record:
            given_up.add((program.name, config, threads))
        records.append(record)
        with lines.open("a") as file:
            file.write(json.dumps(record) + "\n")
        what = record.get("error") or f"{record['median_us']:,.1f} µs"
        label = f"{round_number}/{options.rounds}" if part == "rounds" else part
        print(f"{label:6} {config} {threads} {program.name:17} {what}", file=sys.stderr, flush=True)

    for round_number in range(1, options.rounds + 1):
        # Another program begins in every round, lest one always follow the same neighbour.
        turn = (round_number - 1) % max(len(chosen), 1)
        for threads in options.threads:
            for config in options.configs:
                for program in chosen[turn:] + chosen[:turn]:
                    one(program, config, threads, options.epochs or epochs[config], round_number)
        checkpoint()
    if options.no_extras or options.max_steps:
        return
    for config in options.configs:
        for program in chosen:
            if config in CHECKED and epochs[config] != CHECK_EPOCHS or config in CHECKED_EARLY:
                one(program, config, options.threads[0], CHECK_EPOCHS, 1, "check")
            # jax-scan knows the time of whole epochs only.
            if config == "A" and program.name != "jax-scan" and not options.quick:
                one(program, config, options.threads[0], LONG_EPOCHS, 1, "long")


def run_once(command, timeout):
    """The program's line of JSON, or an `error`."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"stopped after {timeout:.0f} s"}
    except OSError as error:
        return {"error": str(error)}
    for line in reversed(done.stdout.splitlines()):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if done.returncode == 0 and isinstance(record, dict) and isinstance(record.get("median_us"), (int, float)):
            return record
    return {"error": last_line(done.stderr) if done.returncode else "printed no measurement"}


def help_of(program):
    try:
        done = subprocess.run([*program.command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr
    except (OSError, subprocess.TimeoutExpired):
        return ""


# --- what is kept -----------------------------------------------------------------------------------------------------


def describe_run(chosen):
    now = time.time()
    return {
        "date": datetime.fromtimestamp(now).strftime("%Y-%m-%d %H:%M"),
        "begin": now,
        "arguments": shown_arguments(),
        "programs": [program.name for program in chosen],
        "machine": machine(),
        "rustc": output_of("rustc", "--version"),
        "python": platform.python_version(),
        "commit": output_of("git", "describe", "--always", "--dirty", "--exclude=*"),
    }


def shown_arguments():
    """This program's, without the folders of the machine at hand."""
    shown, skip = [], False
    for argument in sys.argv[1:]:
        path = argument.partition("=")[0] in ("--python", "--data")
        if not (skip or path):
            shown.append(argument)
        skip = path and "=" not in argument
    return shown


def output_of(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip() or None
    except OSError:
        return None


def machine():
    """What Linux says of the processor; on other systems less."""
    facts = {"system": f"{platform.system()} {platform.release()}, {platform.machine()}", "cores": os.cpu_count()}
    try:
        cpu = {}
        for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines():
            key, _, value = line.partition(":")
            cpu[key.strip()] = value.strip()
        facts["cpu"] = cpu.get("model name", platform.processor())
        facts["model"] = ", ".join(f"{key} {cpu[key]}" for key in ("cpu family", "model", "stepping") if key in cpu)
        flags = cpu.get("flags", "").split()
        facts["vector"] = ", ".join(flag for flag in ("avx2", "fma", "avx512f", "amx_tile") if flag in flags)
        caches = []
        for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
            level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
            caches.append(f"L{level}{' ' + kind.lower() if level == '1' else ''} {size}")
        facts["caches"] = ", ".join(caches)
        memory = Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0]
        facts["memory"] = f"{int(memory) / 2**20:.0f} GiB"
    except (OSError, ValueError, IndexError):
        pass
    return facts


def busy(seconds=3):
    """The share of the processor's time that others take just now; None where Linux does not say."""

    def ticks():
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    try:
        total, idle = ticks()
        time.sleep(seconds)
        total_later, idle_later = ticks()
        return 1 - (idle_later - idle) / (total_later - total)
    except (OSError, ValueError, IndexError, ZeroDivisionError):
        return None


def read_lines(path):
    """The runs and the records that a file keeps."""
    runs, records = [], []
    try:
        for line in path.read_text().splitlines():
            line = json.loads(line)
            runs.append(line["run"]) if "run" in line else records.append(line)
    except FileNotFoundError:
        pass
    return runs, records


# --- the report -------------------------------------------------------------------------------------------------------


class Results:
    """Medians over the rounds."""

    def __init__(self, records):
        self.records = [record for record in records if "error" not in record]
        self.errors = [record for record in records if "error" in record]

    def values(self, program, config, threads, key, part="rounds"):
        return [
            record[key]
            for record in self.records
            if (record["program"], record["config"], record["threads"], record["part"]) == (program, config, threads, part)
            and record.get(key) is not None
        ]

    def median(self, *which, **more):
        values = self.values(*which, **more)
        return statistics.median(values) if values else None

    def time(self, program, column, threads=1):
        config, key = COLUMNS[column]
        return self.median(program, config, threads, key)

    def threads(self):
        return sorted({record["threads"] for record in self.records})

    def epochs(self, config):
        return sorted(
            {record["epochs"] for record in self.records if (record["config"], record["part"]) == (config, "rounds")}
        )

    def any(self, config, part):
        return any((record["config"], record["part"]) == (config, part) for record in self.records)

    def fastest(self, group, column):
        """The name and time of the fastest of several."""
        times = [(time, name) for name in group if (time := self.time(name, column)) is not None]
        return min(times, default=(None, None))


def write_report(options, runs, records):
    path = HERE / f"{options.output}.md"
    path.write_text("\n".join(report(runs, records)) + "\n")
    print(f"wrote {os.path.relpath(path)}", file=sys.stderr)


def report(runs, records):
    results = Results(records)
    asked = {name for run in runs for name in run["programs"]}
    order = [program for program in programs() if program.name in asked]
    missing = {}
    for run in runs:
        for name in run["programs"]:
            reason = run.get("missing", {}).get(name)
            missing[name] = reason
    missing = {name: reason for name, reason in missing.items() if reason}
    yield "# Results"
    yield ""
    yield "Written by `benchmarks/run.py`; [`README.md`](README.md) says what is measured."
    yield ""
    yield from header(runs, results, order)
    if missing:
        yield ""
        yield "Missing: " + "; ".join(f"{name} ({reason})" for name, reason in missing.items()) + "."
    failures = {(e["program"], e["config"], e["threads"]): e["error"] for e in results.errors}
    if failures:
        yield ""
        yield "Failed:"
        yield ""
        for (name, config, threads), error in failures.items():
            yield f"- {name}, {config}, {threads} thread{'s' * (threads > 1)}: {error}"
    present = [program.name for program in order if program.name not in missing]
    for threads in results.threads():
        yield ""
        yield f"## Step time, {threads} thread{'s' * (threads > 1)}"
        yield ""
        yield (
            "Microseconds a step (E: a batch): the median over the rounds of a run's median, and in brackets of its 10 % "
            "quantile."
        )
        yield ""
        yield from table(present, COLUMNS, lambda name, column: time_cell(results, name, column, threads))
        if any(results.time(OURS, column, threads) for column in COLUMNS):
            yield ""
            yield "The same as multiples of ours:"
            yield ""
            yield from table(present, COLUMNS, lambda name, column: ratio_cell(results, name, column, threads))
    yield from targets(results)
    yield from quality(results, present)
    yield from over_the_run(results, present)


def header(runs, results, order):
    run = runs[-1] if runs else None
    if not run:
        yield "Nothing has been measured yet."
        return
    facts = run["machine"]
    yield f"- **Date**: {', '.join(run['date'] for run in runs)}" + (
        " (interrupted)" if any(run.get("interrupted") for run in runs) else ""
    )
    cpu = [facts.get("cpu"), facts.get("model"), f"{facts['cores']} cores", facts.get("vector")]
    yield f"- **Machine**: {'; '.join(fact for fact in cpu if fact)}"
    if "caches" in facts:
        yield f"- **Caches, memory**: {facts['caches']}; {facts.get('memory', 'unknown')}"
    shares = [run["busy"] for run in runs if run.get("busy") is not None]
    note = ""
    if max(shares, default=0) > 0.1:
        note = "; **the machine was busy with other things: these times are no measurement**"
    shown = ", ".join(f"{share:.0%}" for share in shares) or "unknown"
    yield f"- **System**: {facts['system']}; busy before the first program ran: {shown}{note}"
    versions = {record["program"]: record.get("version") for record in results.records}
    named = ", ".join(f"{program.name} {versions[program.name]}" for program in order if versions.get(program.name))
    yield f"- **Versions**: {run['rustc']}, Python {run['python']}; {named}; this repository at {run['commit']}"
    rounds = max((record["round"] for record in results.records), default=0)
    epochs = ", ".join(
        f"{config} {'/'.join(map(str, count))}" for config in CONFIGS if (count := results.epochs(config))
    )
    seconds = sum(run.get("seconds", 0) for run in runs)
    yield (
        f"- **Runs**: {rounds} round{'s' * (rounds != 1)}, the programs taking turns; epochs: {epochs}; "
        f"{seconds / 60:.0f} minutes"
    )
    commands = [shlex.join(["python3", "benchmarks/run.py", *run["arguments"]]) for run in runs]
    yield f"- **Command**: {', then '.join(f'`{command}`' for command in commands)}"
    yield ""
    yield "| program | | command |"
    yield "|---|---|---|"
    for program in order:
        commands = [run["commands"][program.name] for run in runs if program.name in run.get("commands", {})]
        yield f"| {program.name} | {program.about} | {f'`{commands[-1]}`' if commands else '—'} |"


def table(names, columns, cell):
    yield "| |" + "".join(f" {column} |" for column in columns)
    yield "|---|" + "---:|" * len(columns)
    for name in names:
        yield f"| {name} |" + "".join(f" {cell(name, column) or '—'} |" for column in columns)


def number(value):
    """Three digits, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def time_cell(results, name, column, threads):
    config, key = COLUMNS[column]
    median = results.median(name, config, threads, key)
    if median is None:
        return None
    low = results.median(name, config, threads, "p10_us") if key == "median_us" else None
    return number(median) + (f" ({number(low)})" if low is not None else "")


def ratio_cell(results, name, column, threads):
    ours, theirs = results.time(OURS, column, threads), results.time(name, column, threads)
    return f"{theirs / ours:.2f}x" if ours and theirs else None


def targets(results):
    yield ""
    yield "## Against the targets"
    yield ""
    yield (
        "One thread, ours against the others of the same run. The targets for single operations, for graphs of a million "
        "operations and for the time to build are measured elsewhere."
    )
    yield ""
    yield "| | target | measured | |"
    yield "|---|---|---|---|"

    def row(column, target, measured, met):
        return f"| {column} | {target} | {measured if met is not None else '—'} | {VERDICT[met]} |"

    for target in TARGETS:
        ours = results.time(OURS, target.column)
        if target.limit is not None and target.of is None:
            met = None if ours is None else ours <= target.limit
            yield row(target.column, f"at most {target.limit:,g} µs", ours and f"{number(ours)} µs", met)
            continue
        other = target.of or target.than
        theirs, name = results.fastest(GROUPS.get(other, [other]), target.column)
        which = f" ({name})" if other in GROUPS else ""
        measured, met = None, None
        if target.of:
            if ours and theirs:
                measured, met = f"{ours / theirs:.2f} times", ours / theirs <= target.limit
            yield row(target.column, f"at most {target.limit:g} times the time of {other}", measured, met)
            continue
        # "Level with" is a target of 1, and leaves room for noise.
        at_least = target.times if target.times != 1 else 1 - NOISE
        if ours and theirs:
            measured, met = f"{theirs / ours:.2f}x{which}", theirs / ours >= at_least
        wanted = "as fast as" if target.times == 1 else f"{target.times:g}x as fast as"
        yield row(target.column, f"{wanted} {other}", measured, met)
    for column, times in TWO_THREADS.items():
        one, two = results.time(OURS, column, 1), results.time(OURS, column, 2)
        met = one / two >= (times if times != 1 else 1 - NOISE) if one and two else None
        wanted = "two threads no slower than one" if times == 1 else f"two threads {times:g}x as fast as one"
        yield row(column, wanted, one and two and f"{one / two:.2f}x", met)
    for config in CONFIGS:
        one, two = (set(results.values(OURS, config, threads, "train_loss")) for threads in (1, 2))
        met = one == two and len(one) == 1 if one and two else None
        yield row(config, "the same loss with one thread and two, to the last bit", "yes" if met else "no", met)
    for config, limit in PEAK_MB.items():
        peak = results.median(OURS, config, 1, "peak_mb")
        met = None if peak is None else peak <= limit
        yield row(config, f"peak memory at most {limit} MB", peak and f"{peak:.0f} MB", met)
    for config, other in STEP_MB.items():
        ours, theirs = (results.median(name, config, 1, "step_mb") for name in (OURS, other))
        met = ours <= theirs if ours is not None and theirs is not None else None
        yield row(config, f"memory of the steps at most that of {other}", f"{ours or 0:.1f} and {theirs or 0:.1f} MB", met)
    for config, part in LATE_STEPS.items():
        early, late, steps = early_and_late(results, OURS, config, part)
        met = late <= early * (1 + NOISE) if early and late else None
        yield row(config, "late steps as fast as the first", met is not None and f"{late / early:.2f} times {steps}", met)


VERDICT = {True: "met", False: "**not met**", None: "not measured"}

OVER_THE_RUN = {
    "1 to 100": "steps_1_to_100_us",
    "5,001 to 5,100": "steps_5001_to_5100_us",
    "10,001 to 10,100": "steps_10001_to_10100_us",
}
# The configurations with so many steps, and the runs in which they have them.
LATE_STEPS = {"A": "long", "C": "rounds"}


def early_and_late(results, name, config, part):
    """The time of the first steps, that of the latest which the program reports, and which those are."""
    times = [
        (time, steps)
        for steps, key in OVER_THE_RUN.items()
        if (time := results.median(name, config, 1, key, part=part)) is not None
    ]
    return (times[0][0], times[-1][0], f"(steps {times[-1][1]})") if len(times) > 1 else (None, None, None)


def quality(results, present):
    threads = results.threads()[:1]
    if not threads:
        return
    threads = threads[0]

    def checked(column):
        """The configuration of a column, the part of the run, and how far from ours is too far."""
        config, _, early = column.partition(",")
        tolerance = CHECKED_EARLY.get(config, 1e-3)
        return (config, "check", tolerance) if early else (config, "rounds", 0.2)

    def loss(name, column):
        config, part, tolerance = checked(column)
        values = results.values(name, config, threads, "train_loss", part)
        if not values:
            return None
        mine, ours = statistics.median(values), results.median(OURS, config, threads, "train_loss", part=part)
        steps = set(results.values(name, config, threads, "steps", part))
        same = steps == set(results.values(OURS, config, threads, "steps", part))
        marks = "" if len(set(values)) == 1 else " ~"
        if ours is not None and not same:
            marks += f" after {'/'.join(f'{count:,}' for count in sorted(steps))} steps"
        elif ours is not None and not abs(mine - ours) <= max(tolerance * abs(ours), 1e-5):
            marks += " **≠**"
        return (f"{mine:.5f}" if mine > 1e-5 else f"{mine:.0e}" if mine else "0") + marks

    def accuracy(name, config):
        value = results.median(name, config, threads, "test_accuracy")
        return value is not None and f"{100 * value:.2f} %"

    def memory(name, config):
        value = results.median(name, config, threads, "peak_mb")
        return value is not None and f"{value:,.0f}"

    def step_memory(name, config):
        value = results.median(name, config, threads, "step_mb")
        return value is not None and number(value)

    yield ""
    yield "## The same work?"
    yield ""
    yield (
        "The training loss over the first 10,000 images (G, H, J: 320 samples) after the last step (E: of the untrained "
        "network). All start from the same numbers and take the same batches; only rounding tells them apart, which training "
        "amplifies from epoch to epoch, and Adam from the first steps; and in I dropout, which is off in the column of "
        f"{CHECK_STEPS} steps. **≠**: more than a thousandth from ours after one epoch of A or C, more than a ten-thousandth "
        f"(I: a thousandth) after {CHECK_STEPS} steps of F to J, more than 20 % elsewhere; ~: not the same in every round."
    )
    yield ""
    early = [f"{config}, {CHECK_EPOCHS} epoch" for config in CHECKED if results.any(config, "check")]
    early += [f"{config}, {CHECK_STEPS} steps" for config in CHECKED_EARLY if results.any(config, "check")]
    yield from table(present, [*early, *CONFIGS], loss)
    yield ""
    yield "Accuracy on the test images:"
    yield ""
    yield from table(present, "ABCEFI", accuracy)
    yield ""
    yield "Peak memory of the process in MB, libraries and data included:"
    yield ""
    yield from table(present, CONFIGS, memory)
    if any(results.median(name, "F", threads, "step_mb") for name in present):
        yield ""
        yield "What the steps of F to J need beside what is in memory before them (model, data, libraries), in MB:"
        yield ""
        yield from table(present, "FGHIJ", step_memory)


def over_the_run(results, present):
    columns = {
        f"{config}, {steps}": (config, key, part)
        for config, part in LATE_STEPS.items()
        for steps, key in OVER_THE_RUN.items()
    }

    def cell(name, column):
        config, key, part = columns[column]
        value = results.median(name, config, 1, key, part=part)
        return value is not None and number(value)

    names = [name for name in present if any(cell(name, column) for column in columns)]
    if not names:
        return
    yield ""
    yield "## Step time over the run"
    yield ""
    yield (
        "Medians of a hundred steps in µs, early and late: subnormal numbers, leaks and fragmentation would show. "
        f"A from one run of {LONG_EPOCHS} epochs, C from the rounds."
    )
    yield ""
    yield from table(names, columns, cell)
    plots = {config: results.values(OURS, config, 1, "medians_of_500_us", part)[-1:] for config, part in LATE_STEPS.items()}
    plots = {config: values[0] for config, values in plots.items() if values and values[0]}
    if plots:
        yield ""
        yield "Ours, a column for the median of each five hundred steps, its height from zero:"
        yield ""
        yield "```text"
        for config, values in plots.items():
            yield f"{config}  {bars(values)}  {number(min(values))} to {number(max(values))} µs"
        yield "```"


def bars(values):
    heights = "▁▂▃▄▅▆▇█"
    return "".join(heights[round(value / max(values) * (len(heights) - 1))] for value in values)


if __name__ == "__main__":
    main()
