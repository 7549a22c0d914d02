"""How long `describe` takes for a ResNet-50, beside torchinfo on the same network in PyTorch; medians, in turn.

Both get a network that is built already. torchinfo runs the network once to learn its shapes; `describe` does
not. It writes ``benchmarks/results/describe_speed.md``. Run it from the repository (``pip install torch torchinfo``
first)::

    python benchmarks/describe_speed.py --rounds 15
"""

import argparse
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path
from statistics import median

import keras
import torch
import torchinfo
from torch import nn

from cnn_course import describe

OUT = Path(__file__).parent / "results" / "describe_speed.md"


class Bottleneck(nn.Module):
    """A block of ResNet-50 (He et al., 2016, figure 5), with the stride where Keras has it."""

    def __init__(self, channels, filters, stride, shortcut):
        super().__init__()
        sizes = ((channels, filters, 1, stride, 0), (filters, filters, 3, 1, 1), (filters, 4 * filters, 1, 1, 0))
        parts = []
        for into, out, kernel, step, padding in sizes:
            parts += [nn.Conv2d(into, out, kernel, step, padding), nn.BatchNorm2d(out), nn.ReLU()]
        self.path = nn.Sequential(*parts[:-1])
        last = nn.Sequential(nn.Conv2d(channels, 4 * filters, 1, stride), nn.BatchNorm2d(4 * filters))
        self.shortcut = last if shortcut else nn.Identity()

    def forward(self, x):
        """Return the block's output."""
        return torch.relu(self.path(x) + self.shortcut(x))


def resnet50():
    """Return Keras's ResNet-50 in PyTorch: the same layers, biases and strides."""
    parts, channels = [nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for stage, (filters, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for number in range(blocks):
            parts.append(Bottleneck(channels, filters, 2 if stage and not number else 1, number == 0))
            channels = 4 * filters
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000)).eval()


def seconds(function):
    """Return the time of one call."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def main():
    """Measure, print, and return 1 if `describe` is slower."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    ours, theirs = keras.applications.ResNet50(weights=None), resnet50()
    learnt = sum(p.numel() for p in theirs.parameters())
    assert learnt == describe(ours).trainable_parameters, "the two networks must be the same"
    ways = {
        "cnn_course.describe": lambda: describe(ours),
        "torchinfo.summary": lambda: torchinfo.summary(theirs, (1, 3, 224, 224), verbose=0),
    }
    times = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            times[name].append(seconds(way))
    medians = {name: median(values[1:]) for name, values in times.items()}
    lines = [
        "# The table of a ResNet-50: describe and torchinfo",
        "",
        f"{date.today()}, Keras {keras.__version__} on {keras.backend.backend()}, PyTorch {torch.__version__}, "
        f"torchinfo {torchinfo.__version__}, Python {platform.python_version()}, {os.cpu_count()} CPU cores "
        f"({platform.machine()}). Median of {rounds} rounds in turn (lowest to highest), after one to warm up.",
        "",
        "| | milliseconds |",
        "|---|---|",
        *(
            f"| {name} | {1000 * medians[name]:.1f} ({1000 * min(values[1:]):.1f} to {1000 * max(values[1:]):.1f}) |"
            for name, values in times.items()
        ),
    ]
    print("\n".join(lines))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return medians["cnn_course.describe"] > medians["torchinfo.summary"]


if __name__ == "__main__":
    sys.exit(main())
