"""Level 2, pi, in Python: slice, compute, reduce.

    mpirun -n 4 python examples/python/level2_pi.py --kernel loop
    mpirun -n 4 python examples/python/level2_pi.py --kernel numpy
"""

import argparse

import numpy as np
from mpi4py import MPI


def slice_of(n, rank, size):
    """The base share for everybody, and one more for the first n % size ranks."""
    base, remainder = divmod(n, size)
    start = rank * base + min(rank, remainder)
    return start, start + base + (rank < remainder)


def loop(start, end, n):
    """What one writes first."""
    width = 1.0 / n
    total = 0.0
    for i in range(start, end):
        x = (i + 0.5) * width
        total += 4.0 / (1.0 + x * x)
    return total * width


def arrays(start, end, n):
    """The same with numpy: one operation for all rectangles at a time."""
    width = 1.0 / n
    x = (np.arange(start, end) + 0.5) * width
    return np.sum(4.0 / (1.0 + x * x)) * width


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rectangles", type=int, default=10_000_000)
parser.add_argument("--passes", type=int, default=3)
parser.add_argument("--kernel", choices=["loop", "numpy"], default="loop")
args = parser.parse_args()

world = MPI.COMM_WORLD
rank, size = world.Get_rank(), world.Get_size()
integrate = {"loop": loop, "numpy": arrays}[args.kernel]

start, end = slice_of(args.rectangles, rank, size)
times = []
for _ in range(args.passes):
    world.Barrier()
    begin = MPI.Wtime()
    partial = integrate(start, end, args.rectangles)
    pi = world.reduce(partial, op=MPI.SUM, root=0)
    times.append(MPI.Wtime() - begin)

if rank == 0:
    print(f"pi             {pi:.15f}  (error {abs(pi - np.pi):.1e})")
    print(f"best           {min(times):.6f} s")
