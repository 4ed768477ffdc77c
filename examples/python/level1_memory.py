"""The memory wall in Python: numpy's triad in larger and larger arrays.

The Rust twin is examples/level1_memory.rs.

    python examples/python/level1_memory.py
"""

import time

import numpy as np


def triad(a, b, c):
    # Two passes over memory: numpy multiplies everything before it adds anything.
    np.multiply(c, 3.0, out=a)
    np.add(a, b, out=a)


def seconds(a, b, c, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        triad(a, b, c)
    return (time.perf_counter() - start) / repeats


def main():
    for size in (24 << 10, 384 << 10, 6 << 20, 128 << 20):
        a, b, c = (np.full(size // 24, 0.5) for _ in range(3))
        best = min(seconds(a, b, c, max(1, (16 << 20) // size)) for _ in range(9))
        assert (a == 2.0).all()
        # As many bytes as the Rust twin counts, though numpy moves more of them.
        print(f"{size / 1024:9.0f} KiB {size / best / 1e9:7.1f} GB/s")


if __name__ == "__main__":
    main()
