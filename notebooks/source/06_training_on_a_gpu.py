# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · CUDA: training on a GPU
#
# **What you will be able to do**
#
# - say what your computer trains on, and why a card that is there may be idle;
# - time a training so that you can believe the number;
# - tell which layers wait for arithmetic and which for memory, and what helps against each;
# - use several devices, and know what changes in the batch and the learning rate.
#
# **Time**: about two hours for you; about one minute of computing on a laptop with 2 cores.
#
# **Downloads**: nothing. **A GPU**: not needed. Everything that is called "measured here" is measured on *your* computer while you
# read. Section 9 shows how to run the same notebook on a free cloud GPU.

# %%
import os, subprocess, sys, time
import cnn_course as cc
import numpy as np
from cnn_course import check, hint, yours_or_ours

os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"  # leave room on a GPU for the second program of section 8
keras = cc.load_keras()

# %% [markdown]
# ## 1 · What have you got?
#
# A **GPU** is a processor with thousands of small arithmetic units that all do the same thing to different numbers, and with fast
# memory of its own. **CUDA** is NVIDIA's way to program it; **cuDNN** is NVIDIA's library of convolutions written in it. Keras does
# not know any of that: it asks TensorFlow, TensorFlow asks cuDNN, and cuDNN the driver. If one of them is missing or does not fit
# the others, TensorFlow writes a line that nobody reads, and trains on the processor. So ask:

# %%
cc.describe_devices()

# %% [markdown]
# If you have no card, that is fine. Here is what others saw who had one, and did not use it:

# %% tags=["nbval-check-output"]
from cnn_course.devices import BackendFacts, Facts, Gpu

built, card = BackendFacts("tensorflow", "2.21.0", build_cuda="12.5"), Gpu("RTX 3060", 12 * 2**30, "8.6")
with_card = {"driver_answer": "ok", "driver": "550.54", "cards": (card,), "backend": built}
for others in [{"backend": BackendFacts("tensorflow", "2.21.0")}, {"system": "Windows"},
               {"environment": {"CUDA_VISIBLE_DEVICES": ""}}, {"driver": "470.82"}]:
    found = cc.describe_devices(Facts(**(with_card | others)))
    print(f"{found.reason}\n    -> {found.remedy}")

# %% [markdown]
# A tensor lives *somewhere*: in the computer's memory, or in the memory of a card. An operation takes place where its tensors are,
# and moving them costs time. That is why the batches should already be on their way while the step before is being computed.

# %%
tensor = keras.ops.ones((2, 3))
print("this tensor lives on", tensor.device)

# %% [markdown]
# ## 2 · How long does a step take? Honestly
#
# The network of this lesson, on digits of 28 × 28 pixels:

# %% tags=["nbval-check-output"]
def build():
    return cc.build_small_cnn((28, 28, 1), 10, seed=0)

model = build()
table = cc.describe(model)
print(table)

# %% [markdown]
# Three mistakes make most timings worthless. **No warm-up**: the first step compiles and allocates. **No waiting**: a GPU is given
# work and the program goes on; read the clock before it is done, and you have measured nothing. **One run**: other programs
# run too. First the naive way: the time of the first steps, one after the other.

# %%
train = cc.load_dataset("digits", image_size=28)
x, y = train.images[:32], train.labels[:32]
for step in range(4):
    began = time.perf_counter()
    model.train_on_batch(x, y)
    print(f"step {step + 1}: {1000 * (time.perf_counter() - began):8.1f} ms")

# %% [markdown]
# The first one is no training, it is preparation. `time_training` leaves the first repeat out, waits for the device, repeats, and
# reports the median with the middle half of the repeats. Measured here:

# %%
timings = {n: cc.time_training(build(), train, batch_size=n, steps=4, repeats=5) for n in (8, 64, 256)}
for n, timing in timings.items():
    low, high = (1000 * seconds for seconds in timing.spread)
    print(f"batch of {n:3}: {1000 * timing.median:6.1f} ms a step ({low:.1f} to {high:.1f}), "
          f"{timing.pictures_per_second:6,.0f} pictures a second")

# %% [markdown]
# A larger batch takes longer, but not in proportion: each step has a cost of its own, whatever its size. On a processor the gain
# ends early; on a GPU, which has thousands of units to feed, it goes on for long. The memory sets the limit.

# %%
print(f"one epoch of 60,000 pictures: {timings[64].epoch_seconds(60_000):.0f} seconds on this machine")
assert timings[256].pictures_per_second > timings[8].pictures_per_second

# %% [markdown]
# ## 3 · How much work is it?
#
# Count products. Every number of a convolution's output is a sum of products, one for each weight of its filter. One product
# and one addition together are a **multiply-accumulate** (MAC), or two **FLOPs**.

# %% exercise="conv-macs"

# %% tags=["nbval-check-output"]
macs = yours_or_ours("conv-macs", conv_macs)
for name, shape in {"conv_1": (28, 28, 3, 1, 16), "conv_2": (14, 14, 3, 16, 32)}.items():
    print(f"{name}: {macs(*shape):,} by the formula, {table[name].macs:,} in the table")

# %% [markdown]
# Training needs about three times as much: forward once, and backward once for the activations and once for the weights.
# Divide by what your processor can do, and you have a lower bound for the time of an epoch. What *can* it do? Two numbers say
# almost everything: how many FLOPs it makes in a second (measured by a large matrix product), and how many bytes it moves
# in a second (measured by a large copy).

# %%
machine = cc.measure_machine()
print(machine)
least = 3 * table.flops * 60_000 / machine.flops_per_second
print(f"an epoch of 60,000 pictures takes at least {least:.1f} s; "
      f"at the speed above it takes {timings[64].epoch_seconds(60_000):.1f} s")

# %% [markdown]
# ## 4 · Arithmetic or memory? The roofline
#
# Before numbers can be multiplied, they must be fetched. A layer that does little with each byte waits for memory, and the best
# arithmetic unit is of no use to it. What counts is the **arithmetic intensity**: FLOPs for each byte that is moved. Below the
# **ridge** (peak divided by bandwidth) a layer waits for memory, above it for arithmetic. A made-up machine, to reckon with:

# %% tags=["nbval-check-output"]
example = cc.Machine(flops_per_second=2e11, bytes_per_second=2e10, name="an example")
for batch_size in (1, 256):
    for layer in cc.roofline(model, example, batch_size, measure=False):
        print(f"batch of {batch_size:3}, {layer.name:13} {layer.intensity:6.1f} FLOPs a byte: {layer.bound}")

# %% exercise="bound-by"

# %% [markdown]
# Why does the dense layer change sides? Its weights are fetched once for a whole batch. With one picture each weight is used
# once; with 256 pictures, 256 times. This is the reason why GPUs want large batches. Now your machine. Hollow marks lie on the roof,
# filled ones are measured here, each layer alone.

# %%
found = cc.roofline(model, machine, batch_size=64)
cc.plot_roofline(found)

# %%
bound = yours_or_ours("bound-by", bound_by)
for layer in found:
    mine = bound(layer.flops // 2, layer.bytes, machine.flops_per_second, machine.bytes_per_second)
    share = layer.flops_per_second / machine.flops_per_second
    print(f"{layer.name:13} waits for {mine:10}   {share:4.0%} of the peak")

# %% [markdown]
# Few layers come near the roof: small products, odd sizes and one-channel inputs leave units idle. The roof says what is possible; the
# distance to it says how much is wasted. (A small layer may even lie *above* the memory's slope: its numbers are still in the
# processor's cache, and never come from memory. And on a GPU a small layer is over before the next one has been sent there.) If a layer
# lies above the flat part, either another program was running while the roof was measured, or the library knows a way to this convolution
# with fewer products than we count (Winograd's: cuDNN takes it for kernels of 3 × 3).
#
# ## 5 · A part becomes faster. And the whole?
#
# A GPU makes the arithmetic faster, not the reading of files. If a quarter of the time is reading, the best card in the world
# makes the whole four times as fast at most: **Amdahl's law**.

# %% exercise="speed-up"

# %% tags=["nbval-check-output"]
whole = yours_or_ours("speed-up", speed_up)
shares = (0.5, 0.75, 0.9, 0.99)
print("share that becomes faster:   " + "".join(f"{share:8.0%}" for share in shares))
for factor in (2, 10, 100):
    row = "".join(f"{whole(share, factor):8.1f}" for share in shares)
    print(f"{factor:3} times as fast, the whole: {row}")

# %% [markdown]
# ## 6 · The input pipeline
#
# So the pictures must not keep the card waiting. Decode once and **cache**; **shuffle** and **augment** anew in each epoch;
# **prefetch**: make the next batch ready while the model works on this one. The order of the steps matters. Here is what shuffling
# after batching does: the same pictures stay together for ever.

# %% tags=["nbval-check-output"]
numbers, rng = np.arange(12), np.random.default_rng(0)
batched_first = [rng.permutation(numbers.reshape(4, 3)).tolist() for epoch in (1, 2)]
shuffled_first = [rng.permutation(numbers).reshape(4, 3).tolist() for epoch in (1, 2)]
print("batched, then shuffled:", *batched_first, sep="\n    ")
print("shuffled, then batched:", *shuffled_first, sep="\n    ")

# %% exercise="fix-the-pipeline"

# %% [markdown]
# How much is it worth? A pretended disk needs 2 ms for a picture, a pretended step 30 ms for a batch. Measured here, over the second
# epoch. (TensorFlow adds a prefetch by itself where there is none; for this comparison that is turned off.)

# %%
import tensorflow as tf

def read(i):
    return tf.numpy_function(lambda n: time.sleep(0.002) or n, [i], tf.int64)

def second_epoch(pipeline):
    for epoch in range(2):
        began = time.perf_counter()
        for batch in pipeline:
            time.sleep(0.03)
    return time.perf_counter() - began

# %%
options = tf.data.Options()
options.experimental_optimization.inject_prefetch = False
plain = tf.data.Dataset.range(160).map(read).with_options(options)
pipelines = {"nothing": plain.batch(16), "prefetch": plain.batch(16).prefetch(2),
             "cache and prefetch": plain.cache().batch(16).prefetch(2)}
waited = {name: second_epoch(pipeline) for name, pipeline in pipelines.items()}
for name, seconds in waited.items():
    print(f"{name:20} {seconds:.2f} s, of which the steps 0.30 s")
assert waited["cache and prefetch"] < waited["nothing"]

# %% [markdown]
# The course's own `batches` and `train_model` prefetch.
#
# ## 7 · Sixteen bits, a compiler, and memory
#
# **Mixed precision**: compute in 16 bits, keep the weights in 32. Half the bytes, and newer cards have units for it that are many
# times as fast. `float16` overflows at 65,504 and loses small gradients, so Keras scales the loss; `bfloat16` keeps the range of
# `float32` and has only 8 bits for the digits. An ordinary processor must pretend, and is slower; a new server's may have units
# for `bfloat16`, and be faster. A GPU from 2020 on (compute capability 8.0) has them; an older one, such as the free T4, is fast with
# `float16` only, and `cc.mixed_precision()` takes that there. First what the numbers lose:

# %% tags=["nbval-check-output"]
for dtype in ("float32", "float16", "bfloat16"):
    values = keras.ops.cast(np.array([70_000.0, 1e-8, 1.001], "float32"), dtype)
    print(f"{dtype:9}", keras.ops.convert_to_numpy(keras.ops.cast(values, "float32")).tolist())
with cc.mixed_precision("bfloat16"):
    layer = build().get_layer("conv_1")
print("computes in", layer.compute_dtype, "and keeps its weights in", layer.variable_dtype)
print("afterwards:", build().get_layer("conv_1").compute_dtype)

# %% [markdown]
# **XLA** is a compiler: it fuses operations, so that numbers stay near the units in place of going to memory and back. Keras turns it
# on by itself on a GPU, and not on a processor; `cc.xla` turns it on or off for one network. Whether 16 bits and XLA pay is for your
# machine to say. Measured here:

# %%
with cc.mixed_precision() as policy:
    in_16_bits = build()
runs = {"float32": (build(), False), policy: (in_16_bits, False), "float32, XLA": (build(), True)}
for name, (network, by_xla) in runs.items():
    with cc.xla(network, by_xla):
        timing = cc.time_training(network, train, batch_size=64, steps=3, repeats=3)
    print(f"{name:14} {1000 * timing.median:6.1f} ms a step")

# %% [markdown]
# **Out of memory** is the message that everybody with a GPU sees. Weights, gradients and the optimiser take the same for every batch
# size; the activations grow with it, and all of them are kept for the way back:

# %% tags=["nbval-check-output"]
for batch_size in (1, 32, 1024):
    megabytes = cc.describe(model, batch_size).activation_bytes / 1e6
    print(f"batch of {batch_size:4}: {megabytes:8.1f} MB of activations")
print(f"weights, gradients, and Adam's two moments: {16 * table.parameters / 1e6:.1f} MB")

# %% [markdown]
# What to do, in this order: a smaller batch; 16 bits; smaller pictures; a smaller network. And see who else is on the card: TensorFlow
# takes nearly all of its memory at the start, whether it needs it or not. `cc.grow_memory()` stops that, as the very first call (the
# variable in this notebook's first cell does the same). Here it comes too late:

# %%
try:
    cc.grow_memory()
except cc.BackendError as error:
    print(error)

# %% [markdown]
# ## 8 · Several devices
#
# **Data parallelism**: every device has a copy of the network and a part of the batch. Each computes the gradient of its part; the
# gradients are averaged, and all copies make the same step. Nothing is lost: the mean of the gradients of two equal halves *is* the
# gradient of the whole. (Batch normalisation is the exception: each copy takes the mean and the variance of its own part.)

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
X, target, w = rng.normal(size=(8, 3)), rng.normal(size=8), rng.normal(size=3)

def gradient(rows):
    return 2 * X[rows].T @ (X[rows] @ w - target[rows]) / len(X[rows])

halves = (gradient(slice(0, 4)) + gradient(slice(4, 8))) / 2
print("the mean of both halves is the gradient of the whole:", np.allclose(halves, gradient(slice(0, 8))))

# %% [markdown]
# Try it. If you have two GPUs, they are used. Otherwise the processor is split into two devices (they share the cores, so nothing
# becomes faster). That must happen before TensorFlow's first tensor, so a fresh Python does it, from which a single GPU is hidden. The
# same batches, once on two devices, once on one:

# %%
program = """
import cnn_course as cc
digits = cc.load_dataset("digits")
data = digits.images[:1024], digits.labels[:1024]
for devices in (2, 1):
    with cc.data_parallel(devices) as replicas:
        model = cc.build_small_cnn((8, 8, 1), 10, filters=(8,), units=16, seed=0)
        history = cc.train_model(model, data, epochs=3, batch_size=64, progress=False)
    print(len(replicas), *(f"{loss:.5f}" for loss in history.metrics["loss"]))
"""
hidden = {} if cc.describe_devices().gpus_used > 1 else {"CUDA_VISIBLE_DEVICES": "-1"}
done = subprocess.run([sys.executable, "-c", program], env=os.environ | hidden, capture_output=True, text=True)
print(done.stdout or done.stderr)

# %%
assert done.returncode == 0
two, one = (np.array(line.split()[1:], float) for line in done.stdout.strip().splitlines()[-2:])
assert np.allclose(two, one, rtol=1e-3 if hidden else 0.01)  # GPUs round more: tf32

# %% [markdown]
# The same losses, up to rounding. With TensorFlow `data_parallel` is `tf.distribute.MirroredStrategy`, with JAX `keras.distribution`.
# What one gains is that each device can have a full batch of its own. Then the batch of a step, all devices together, is larger, there
# are fewer steps in an epoch, and each may be longer: the **linear rule** of Goyal et al. (2017). It is a rule of thumb. It needs some
# epochs with a smaller rate at the start, and it fails for very large batches.

# %% exercise="global-batch"

# %% tags=["nbval-check-output"]
rule = yours_or_ours("global-batch", global_batch)
for replicas in (1, 2, 8):
    batch, rate = rule(32, replicas, 0.01)
    steps = -(-60_000 // batch)
    print(f"{replicas} x 32: batch of {batch:3}, learning rate {rate:.2f}, {steps:5,} steps an epoch")

# %% [markdown]
# **Several computers**: one process on each, which average their gradients over the network. What does *not* work today: Keras 3 `fit` under
# TensorFlow's `MultiWorkerMirroredStrategy` (measured with Keras 3.15 and TensorFlow 2.21: it fails). What works: Keras on JAX; the page
# `docs/several_devices.md` of the course shows it, with a script that a cluster can start.
#
# ## 9 · A free cloud GPU, and your own row
#
# Three steps:
#
# 1. Open the notebook in Google Colab (*File → Upload notebook*), or in Kaggle (*Create → New Notebook*, then *File → Import Notebook*).
# 2. Choose a GPU: in Colab *Runtime → Change runtime type → T4 GPU*; in Kaggle *Settings → Accelerator*, and turn the internet on in the
#    same menu (Kaggle wants a telephone number for both).
# 3. In a new first cell: `%pip install git+ADDRESS`, with the address of the course's repository; or upload the course's file, which
#    ends in `.whl`, and write `%pip install FILE` with its name. If it asks for a restart, restart. Then run all. It leaves the TensorFlow
#    that is there alone: the course asks for Keras only.
#
# What has been recorded so far, with hardware, versions and date in each row:

# %%
cc.load_measurements()

# %% [markdown]
# Add yours. The row goes into `my_measurements.csv`, next to this notebook. In the cloud the file goes when the session ends: download it
# before. `cc.load_measurements("my_measurements.csv", "from_the_cloud.csv")` puts the rows of both into one table, and the figure shows
# processor and GPU side by side.

# %%
cc.record_measurement(timings[64], "my_measurements.csv")
mine = cc.load_measurements("my_measurements.csv")
rows = [row for row in mine.where(network="small_cnn") if row.precision in ("float32", "tf32")]
cc.plot_measurements(rows[-8:])

# %% [markdown]
# ## What to remember
#
# 1. Ask what trains (`describe_devices`): a card that does not fit its driver or its build is silently left idle.
# 2. Warm up, wait, repeat, take the median. Then look what is being waited for: arithmetic, memory, or the pictures.
# 3. Several devices share a larger batch; the gradient is the mean; by the linear rule the learning rate grows along.

# %%
cc.progress()

# %% [markdown]
# ## Where it comes from
#
# - S. Williams, A. Waterman and D. Patterson (2009), Roofline: an insightful visual performance model for multicore architectures,
#   *Communications of the ACM* 52(4), pp. 65–76.
# - G. M. Amdahl (1967), Validity of the single processor approach to achieving large scale computing capabilities, *AFIPS*, pp. 483–485.
# - P. Micikevicius et al. (2018), Mixed precision training, *ICLR*.
# - P. Goyal et al. (2017), Accurate, large minibatch SGD: training ImageNet in 1 hour, section 2.1: the linear rule.
# - S. Chetlur et al. (2014), cuDNN: efficient primitives for deep learning.
# - A. Lavin and S. Gray (2016), Fast algorithms for convolutional neural networks, *CVPR*: Winograd's way, with fewer products.
# - NVIDIA, *CUDA Toolkit Release Notes*: which driver serves which CUDA. TensorFlow, *Install with pip*: no GPU on Windows itself since 2.11.
# - Keras, issue 20585: `fit` under `MultiWorkerMirroredStrategy`.
