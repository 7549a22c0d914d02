"""Times training on this machine and adds a row to the table of measurements for each batch size and precision.

    python benchmarks/devices.py                                 # the lesson's network, float32 and bfloat16
    python benchmarks/devices.py --network resnet50 --batches 8 16 --steps 1
    KERAS_BACKEND=torch python benchmarks/devices.py --precisions float32 tf32 bfloat16   # a card of NVIDIA's
    python benchmarks/devices.py --roofline

Close other programs first. `--remark` says what a reader of the row should know, `--out` where it goes: by default into
the table that comes with the course.
"""

import argparse
from contextlib import nullcontext
from pathlib import Path

import cnn_course as cc
from cnn_course.devices.measurements import SHIPPED

keras = cc.load_keras()


def lesson():
    """Return the network of lesson 06."""
    return cc.build_small_cnn((28, 28, 1), 10, seed=0)


def resnet50():
    """Return ResNet-50 for pictures of 224 x 224 and ten classes, untrained."""
    model = keras.applications.ResNet50(weights=None, classes=10, input_shape=(224, 224, 3))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


NETWORKS = {"lesson": lesson, "resnet50": resnet50}


def use_tf32(on):
    """Let products of float32 lose digits, as NVIDIA's cards from 8.0 on can, or not."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(on)
    elif backend == "torch":
        import torch

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = on
    else:
        import jax

        jax.config.update("jax_default_matmul_precision", "tensorfloat32" if on else "float32")


def main():
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, default="lesson")
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 128, 512, 1024])
    choices = ["float32", "tf32", "bfloat16", "float16"]
    parser.add_argument("--precisions", nargs="+", choices=choices, default=["float32"])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--remark", default="")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--roofline", action="store_true", help="print the roofline, and record nothing")
    options = parser.parse_args()
    print(cc.describe_devices())
    if options.roofline:
        print(cc.roofline(NETWORKS[options.network](), batch_size=options.batches[0]))
        return
    for precision in options.precisions:
        use_tf32(precision == "tf32")
        with cc.mixed_precision(precision) if "float16" in precision else nullcontext():
            model = NETWORKS[options.network]()
        for batch_size in options.batches:
            timing = cc.time_training(model, batch_size=batch_size, steps=options.steps, repeats=options.repeats)
            print(timing)
            if precision == "tf32" != timing.precision:
                print("There is no tf32 here: this row is not recorded.")
            else:
                cc.record_measurement(timing, options.out, options.remark)


if __name__ == "__main__":
    main()
