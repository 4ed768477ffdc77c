"""What the comparisons share: run a Rust example, print a table, append records."""

import argparse
import json
import os
import socket
import subprocess
import tempfile
from datetime import datetime, timezone
from pathlib import Path


def arguments(description):
    """The flags that every comparison takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--binaries", type=Path, required=True, help="folder of the built examples")
    parser.add_argument(
        "--json", type=argparse.FileType("a"), help="append one record per program to this file"
    )
    return parser


def run(command, timeout=600, **environment):
    """Runs a program that takes --json and returns its record."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        subprocess.run(
            [*map(str, command), "--json", file.name],
            check=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=os.environ | environment,
        )
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
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(header))]
    for row in rows:
        first, *others = [str(cell) for cell in row]
        print(first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(others, widths[1:])), sep="  ")
