"""How fast the numpy convolution is: beside PyTorch on the CPU, and beside scipy.signal.correlate in a loop.

32 pictures of 32 x 32 x 16, 32 filters of 3 x 3. All ways run in one process, one after the other in each
round. Between two runs there is a pause: the threads of the last one keep a core busy for some milliseconds while
they wait for more work. The limits are held by the medians and by the fastest rounds: a stall of the machine that
hits one of the two sides does not decide. Run it from the repository::

    python benchmarks/convolution_speed.py --rounds 30
"""

import argparse
import os
import platform
import time
from statistics import median

import numpy as np
import scipy
import torch

from cnn_course import conv2d

PAUSE = 0.2  # seconds; PyTorch's threads go to sleep earlier than that
LIMITS = {"float64": 2, "float32": 4}  # times PyTorch's time


def problem(dtype):
    """Return pictures and kernel."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(32, 32, 32, 16)).astype(dtype), rng.normal(size=(3, 3, 16, 32)).astype(dtype)


def scipy_loop(x, kernel):
    """Return the feature maps by one call of scipy for each picture and filter."""
    filters = range(kernel.shape[3])
    maps = [[scipy.signal.correlate(image, kernel[..., f], "valid")[..., 0] for f in filters] for image in x]
    return np.moveaxis(np.array(maps), 1, -1)


def contenders(x, kernel):
    """Return name: function; every function gives (n, height, width, filters)."""
    pictures = torch.tensor(x).permute(0, 3, 1, 2).contiguous()
    weights = torch.tensor(kernel).permute(3, 2, 0, 1).contiguous()
    return {
        "PyTorch": lambda: torch.conv2d(pictures, weights).permute(0, 2, 3, 1),
        "cnn_course.conv2d": lambda: conv2d(x, kernel),
        "scipy.signal.correlate": lambda: scipy_loop(x, kernel),
    }


def check(functions, dtype):
    """Raise unless all ways give the same feature maps."""
    first, *others = [np.asarray(function()) for function in functions.values()]
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-10 if dtype == "float64" else 1e-3, atol=1e-4)


def seconds(function):
    """Return the time of one call, after a pause."""
    time.sleep(PAUSE)
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(functions, rounds):
    """Return name: (median, fastest) of the seconds."""
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            times[name].append(seconds(function))
    return {name: (median(values), min(values)) for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    print(f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}", end="")
    print(f", PyTorch {torch.__version__} ({torch.get_num_threads()} threads), {os.cpu_count()} cores")
    print(f"{'':8} {'':24} {'median ms':>11} {'x PyTorch':>11} {'fastest ms':>11} {'x PyTorch':>11}")
    missed = []
    for dtype, limit in LIMITS.items():
        functions = contenders(*problem(dtype))
        check(functions, dtype)
        result = measure(functions, rounds)
        for name, value in result.items():
            cells = [(t * 1e3, t / base) for t, base in zip(value, result["PyTorch"], strict=True)]
            print(f"{dtype:8} {name:24}" + "".join(f" {t:11.2f} {ratio:11.2f}" for t, ratio in cells))
        for pytorch, ours, loop in zip(*result.values(), strict=True):
            if ours > limit * pytorch or ours > loop:
                missed.append(dtype)
    print(f"limit missed: {', '.join(missed)}" if missed else "within the limits: 2 x (float64), 4 x (float32)")
    return bool(missed)


if __name__ == "__main__":
    with torch.inference_mode():
        raise SystemExit(main())
