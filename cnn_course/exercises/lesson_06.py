"""Lesson 06, training on a GPU: what students get wrong, and what a good teacher says to it."""

from math import inf, sqrt

from .definitions import ArtifactExercise, FunctionExercise, Misconception, Property


def _draw_convolutions(rng):
    """Sizes of convolutions; the first ones tell the misconceptions apart."""
    fixed = [(24, 24, 5, 3, 6), (10, 20, 3, 8, 4)]
    drawn = [
        tuple(int(n) for n in (*rng.integers(4, 60, 2), rng.choice([2, 3, 5, 7]), *rng.integers(2, 65, 2)))
        for _ in range(6)
    ]
    return fixed + drawn


CONV_MACS = FunctionExercise(
    id="conv-macs",
    title="The work of a convolution",
    points=2,
    question=(
        "Write `conv_macs(output_height, output_width, kernel_size, channels, filters)`: the multiply-accumulates "
        "of one convolution on one picture. The kernels are square, `channels` are those of the input; leave the "
        "biases out."
    ),
    cases=_draw_convolutions,
    reference=lambda output_height, output_width, kernel_size, channels, filters: (
        output_height * output_width * kernel_size**2 * channels * filters
    ),
    hints=(
        "How many products make one number of the output?",
        "A filter has `kernel_size * kernel_size * channels` weights, and each is used once for each position.",
        "Positions times filters times the weights of one filter.",
    ),
    solution='''
def conv_macs(output_height, output_width, kernel_size, channels, filters):
    """Return the multiply-accumulates of a convolution on one picture."""
    return output_height * output_width * filters * kernel_size**2 * channels
''',
    misconceptions=(
        Misconception(
            lambda output_height, output_width, kernel_size, channels, filters: (
                output_height * output_width * kernel_size**2 * filters
            ),
            "You left the channels out: a filter has a kernel for each channel of its input.",
        ),
        Misconception(
            lambda output_height, output_width, kernel_size, channels, filters: (
                output_height * output_width * kernel_size**2 * channels
            ),
            "That is the work of one filter. There are several, and each makes a map.",
        ),
        Misconception(
            lambda output_height, output_width, kernel_size, channels, filters: kernel_size**2 * channels * filters,
            "Those are the weights. Each of them is used again at every position of the output.",
        ),
        Misconception(
            lambda output_height, output_width, kernel_size, channels, filters: (
                output_height * output_width * kernel_size * channels * filters
            ),
            "The kernel has a height and a width: its size counts twice.",
        ),
        Misconception(
            lambda output_height, output_width, kernel_size, channels, filters: (
                2 * output_height * output_width * kernel_size**2 * channels * filters
            ),
            "Those are FLOPs: product and sum counted each. A multiply-accumulate is both together.",
        ),
        Misconception(
            lambda output_height, output_width, kernel_size, channels, filters: (
                output_height * output_width * (kernel_size**2 * channels + 1) * filters
            ),
            "You counted the biases in. They are added, not multiplied; leave them out.",
        ),
    ),
)


def _bound(by_arithmetic, by_memory):
    return "arithmetic" if by_arithmetic >= by_memory else "memory"


def _draw_layers(rng):
    """Layers and machines; the first ones lie where wrong ideas part ways, and none lies on the ridge."""
    fixed = [
        (750_000, 1_000_000, 1e11, 1e11),
        (1_000_000, 400_000, 1e12, 5e10),
        (100_000, 400_000, 1e11, 1e10),
        (300_000, 1_000_000, 1e9, 1e10),
        (90_000_000, 1_000_000, 1e12, 1e11),
    ]
    drawn = []
    for _ in range(25):
        peak, bandwidth = (float(f"{10 ** rng.uniform(9, 12.5):.2g}") for _ in range(2))
        size = int(10 ** rng.uniform(4, 8))
        ratio = 10 ** (rng.choice([-1, 1]) * rng.uniform(0.05, 1))
        drawn.append((max(1, int(ratio * size / bandwidth * peak / 2)), size, peak, bandwidth))
    return fixed + [case for case in drawn if not 0.97 < 2 * case[0] / case[2] / (case[1] / case[3]) < 1.03]


BOUND_BY = FunctionExercise(
    id="bound-by",
    title="What does the layer wait for?",
    points=2,
    question=(
        'Write `bound_by(macs, bytes, peak, bandwidth)`: `"arithmetic"` or `"memory"`, whichever takes longer. `peak` '
        "is in FLOPs a second (a multiply-accumulate is two of them), `bandwidth` in bytes a second."
    ),
    cases=_draw_layers,
    reference=lambda macs, bytes, peak, bandwidth: _bound(2 * macs / peak, bytes / bandwidth),
    hints=(
        "How many seconds would the arithmetic take alone? And the moving of the bytes?",
        "`2 * macs / peak` and `bytes / bandwidth` are seconds.",
        "The larger of the two is what the layer waits for.",
    ),
    solution='''
def bound_by(macs, bytes, peak, bandwidth):
    """Return what the layer waits for: "arithmetic" or "memory"."""
    return "arithmetic" if 2 * macs / peak > bytes / bandwidth else "memory"
''',
    misconceptions=(
        Misconception(
            lambda macs, bytes, peak, bandwidth: _bound(macs / peak, bytes / bandwidth),
            "A multiply-accumulate is two FLOPs, and the peak is in FLOPs: count it twice.",
        ),
        Misconception(
            lambda macs, bytes, peak, bandwidth: _bound(bytes / bandwidth, 2 * macs / peak),
            "You named what is done sooner. The layer waits for what takes longer.",
        ),
        Misconception(
            lambda macs, bytes, peak, bandwidth: _bound(macs, bytes),
            "You compared the work with the bytes. It depends on the machine, too: divide each by how fast it goes.",
        ),
        Misconception(
            lambda macs, bytes, peak, bandwidth: _bound(2 * macs / bytes, bandwidth / peak),
            "FLOPs for each byte are compared with the peak divided by the bandwidth, not the other way round.",
        ),
    ),
)


def _draw_shares(rng):
    """Shares and factors; the first ones are the limits."""
    fixed = [(0.5, 2.0), (0.9, 10.0), (0.75, inf), (1.0, 8.0), (0.0, 5.0)]
    drawn = [(round(float(rng.uniform(0.05, 0.98)), 2), float(rng.integers(2, 100))) for _ in range(6)]
    return fixed + drawn


SPEED_UP = FunctionExercise(
    id="speed-up",
    title="How much faster is the whole?",
    points=2,
    question=(
        "Write `speed_up(share, factor)`: a `share` of the time (0 to 1) becomes `factor` times as fast, the rest "
        "stays. How many times as fast is the whole? `factor` may be `math.inf`."
    ),
    cases=_draw_shares,
    reference=lambda share, factor: 1 / ((1 - share) + share / factor),
    hints=(
        "Say that the whole took one second. How long does each of the two parts take now?",
        "The rest takes `1 - share`, the faster part `share / factor` (with `math.inf` that is 0).",
        "The old time divided by the new one: `1 / ((1 - share) + share / factor)`.",
    ),
    solution='''
def speed_up(share, factor):
    """Return how many times as fast the whole becomes (Amdahl's law)."""
    return 1 / ((1 - share) + share / factor)
''',
    misconceptions=(
        Misconception(
            lambda share, factor: share * factor,
            "You took the share of the factor. The rest still takes all of its time: add up times, not speeds.",
        ),
        Misconception(
            lambda share, factor: (1 - share) + share * factor,
            "You averaged the speeds. Times add up, speeds do not: work out the new time, then divide.",
        ),
        Misconception(
            lambda share, factor: (1 - share) + share / factor,
            "That is the new time, as a share of the old one. How many times as fast is one divided by it.",
        ),
        Misconception(
            lambda share, factor: 1 / (share + (1 - share) / factor),
            "You made the rest faster, and left the share as it was.",
        ),
        Misconception(
            lambda share, factor: factor,
            "Only a part becomes faster by the factor. The rest stays as slow as it was.",
        ),
    ),
)


def _draw_replicas(rng):
    fixed = [(32, 4, 0.01), (64, 2, 0.1)]
    drawn = [
        (int(2 ** rng.integers(3, 9)), int(rng.integers(2, 17)), float(f"{10 ** rng.uniform(-4, -1):.2g}"))
        for _ in range(6)
    ]
    return fixed + drawn


GLOBAL_BATCH = FunctionExercise(
    id="global-batch",
    title="Several devices: batch and learning rate",
    points=2,
    question=(
        "On one device you train with `batch` pictures and `learning_rate`. Now there are `replicas` devices, each "
        "with `batch` pictures. Write `global_batch(batch, replicas, learning_rate)`: the pair of the global batch "
        "and, by the linear rule, the new learning rate."
    ),
    cases=_draw_replicas,
    reference=lambda batch, replicas, learning_rate: (batch * replicas, learning_rate * replicas),
    hints=(
        "How many pictures does one step see, on all devices together?",
        "The gradient is the mean over more pictures, and there are fewer steps in an epoch: how long should one be?",
        "Both grow in the same proportion: `batch * replicas, learning_rate * replicas`.",
    ),
    solution='''
def global_batch(batch, replicas, learning_rate):
    """Return the global batch and the learning rate that goes with it."""
    return batch * replicas, learning_rate * replicas
''',
    misconceptions=(
        Misconception(
            lambda batch, replicas, learning_rate: (batch * replicas, learning_rate),
            "The batch has grown, the learning rate has not. By the linear rule it grows in the same proportion.",
        ),
        Misconception(
            lambda batch, replicas, learning_rate: (batch * replicas, learning_rate / replicas),
            "The learning rate became smaller. A larger batch has a steadier gradient: the step may be longer.",
        ),
        Misconception(
            lambda batch, replicas, learning_rate: (batch * replicas, learning_rate * sqrt(replicas)),
            "That is the rule of the square root. Here the linear one is asked for.",
        ),
        Misconception(
            lambda batch, replicas, learning_rate: (batch, learning_rate * replicas),
            "Each device has `batch` pictures; the global batch is what all of them see in one step.",
        ),
        Misconception(
            lambda batch, replicas, learning_rate: (batch // replicas, learning_rate * replicas),
            "You shared one batch among the devices. Here each has as many pictures as one had before.",
        ),
        Misconception(
            lambda batch, replicas, learning_rate: (batch * replicas, learning_rate * batch * replicas),
            "The learning rate grows by the number of devices only: compare the new batch with the old one.",
        ),
    ),
)

_STEPS = ("decode", "cache", "shuffle", "batch", "augment", "prefetch")
_SAID = {
    "list": 'Hand in a list of names, for example `["decode", "cache", ...]`.',
    "all": "Each of the six steps stands in the list once: decode, cache, shuffle, batch, augment, prefetch.",
    "decode": "Nothing can be done with a picture before it is decoded; and what is cached should be decoded already.",
    "augment": "What is cached stays as it is: augment before it, and every epoch sees the same pictures.",
    "order": "What is cached stays as it is: shuffle before it, and every epoch has the same order.",
    "shuffle": "After batching only whole batches are shuffled: the same pictures always stay together.",
    "prefetch": "Prefetch comes last: it makes the next batch ready, steps and all, while the model trains.",
}


def _before(first, second):
    return lambda steps: list(steps).index(first) < list(steps).index(second)


FIX_THE_PIPELINE = ArtifactExercise(
    id="fix-the-pipeline",
    title="Fix the pipeline",
    points=2,
    question=(
        'These steps are in a bad order: `["batch", "augment", "cache", "shuffle", "decode", "prefetch"]`. '
        "Give `fix_the_pipeline`, the list of the six names in a right order: nothing is done twice for no reason, "
        "and each epoch has a new order and new augmentations. The cache is in memory and has room for all pictures."
    ),
    properties=(
        Property(
            "a list of names",
            lambda x: isinstance(x, list | tuple) and all(isinstance(n, str) for n in x),
            _SAID["list"],
        ),
        Property("each step once", lambda x: sorted(x) == sorted(_STEPS), _SAID["all"]),
        Property("decode first", lambda x: x[0] == "decode", _SAID["decode"]),
        Property("cache before augment", _before("cache", "augment"), _SAID["augment"]),
        Property("cache before shuffle", _before("cache", "shuffle"), _SAID["order"]),
        Property("shuffle before batch", _before("shuffle", "batch"), _SAID["shuffle"]),
        Property("prefetch last", lambda x: x[-1] == "prefetch", _SAID["prefetch"]),
    ),
    hints=(
        "What is the same in every epoch should be done once, and kept: which steps are those?",
        "What is random must come after the cache: order and augmentation.",
        "Decode, cache, shuffle; then batch and augment, in either order; and at the end prefetch.",
    ),
    solution='fix_the_pipeline = ["decode", "cache", "shuffle", "batch", "augment", "prefetch"]',
    misconceptions=(
        Misconception(lambda: "decode cache shuffle", _SAID["list"]),
        Misconception(lambda: ["decode", "shuffle", "batch", "prefetch"], _SAID["all"]),
        Misconception(lambda: ["cache", "decode", "shuffle", "batch", "augment", "prefetch"], _SAID["decode"]),
        Misconception(lambda: ["decode", "augment", "cache", "shuffle", "batch", "prefetch"], _SAID["augment"]),
        Misconception(lambda: ["decode", "shuffle", "cache", "batch", "augment", "prefetch"], _SAID["order"]),
        Misconception(lambda: ["decode", "cache", "batch", "shuffle", "augment", "prefetch"], _SAID["shuffle"]),
        Misconception(lambda: ["decode", "cache", "shuffle", "prefetch", "batch", "augment"], _SAID["prefetch"]),
    ),
)
