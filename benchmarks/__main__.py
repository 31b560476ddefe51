"""Speed and memory, measured side by side with a reference: ``python -m benchmarks [GROUP ...]``.

Groups: ``kernels``, ``networks``, ``training``, ``window``, ``exam`` (default: all), and ``long``,
which adds the 65-minute exam.
"""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path

from benchmarks.rows import Row


def main() -> None:
    """Run the wanted groups and print their table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "groups",
        nargs="*",
        choices=["kernels", "networks", "training", "window", "exam", "long"],
    )
    parser.add_argument("--work", type=Path, default=Path("build/benchmarks"))
    chosen = parser.parse_args()
    groups = set(chosen.groups) or {"kernels", "networks", "training", "window", "exam"}
    chosen.work.mkdir(parents=True, exist_ok=True)
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    if "kernels" in groups:
        from benchmarks import kernels

        show(kernels.run())
    if "networks" in groups:
        from benchmarks import networks

        show(networks.run())
    if "training" in groups:
        from benchmarks import training

        show(training.run())
    if "window" in groups:
        from benchmarks import window

        show(window.run())
    if groups & {"exam", "long"}:
        from benchmarks import exam

        show(exam.run(chosen.work, long="long" in groups))


def show(rows: list[Row]) -> None:
    """Print rows as a table."""
    for name, measured, target, reference in rows:
        print(f"| {name} | {measured} | {target} | {reference} |", flush=True)


main()
