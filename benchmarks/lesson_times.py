"""How long each solved lesson runs, alone: wall and processor time, and its dearest cells.

``python benchmarks/lesson_times.py [NN ...] [--cells 5]``. Quiet machine, two cores. Each lesson runs in a new kernel
and a folder of its own, start of the kernel and of the backend included.
"""

import argparse
import os
import tempfile
import time

import nbformat
import psutil
from nbclient import NotebookClient

from cnn_course.lessons import list_lessons


def processor_seconds(process):
    """Return user and system seconds of a process and its children so far."""
    times = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return sum(t.user for t in times), sum(t.system for t in times)


def run(path):
    """Run a notebook; return (wall, user, system) of the whole, and of each code cell with its first line."""
    notebook = nbformat.read(path, as_version=4)
    cells = []
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=900, resources={"metadata": {"path": folder}})
        start = time.perf_counter()
        with client.setup_kernel(env={**os.environ, "CNN_COURSE_STATE": folder}):
            kernel = psutil.Process(client.km.provisioner.pid)
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type != "code":
                    continue
                before = (time.perf_counter(), *processor_seconds(kernel))
                client.execute_cell(cell, index)
                after = (time.perf_counter(), *processor_seconds(kernel))
                cells.append((*(b - a for a, b in zip(before, after, strict=True)), cell.source.splitlines()[0]))
            total = (time.perf_counter() - start, *processor_seconds(kernel))
    return total, cells


def main():
    """Print a row for each lesson."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="numbers of lessons; without any, all of them")
    parser.add_argument("--cells", type=int, default=0, help="also the cells that took longest, so many")
    options = parser.parse_args()
    print("| lesson | wall s | processor s (user + system) |\n|---|---|---|")
    for lesson in list_lessons():
        if options.lessons and lesson.number not in options.lessons:
            continue
        (wall, user, system), cells = run(lesson.solved_path)
        print(f"| {lesson.number} | {wall:.0f} | {user + system:.0f} ({user:.0f} + {system:.0f}) |", flush=True)
        for cell_wall, cell_user, cell_system, line in sorted(cells, reverse=True)[: options.cells]:
            print(f"    {cell_wall:6.1f} s wall {cell_user:6.1f} + {cell_system:5.1f} s   {line}", flush=True)


if __name__ == "__main__":
    main()
