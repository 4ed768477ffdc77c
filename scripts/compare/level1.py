"""joblib, rayon and C with OpenMP, in one run: start, overhead, crossover, factorial, the memory wall.

Called by `cargo workshop compare 1`, which builds the lessons first.
"""

import math
import os
import sys
import tempfile
import time
from statistics import median

from joblib import Parallel, delayed

from side_by_side import append, arguments, compiled, human, output, run, table

WORKERS = 2
FACTORIALS = [500, 2_000, 5_000, 20_000]
# What the workers did before: they still look for work, or sleep and must be woken.
STATES = {"awake": "active", "asleep": "passive"}  # and what OpenMP calls it
MEMORY = {"triad_bytes_per_s": "triad, GB/s", "polynomial_per_s": "polynomial, Gflop/s"}
ROUNDS = 5  # of the memory wall


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def nothing(_):
    return None


def spin(steps):
    for _ in range(steps):
        pass


def cold_start():
    """The first call of a process starts joblib's workers: measured in fresh processes."""
    program = (
        "import time; from joblib import Parallel, delayed\n"
        "start = time.perf_counter()\n"
        f"Parallel(n_jobs={WORKERS})(delayed(abs)(n) for n in range({WORKERS}))\n"
        "print(time.perf_counter() - start)"
    )
    return median(float(output(sys.executable, "-c", program)) for _ in range(5))


def joblib_crossover(pool, state, tasks=10):
    """The size of a task from which joblib wins, right after another call or after a pause."""
    step = min(timed(lambda: spin(1_000_000)) for _ in range(5)) / 1e6

    def gain(seconds):
        steps = max(1, round(seconds / step))
        pairs = []
        for _ in range(9):
            one = timed(lambda: [spin(steps) for _ in range(tasks)])
            if state == "awake":
                pool(delayed(nothing)(n) for n in range(tasks))
            else:
                time.sleep(0.05)
            many = timed(lambda: pool(delayed(spin)(steps) for _ in range(tasks)))
            pairs.append(one / many)
        return math.log(median(pairs))

    size, before = 1e-5, -1
    while (now := gain(size)) < 0 and size < 1:
        size, before = 2 * size, now
    return size / 2 * 2 ** (before / (before - now))


def python_factorial(n):
    math.factorial(n)
    repeats = max(3, min(1000, int(0.1 / timed(lambda: math.factorial(n)))))
    return median(timed(lambda: math.factorial(n)) for _ in range(repeats))


def measure_joblib():
    results = {"pool_start_s": cold_start()}
    with Parallel(n_jobs=WORKERS) as pool:
        pool(delayed(nothing)(n) for n in range(WORKERS))  # starts the workers
        for tasks in (10, 1000):
            runs = [timed(lambda: pool(delayed(nothing)(n) for n in range(tasks))) for _ in range(15)]
            results[f"empty_{tasks}_s"] = median(runs)
        for state in STATES:
            results[f"{state}_s"] = joblib_crossover(pool, state)
    for n in FACTORIALS:
        results[f"factorial_{n}_s"] = python_factorial(n)
    return results


def measure_rayon(binaries):
    race = binaries / "level1_cores"

    def once(*flags):
        return run(race, "--weight", 0, "--workers", WORKERS, *flags)["results"]

    starts = [once("--tasks", 1)["pool_start_s"] for _ in range(9)]
    results = {"pool_start_s": median(starts)}
    for tasks in (10, 1000):
        results[f"empty_{tasks}_s"] = once("--tasks", tasks, "--factorial", 0)["parallel_s"]
    found = run(binaries / "level1_crossover", "--workers", WORKERS)["results"]
    if None in (results := results | {f"{state}_s": found[f"{state}_s"] for state in STATES}).values():
        sys.exit("the crossover was not found: is this machine busy, or has it one core?")
    for n in FACTORIALS:
        results[f"factorial_{n}_s"] = once("--tasks", 10, "--factorial", n)["sequential_s"] / 10
    return results


def measure_openmp():
    """C with OpenMP, whose waiting threads spin or sleep as OMP_WAIT_POLICY says."""
    with tempfile.TemporaryDirectory() as folder:
        binary = compiled(folder, "level1", "-O3", "-fopenmp")
        return {
            f"{state}_s": float(output(binary, WORKERS, state, OMP_WAIT_POLICY=policy))
            for state, policy in STATES.items()
        }


def compare_memory(binaries, json):
    """The memory wall beside C with OpenMP, in memory, in turn: what both move and compute."""
    counts = (1, WORKERS)
    found = {"rust": [], "C, OpenMP": []}
    with tempfile.TemporaryDirectory() as folder:
        binary = compiled(folder, "level1_memory", "-O3", "-march=native", "-fopenmp")
        for _ in range(ROUNDS):
            record = run(binaries / "level1_memory", "--workers", WORKERS)
            size = record["settings"]["size_bytes"]
            found["rust"] += [row for row in record["results"]["rows"] if row["workers"] in counts]
            for workers in counts:
                triad, polynomial = map(float, output(binary, size, workers).split())
                row = {"workers": workers, "triad_bytes_per_s": triad, "polynomial_per_s": polynomial}
                found["C, OpenMP"].append(row)

    def middle(program, workers, name):
        values = [row[name] for row in found[program] if row["workers"] == workers]
        return median(values) if values else float("nan")

    rows = []
    for workers in counts:
        for name, text in MEMORY.items():
            c, rust = (middle(program, workers, name) for program in ("C, OpenMP", "rust"))
            numbers = (f"{c / 1e9:.1f}", f"{rust / 1e9:.1f}", f"{rust / c:.2f}")
            rows.append((f"{text}, workers: {workers}", *numbers))
    print(f"\nIn arrays of {size / 2**20:.0f} MiB, medians of {ROUNDS} runs:")
    table(("", "C, OpenMP", "Rust", "Rust / C"), rows)
    for program, rows in found.items():
        append(json, 1, {"program": f"{program}, memory", "size_bytes": size}, {"rows": rows})


def main():
    args = arguments(__doc__).parse_args()
    os.environ["SLURM_CPUS_PER_TASK"] = str(WORKERS)
    print(f"{WORKERS} workers on {len(os.sched_getaffinity(0))} usable CPUs; medians")
    joblib = measure_joblib()
    rayon = measure_rayon(args.binaries)
    openmp = measure_openmp()

    names = {
        "pool_start_s": "start of the workers",
        "empty_10_s": "10 empty tasks, workers started",
        "empty_1000_s": "1000 empty tasks, workers started",
        "awake_s": "10 tasks: parallel wins from, if awake",
        "asleep_s": "10 tasks: parallel wins from, if woken",
        **{f"factorial_{n}_s": f"{n}!" for n in FACTORIALS},
    }
    rows = [
        (text, human(joblib[name]), human(rayon[name]), f"{joblib[name] / rayon[name]:.1f}")
        for name, text in names.items()
    ]
    table(("", "Python", "Rust", "Python / Rust"), rows)
    awake, asleep = (human(openmp[f"{state}_s"]) for state in STATES)
    print(f"C with OpenMP: parallel wins from {awake} if awake, from {asleep} if woken")
    for program, results in [("joblib", joblib), ("rayon", rayon), ("C, OpenMP", openmp)]:
        append(args.json, 1, {"program": program, "workers": WORKERS}, results)
    compare_memory(args.binaries, args.json)


if __name__ == "__main__":
    main()
