"""How long `import cnn_course` takes beside `import numpy`, each in a fresh process, in turn; medians.

The limit is 1.5 times numpy. Run it from the repository::

    python benchmarks/import_time.py --rounds 21
"""

import argparse
import platform
import subprocess
import sys
from statistics import median

LIMIT = 1.5
PROGRAM = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"


def seconds(module):
    """Return the time that a fresh Python takes to import the module."""
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(module)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main():
    """Measure, print, and return 1 if the limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    times = {"numpy": [], "cnn_course": []}
    for _ in range(rounds + 1):  # the first round fills the caches of the disk
        for module, measured in times.items():
            measured.append(seconds(module))
    medians = {module: median(measured[1:]) for module, measured in times.items()}
    ratio = medians["cnn_course"] / medians["numpy"]
    print(f"Python {platform.python_version()}, {platform.machine()}, {rounds} rounds, medians")
    for module, value in medians.items():
        print(f"  import {module:<12} {1000 * value:7.1f} ms")
    print(f"  {ratio:.2f} times numpy; the limit is {LIMIT}")
    return ratio > LIMIT


if __name__ == "__main__":
    sys.exit(main())
