"""From a key press to a changed page: the widgets beside the plain `interact` and matplotlib version.

`ConvolutionDemo` is what the plain version shows too; `ArchitectureDemo` holds all of VGG-16.

All stand in one notebook, in a real JupyterLab and a headless Chromium. The time runs from the key event's own time
stamp to the first change of the page that follows it: of the widget's cells, or of the picture in the output. Then
`ConvolutionDemo` plays, and every task of the page that holds it up for more than 50 ms is counted. Keys go to it and
to the plain version in turn. Run it from the repository::

    python benchmarks/widget_latency.py --rounds 40
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

MOST_MS, LONGEST_TASK_MS, LEAST_RATIO = 5.0, 50.0, 25.0
PORT = 8931
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
WIDGET = "import cnn_course as cc\ndemo = cc.ConvolutionDemo()\ndemo"
NETWORK = "cc.ArchitectureDemo('VGG-16', chosen=1)"
PLAIN = """\
import numpy as np, matplotlib.pyplot as plt, cnn_course as cc
from ipywidgets import interact, IntSlider
image, kernel = cc.ConvolutionDemo().input, cc.ConvolutionDemo().kernel
steps = cc.convolution_steps(image, kernel)

def draw(step):
    now = steps[step]
    figure, axes = plt.subplots(1, 3, figsize=(8, 3))
    for ax, values in zip(axes, (image, kernel, now.output)):
        ax.imshow(values, cmap="gray")
        for (i, j), value in np.ndenumerate(values):
            ax.text(j, i, f"{value:g}" if value is not np.ma.masked else "", color="orange", ha="center")
    axes[0].add_patch(plt.Rectangle((now.corner[1] - 0.5, now.corner[0] - 0.5), 3, 3, fill=False, ec="red"))
    plt.show()

interact(draw, step=IntSlider(min=0, max=8));"""
WATCH = """([where, what]) => new Promise((done) => {
    window.latency = null;
    const root = document.querySelector(where);
    let pressed = null;
    document.addEventListener("keydown", (event) => (pressed = event.timeStamp), { capture: true, once: true });
    const observer = new MutationObserver((changes) => {
        if (pressed === null || !changes.some((change) => what === "" || [...change.addedNodes].some((node) =>
            node.nodeType === 1 && (node.matches(what) || node.querySelector(what))))) return;
        window.latency = performance.now() - pressed;
        observer.disconnect();
    });
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: what === "" });
    done();
})"""
LONG_TASKS = """() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
        .observe({ type: "longtask" });
}"""


@contextmanager
def jupyterlab(folder):
    """Start a JupyterLab in the folder and give its address."""
    config = folder / "config"
    config.mkdir()
    settings = {"LabApp": {"expose_app_in_browser": True}}
    (config / "jupyter_lab_config.json").write_text(json.dumps(settings))
    env = {**os.environ, "JUPYTER_TOKEN": "bench", "JUPYTER_CONFIG_DIR": str(config)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={PORT}"]
    command += [f"--ServerApp.root_dir={folder}"]
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_server()
        yield f"http://127.0.0.1:{PORT}/lab/tree/bench.ipynb?token=bench"
    finally:
        server.terminate()
        server.wait(20)


def wait_for_server():
    for _ in range(300):
        time.sleep(0.2)
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api?token=bench", timeout=2)
        except OSError:
            continue
    raise SystemExit("JupyterLab did not start")


def open_and_run(browser, address):
    """Open the notebook, run its cells, and return the page with all widgets on it."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.goto(address)
    idle = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    page.wait_for_function(idle, timeout=60000, polling=200)
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".cw", timeout=60000)
    page.wait_for_selector(".cw-layers", timeout=60000)
    page.wait_for_selector(".noUi-handle", timeout=60000)
    page.wait_for_selector(".widget-interact img", timeout=60000)
    page.wait_for_timeout(1000)
    return page


def press(page, target, key, where, what):
    """Return the milliseconds from the key to the change of what is watched."""
    page.locator(target).first.focus()
    page.evaluate(WATCH, [where, what])
    page.keyboard.press(key)
    page.wait_for_function("window.latency !== null", timeout=20000, polling=20)
    return page.evaluate("window.latency")


def measure(page, rounds):
    """Return the milliseconds of both versions, their keys in turn."""
    ours, plain = [], []
    for number in range(rounds + 3):
        key = "ArrowRight" if number % 2 == 0 else "ArrowLeft"
        ours.append(press(page, ".cw-output td[aria-selected=true]", key, ".cw", ""))
        page.wait_for_timeout(100)
        plain.append(press(page, ".noUi-handle", key, ".widget-interact", "img"))
        page.wait_for_timeout(100)
    return ours[3:], plain[3:]  # the first ones warm up


def settings_latency(page, rounds):
    """Return the milliseconds of a key that changes every size: strides 1, 2, 1, ..."""
    times = []
    for number in range(rounds + 3):
        key = "ArrowUp" if number % 2 == 0 else "ArrowDown"
        times.append(press(page, ".cw-pair:nth-child(3) input", key, ".cw", ""))
        page.wait_for_timeout(60)
    return times[3:]


def network_latency(page, rounds):
    """Return the milliseconds of a key that changes every row of VGG-16: 64 filters in layer 2, 65, 64, ..."""
    times = []
    for number in range(rounds + 3):
        key = "ArrowUp" if number % 2 == 0 else "ArrowDown"
        times.append(press(page, ".cw-settings input", key, ".cw-layers", ""))
        page.wait_for_timeout(60)
    return times[3:]


def play(page):
    """Return the tasks over 50 ms while the widget plays its nine steps."""
    page.get_by_role("spinbutton", name="Strides", exact=True).first.fill("1")
    page.get_by_role("button", name="First step").click()
    page.wait_for_timeout(500)
    page.evaluate(LONG_TASKS)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "/^step (\\d+) of \\1$/.test(document.querySelector('.cw-count').textContent)", timeout=30000
    )
    page.wait_for_timeout(1200)
    return page.evaluate("window.longTasks")


def line(name, times):
    """Return one row of the table."""
    return f"{name:<34} median {median(times):7.2f} ms   90 % within {quantiles(times, n=10)[-1]:7.2f} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nb = new_notebook(cells=[new_code_cell(cell) for cell in (WIDGET, PLAIN, NETWORK)], metadata=kernel)
        nbformat.write(nb, folder / "bench.ipynb")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS.split())
        with jupyterlab(folder) as address:
            page = open_and_run(browser, address)
            ours, plain = measure(page, rounds)
            sizes = settings_latency(page, rounds)
            network = network_latency(page, rounds)
            long_tasks = play(page)
            version = browser.version
            browser.close()
    ratio = median(plain) / median(ours)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Chromium {version}, {rounds} keys each")
    print(line("ConvolutionDemo, one step", ours))
    print(line("ConvolutionDemo, other strides", sizes))
    print(line("ArchitectureDemo, VGG-16, filters", network))
    print(line("interact and matplotlib, one step", plain))
    print(f"ratio of the medians {ratio:.0f}")
    print(f"tasks over 50 ms while playing: {len(long_tasks)}, longest {max(long_tasks, default=0):.0f} ms")
    slow = max(map(median, (ours, sizes, network))) > MOST_MS
    if slow or ratio < LEAST_RATIO or any(task > LONGEST_TASK_MS for task in long_tasks):
        raise SystemExit(f"The limits are {MOST_MS} ms, a ratio of {LEAST_RATIO:.0f} and no task over 50 ms.")


if __name__ == "__main__":
    main()
