"""mpi4py, numpy, C and Rust on the same rectangles, in one run.

Called by `cargo workshop compare 2`, which builds the lessons first. Every round runs every
program once, so that a machine that changes its speed changes it for all; the best round counts.
"""

import re
import sys
import tempfile
from pathlib import Path

from side_by_side import HERE, append, arguments, compiled, human, output, run, table

ROUNDS = 5
RECTANGLES = 10_000_000

REPOSITORY = HERE.parent.parent
MPIRUN = [REPOSITORY / "scripts/mpirun.sh", "-n"]


def python(kernel, passes):
    program = REPOSITORY / "examples/python/level2_pi.py"
    flags = ["--rectangles", RECTANGLES, "--passes", passes, "--kernel", kernel]
    text = output(*MPIRUN, 1, sys.executable, program, *flags)
    return float(re.search(r"best\s+([\d.]+) s", text).group(1))


def c(binary, passes, kernel="pi"):
    return float(output(binary, kernel, RECTANGLES, passes))


def main():
    args = arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        baseline = ["--baseline", Path(folder) / "baseline.txt"]
        o3 = compiled(folder, "level2", "-O3")
        o3_native = compiled(folder, "level2", "-O3", "-march=native")
        fast = compiled(folder, "level2", "-Ofast", "-march=native")

        def rust(kernel, passes, ranks=1):
            pi = [*MPIRUN, ranks, args.binaries / "level2_pi", *baseline, "--kernel", kernel]
            return run(*pi, "--rectangles", RECTANGLES, "--passes", passes)["results"]["best_s"]

        programs = {
            "mpi4py, loop": lambda: python("loop", 1),
            "mpi4py, numpy": lambda: python("numpy", 5),
            "C -O3": lambda: c(o3, 50),
            "Rust, naive": lambda: rust("naive", 50),
            "C -O3 -march=native": lambda: c(o3_native, 50),
            "C -Ofast -march=native": lambda: c(fast, 100),
            "C, lanes, -Ofast -march=native": lambda: c(fast, 100, "lanes"),
            "Rust, lanes": lambda: rust("lanes", 100),
            "Rust, lanes, 2 ranks": lambda: rust("lanes", 100, ranks=2),
        }
        best = dict.fromkeys(programs, float("inf"))
        for _ in range(ROUNDS):
            for program, measure in programs.items():
                best[program] = min(best[program], measure())

        print(f"pi from {RECTANGLES:_} rectangles, one rank if nothing else is said; best pass")
        lanes = best["Rust, lanes"]
        rows = [(name, human(time), f"{time / lanes:.2f}") for name, time in best.items()]
        table(("program", "time", "/ Rust, lanes"), rows)
        print("lanes divides once for two rectangles; the other rows divide for each.")
        print(f"two ranks: speedup {lanes / best['Rust, lanes, 2 ranks']:.2f}x")

    for program, time in best.items():
        ranks = 2 if program.endswith("2 ranks") else 1
        settings = {"program": program, "rectangles": RECTANGLES, "ranks": ranks}
        append(args.json, 2, settings, {"best_s": time})


if __name__ == "__main__":
    main()
