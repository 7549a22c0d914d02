"""How fast a folder of pictures is read, beside Keras's `image_dataset_from_directory`; and which decoder is best.

100 photographs of 12 megapixels (3 to 5 MB each, mosaics of real photographs at their own resolution over one that is
enlarged) and 5,000 small files, to 224 x 224. Both ways run in one process, one after the other in each round; ours
also looks for duplicates in that time. Then the decoders alone, on two threads.
Like is compared with like, an array with an array; `by_keras` throws each batch away. Memory that is new to a
process can cost as much as the decoding, so each way finds as much as it needs touched and given back before it begins.
What a reader waits for is the first load of a process that has loaded its packages and nothing else: that is measured
too, each time in a new process.
Keras has two speeds on the large photographs, about 1.65 and 2.56 s, and keeps to one of them for several rounds; so
look at its fastest and slowest round, too (quiet repetitions of nine rounds gave 1.22, 1.23 and 1.25 times its speed).
The files are made once, in ``--folder``. Run it from the repository; it writes
``benchmarks/results/folder_loading.md``::

    CNN_COURSE_TEST_DATA=... python benchmarks/folder_loading.py
"""

import argparse
import io
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from cnn_course import load_images_from_folder, load_keras

SIZE = 224
LIMITS = {"large": 1.5, "small": 1.0}  # times Keras's speed
OUT = Path(__file__).parent / "results" / "folder_loading.md"
WARM = 900_000_000  # bytes: more than 5,000 pictures take
PAUSE = 0.3  # seconds; TensorFlow's threads go to sleep earlier than that


def sources():
    """Return the paths of the real photographs."""
    return sorted(Path(os.environ["CNN_COURSE_TEST_DATA"], "flowers", "train").glob("*/*.jpg"))


def make_large(path, number):
    """Write one photograph of 12 megapixels, 3 to 5 MB."""
    photos, rng = sources(), np.random.default_rng(number)
    with Image.open(photos[number % len(photos)]) as photo:
        ground = np.asarray(photo.convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC), np.float32)
    for i, choice in enumerate(rng.choice(len(photos), 64, replace=False)):
        with Image.open(photos[choice]) as photo:
            tile = np.asarray(photo.convert("L").resize((500, 375), Image.Resampling.BICUBIC), np.float32)
        row, column = i // 8 * 375, i % 8 * 500
        ground[row : row + 375, column : column + 500] += 0.5 * (tile - tile.mean())[..., None]
    picture = Image.fromarray(np.clip(ground + rng.normal(0, 3, (3000, 4000, 1)), 0, 255).astype(np.uint8))
    for quality in (90, 86, 93, 80, 95, 72):
        picture.save(path, quality=quality)
        if 3e6 <= path.stat().st_size <= 5e6:
            return
    raise ValueError(f"{path} has {path.stat().st_size:,} bytes, not 3 to 5 million")


def make_small(path, number):
    """Write one small picture."""
    photos = sources()
    with Image.open(photos[number % len(photos)]) as photo:
        small = photo.convert("RGB")
    small.thumbnail((256 + number // len(photos), 256 + number // len(photos)))
    small.save(path, quality=88)


def make(folder):
    """Write both folders, five classes each, unless they are there."""
    for name, count, write in (("large", 100, make_large), ("small", 5000, make_small)):
        paths = [folder / name / f"class {i % 5}" / f"{i}.jpg" for i in range(count)]
        todo = [(path, i) for i, path in enumerate(paths) if not path.exists()]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor() as pool:
            list(pool.map(write, *zip(*todo, strict=True), chunksize=8) if todo else ())


def seconds(function, *arguments):
    """Return the time of one call, after a pause and with warm memory."""
    time.sleep(PAUSE)
    np.empty(WARM, np.uint8).fill(1)
    began = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - began


def by_keras(folder):
    """Read all pictures as Keras does."""
    keras = load_keras()
    batches = keras.utils.image_dataset_from_directory(folder, image_size=(SIZE, SIZE), shuffle=False, verbose=False)
    return sum(len(images) for images, _ in batches)


def by_keras_into_an_array(folder):
    """Read all pictures as Keras does and put them into an array, which is what the course gives."""
    keras, row = load_keras(), 0
    batches = keras.utils.image_dataset_from_directory(folder, image_size=(SIZE, SIZE), shuffle=False, verbose=False)
    array = np.empty((len(batches.file_paths), SIZE, SIZE, 3), np.uint8)
    for images, _ in batches.as_numpy_iterator():
        array[row : row + len(images)] = images
        row += len(images)
    return array


def by_course(folder):
    """Read all pictures as the course does."""
    return len(load_images_from_folder(folder, SIZE))


def by_course_lazily(folder):
    """Read all pictures in batches; each file is decoded twice, once to see that it can be."""
    return sum(len(images) for images in load_images_from_folder(folder, SIZE, batch_size=32).batches())


WAYS = (by_keras_into_an_array, by_course, by_keras, by_course_lazily)


def pillow(path):
    """Decode one file with Pillow, at a reduced scale."""
    image = Image.open(path)
    image.draft("RGB", (SIZE, SIZE))
    return np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def simplejpeg_and_pillow(path):
    """Decode one file with simplejpeg, at a reduced scale; Pillow resizes."""
    pixels = simplejpeg.decode_jpeg(path.read_bytes(), min_height=SIZE, min_width=SIZE, min_factor=1)
    return np.asarray(Image.fromarray(pixels).resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def simplejpeg_and_opencv(path):
    """Decode one file with simplejpeg, at a reduced scale; OpenCV resizes."""
    pixels = simplejpeg.decode_jpeg(path.read_bytes(), min_height=SIZE, min_width=SIZE, min_factor=1)
    return cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def opencv(path):
    """Decode one file with OpenCV, at a reduced scale."""
    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as head:
        scale = min(head.size) // SIZE
    flags = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
    flag = next((flags[step] for step in flags if scale >= step), cv2.IMREAD_COLOR)
    pixels = cv2.resize(cv2.imdecode(np.frombuffer(data, np.uint8), flag), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


DECODERS = (pillow, simplejpeg_and_pillow, simplejpeg_and_opencv, opencv)


def on_threads(decoder, paths):
    """Decode all files on two threads."""
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(decoder, paths):
            pass


def alternated(ways, rounds):
    """Return {name: seconds of each round}; all ways once in each round, after one that does not count."""
    times = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            taken = seconds(way)
            if turn:
                times[name].append(taken)
    return times


FIRST = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import folder_loading
from cnn_course import load_keras
load_keras()
began = time.perf_counter()
getattr(folder_loading, sys.argv[2])(Path(sys.argv[1]))
print(time.perf_counter() - began)
"""


def first_loads(folder, rounds):
    """Return {name: seconds of the first load of a new process}, alternated."""
    times = {way.__name__: [] for way in WAYS[:2]}
    for _ in range(rounds):
        for name, taken in times.items():
            command = [sys.executable, "-c", FIRST, str(folder), name, str(Path(__file__).parent)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            taken.append(float(done.stdout.split()[-1]))
    return times


MEMORY = """
import sys
from cnn_course import load_images_from_folder
lazy = sys.argv[2] == "lazy"
data = load_images_from_folder(sys.argv[1], 224, batch_size=32 if lazy else None)
size = max(batch.nbytes for batch in data.batches()) if lazy else data.images.nbytes
status = open("/proc/self/status").read().split()
print(int(status[status.index("VmHWM:") + 1]) * 1024 / 1e6, size / 1e6)
"""


def memory(folder, way):
    """Return the peak memory of a process that reads the folder, and the size of its array or batch, in MB."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(folder), way], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def table(head, times, reference):
    """Return the lines of a table of times; `reference` is the way that the others are compared with."""
    lines = [f"| {head} | median | fastest | slowest | times the speed of {reference} |", "|---|---|---|---|---|"]
    for name, taken in times.items():
        ratio = median(times[reference]) / median(taken)
        lines.append(f"| {name} | {median(taken):.2f} | {min(taken):.2f} | {max(taken):.2f} | {ratio:.2f} |")
    return [*lines, ""]


def measure(folder, rounds):
    """Return the lines on one folder, and what it misses."""
    paths = sorted(folder.glob("*/*.jpg"))
    some, size = paths[:1000], sum(path.stat().st_size for path in paths) / 1e6
    times = alternated({way.__name__: partial(way, folder) for way in WAYS}, rounds)
    alone = alternated({decoder.__name__: partial(on_threads, decoder, some) for decoder in DECODERS}, rounds)
    lines = [f"## {folder.name}: {len(paths):,} files, {size:,.0f} MB, to {SIZE} x {SIZE}", ""]
    lines += table("way", times, "by_keras_into_an_array")
    first = first_loads(folder, rounds)
    lines += ["The first load of a new process:", "", *table("way", first, "by_keras_into_an_array")]
    lines += [f"Decoders alone, {len(some):,} files, two threads:", "", *table("decoder", alone, "pillow")]
    ratio = median(times["by_keras_into_an_array"]) / median(times["by_course"])
    missed = [f"{folder.name}: {ratio:.2f} times Keras's speed, not {LIMITS[folder.name]}"]
    missed = missed if ratio < LIMITS[folder.name] else []
    for way, what in (("in memory", "array"), ("lazy", "largest batch")):
        peak, own = memory(folder, way)
        lines += [f"Peak memory of the process, {way}: {peak:.0f} MB, of which the {what} {own:.0f} MB.", ""]
        missed += [f"{folder.name}: {way} takes {peak:.0f} MB"] if peak > 1.5 * own + 200 else []
    return lines, missed


def main():
    """Measure, print and write the tables; return 1 if a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "cnn-course-folder-loading"))
    options = parser.parse_args()
    make(options.folder)
    packages = ("keras", "tensorflow-cpu", "simplejpeg", "opencv-python-headless", "pillow")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    machine = f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} CPU cores ({platform.machine()})"
    lines = ["# Reading a folder of pictures", "", f"{date.today()}, {versions}, {machine}."]
    lines += [f"Seconds, of {options.rounds} alternated rounds.", ""]
    missed = []
    for name in LIMITS:
        found, wanting = measure(options.folder / name, options.rounds)
        lines, missed = lines + found, missed + wanting
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("\n".join(lines).rstrip() + "\n")
    print("\n".join([*lines, *missed]))
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
