"""What the comparisons share: compile C, run programs, print a table, append records."""

import argparse
import json
import os
import socket
import subprocess
import tempfile
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent


def arguments(description):
    """The flags that every comparison takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--binaries", type=Path, required=True, help="folder of the built examples")
    parser.add_argument(
        "--json", type=argparse.FileType("a"), help="append one record per program to this file"
    )
    return parser


def output(*command, **variables):
    """What a program prints. After twenty minutes it hangs."""
    given = {"env": os.environ | variables, "stdin": subprocess.DEVNULL, "timeout": 1200}
    return subprocess.check_output([*map(str, command)], text=True, **given)


def compiled(folder, name, *flags):
    """Compiles a C program that lies here into a folder."""
    binary = Path(folder) / "_".join([name, *flags])
    output(os.environ.get("CC", "cc"), *flags, "-o", binary, HERE / f"{name}.c", "-lm")
    return binary


def run(*command):
    """The record of a program that takes --json."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        output(*command, "--json", file.name)
        return json.loads(Path(file.name).read_text().splitlines()[-1])


def append(file, level, settings, results):
    """Appends one record in the format of the examples; does nothing without a file."""
    if file is None:
        return
    record = {
        "level": level,
        "example": "compare_python",
        "host": socket.gethostname(),
        "started": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "settings": {"cpus": len(os.sched_getaffinity(0)), **settings},
        "results": results,
    }
    file.write(json.dumps(record) + "\n")
    file.flush()


def human(seconds):
    """A time with three digits and its unit."""
    for scale, unit in [(1e-6, "ns"), (1e-3, "us"), (1, "ms")]:
        if seconds < 0.9995 * scale:
            return f"{seconds / scale * 1000:.3g} {unit}"
    return f"{seconds:.3g} s"


def table(header, rows):
    """Prints rows of text under a header, every column as wide as it needs to be."""
    rows = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for first, *others in rows:
        print(first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(others, widths[1:])), sep="  ")
