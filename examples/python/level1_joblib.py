"""Level 1 in Python: one loop run by one worker, then the same loop run by several (joblib).

The Rust twin is examples/level1_cores.rs.

    python examples/python/level1_joblib.py --weight 0.5 --tasks 10
"""

import argparse
import math
import os
import time

from joblib import Parallel, delayed


def worker(number, weight, factorial):
    """Waits, like a disk or a network, then computes, like everything else."""
    time.sleep(weight)
    return math.factorial(factorial) + number


def sequential(tasks, weight, factorial):
    return [worker(number, weight, factorial) for number in range(tasks)]


def parallel(tasks, weight, factorial, pool):
    return pool(delayed(worker)(number, weight, factorial) for number in range(tasks))


def main():
    parser = argparse.ArgumentParser(description="Race one loop against itself")
    parser.add_argument("--weight", type=float, help="time that each task waits, in seconds (asked)")
    parser.add_argument("--tasks", type=int, help="how many tasks the loop has (asked)")
    parser.add_argument("--factorial", type=int, default=20, help="then it computes this factorial")
    args = parser.parse_args()
    weight = args.weight if args.weight is not None else float(input("Weight of a task in seconds: "))
    tasks = args.tasks if args.tasks is not None else int(input("Number of tasks: "))

    # Let Slurm tell the program what it has; hard-code nothing.
    workers = int(os.environ.get("SLURM_CPUS_PER_TASK") or 1)
    print(f"{tasks} tasks of {weight} s and {args.factorial}!, workers: {workers}")

    start = time.perf_counter()
    expected = sequential(tasks, weight, args.factorial)
    sequential_s = time.perf_counter() - start
    print(f"sequential  {sequential_s:9.4f} s")

    start = time.perf_counter()
    # Workers are processes: the first call starts them, and every argument is pickled.
    found = parallel(tasks, weight, args.factorial, Parallel(n_jobs=workers))
    parallel_s = time.perf_counter() - start
    assert found == expected, "both loops must give the same values in the same order"
    print(f"parallel    {parallel_s:9.4f} s")

    speedup = sequential_s / parallel_s
    print(f"speedup     {speedup:9.2f} x of {workers}")
    print(f"winner      {'parallel' if speedup > 1 else 'sequential'}")


if __name__ == "__main__":
    main()
