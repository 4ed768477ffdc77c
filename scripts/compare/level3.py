"""PyTorch and burn train the same network on the same digits, in one run.

Called by `cargo workshop compare 3`, which builds the lessons first. Needs MNIST: from
MNIST_DIR or data/mnist. On a machine with a GPU and a driver, both also train there.
"""

import os
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

import torch

from side_by_side import append, arguments, human, run, table

THREADS = min(2, int(os.environ.get("SLURM_CPUS_PER_TASK") or 1))  # as `cargo workshop` counts them
TORCH = Path(__file__).parents[2] / "examples/python/level3_torch.py"
KEPT = ("warmup_s", "train_s", "evaluate_s", "loss", "accuracy", "peak_bytes")

# PyTorch as one meets it, and at its best.
TORCH_FORMS = {
    "PyTorch, preloaded": ["--preload"],
    "PyTorch at its best": ["--preload", "--best"],  # channels last, fused Adam
    "PyTorch at its best, compiled": ["--preload", "--best", "--compile"],
    "PyTorch, DataLoader": [],
}


def measure_torch(device, batch, *flags):
    flags = ["--device", device, "--batch-size", batch, "--threads", THREADS, *flags]
    return run(sys.executable, TORCH, *flags)


def measure_burn(program, device, batch):
    """The record of the Rust example, and the most memory that it held at once."""
    # A parent of its own, because getrusage knows only the largest of all children.
    parent = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[2:], check=True)\n"
        "peak = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "open(sys.argv[1], 'w').write(str(peak))\n"
    )
    flags = ["--device", device, "--batch-size", batch, "--workers", THREADS]
    with tempfile.NamedTemporaryFile() as peak:
        record = run(sys.executable, "-c", parent, peak.name, program, *flags)
        if record["settings"]["data"] != "MNIST":
            sys.exit("no MNIST: run scripts/get-mnist.sh first")
        return record["results"] | {"peak_bytes": int(Path(peak.name).read_text())}


def main():
    parser = arguments(__doc__)
    parser.add_argument("--batch-sizes", type=int, nargs="+", metavar="N")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="measure all N times, in turn")
    args = parser.parse_args()
    program = args.binaries / "level3_mnist"
    devices = ["cpu"]
    if torch.cuda.is_available() and shutil.which("nvidia-smi"):
        devices.append("gpu")
    # The same sizes on both devices. Large ones show what a GPU gains; a CPU gains little by them.
    sizes = args.batch_sizes or [512, 64] + [2048, 10000] * (len(devices) - 1)

    measured = defaultdict(list)  # of each program, device and batch size, one result per run
    for device in devices:
        for batch in sizes * args.runs:
            measured["burn", device, batch].append(measure_burn(program, device, batch))
            for name, flags in TORCH_FORMS.items():
                if "--compile" in flags and device == "cpu" and not shutil.which("c++"):
                    print(f"no C++ compiler: without {name}")
                    continue
                measured[name, device, batch].append(measure_torch(device, batch, *flags))

    rows = []
    for (name, device, batch), runs in measured.items():
        each = [run["train_s"] for run in runs]
        burn = [run["train_s"] for run in measured["burn", device, batch]]
        middle = {key: median(run[key] for run in runs) for key in KEPT}
        rows.append(
            (
                f"{name}, {device}, batch {batch}",
                human(middle["warmup_s"]),
                human(middle["train_s"]),
                f"{human(min(each))} to {human(max(each))}",
                f"{median(ours / its for ours, its in zip(burn, each)):.2f}",
                f"{100 * middle['accuracy']:.2f} %",
                f"{middle['peak_bytes'] / 1e6:.0f} MB",
            )
        )
        settings = {"program": name, "device": device, "batch_size": batch, "threads": THREADS}
        append(args.json, 3, settings, middle | {"train_each": each})
    runs = f"medians of {args.runs} runs, in turn" if args.runs > 1 else "one run"
    print(f"one epoch of MNIST, {THREADS} threads, {runs}; torch {torch.__version__}")
    table(("", "warm-up", "training", "from", "burn / this", "accuracy", "peak memory"), rows)


if __name__ == "__main__":
    main()
