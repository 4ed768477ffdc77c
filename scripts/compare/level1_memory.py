"""The memory wall beside C with OpenMP, in memory, in turn."""

import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median

from side_by_side import append, run, table

ROUNDS = 5


def compare(args, counts):
    """Prints what both move and compute with each number of workers, and notes it."""
    found = {"rust": [], "C, OpenMP": []}
    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder) / "level1_memory"
        source = Path(__file__).with_suffix(".c")
        flags = ["-O3", "-march=native", "-fopenmp", "-o", binary, source]
        subprocess.run([os.environ.get("CC", "cc"), *flags], check=True)
        for _ in range(ROUNDS):
            record = run([args.binaries / "level1_memory", "--workers", max(counts)])
            size = record["settings"]["size_bytes"]
            found["rust"] += [row for row in record["results"]["rows"] if row["workers"] in counts]
            for workers in counts:
                command = [binary, str(size), str(workers)]
                output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
                triad, polynomial = map(float, output.split())
                row = {"workers": workers, "triad_bytes_per_s": triad, "polynomial_per_s": polynomial}
                found["C, OpenMP"].append(row)

    names = {"triad_bytes_per_s": "triad, GB/s", "polynomial_per_s": "polynomial, Gflop/s"}

    def middle(program, workers, name):
        values = [row[name] for row in found[program] if row["workers"] == workers]
        return median(values) if values else float("nan")

    rows = []
    for workers in counts:
        for name, text in names.items():
            c, rust = (middle(program, workers, name) for program in ("C, OpenMP", "rust"))
            numbers = (f"{c / 1e9:.1f}", f"{rust / 1e9:.1f}", f"{rust / c:.2f}")
            rows.append((f"{text}, workers: {workers}", *numbers))
    print(f"\nIn arrays of {size / 2**20:.0f} MiB, medians of {ROUNDS} runs:")
    table(("", "C, OpenMP", "Rust", "Rust / C"), rows)
    for program, rows in found.items():
        append(args.json, 1, {"program": f"{program}, memory", "size_bytes": size}, {"rows": rows})
