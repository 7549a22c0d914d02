"""Trains lesson 06's network on several processes: one for each GPU, or for each computer.

A launcher starts this program once for each process and tells each its number::

    torchrun --nproc-per-node 2 -m cnn_course.train_processes --epochs 5
    srun python -m cnn_course.train_processes
    RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29500 python -m cnn_course.train_processes

Keras runs on JAX here (in the course's folder: ``pip install ".[jax]"``; with a card ``"jax[cuda12]"``). Process 0
saves a checkpoint after each epoch; if one process dies, the others end with an error, and the same command goes on
from the checkpoint.
"""

import argparse
import hashlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from math import ceil
from pathlib import Path

from ._files import write_atomically

_NAMES = {
    "rank": ("RANK", "SLURM_PROCID", "JOB_COMPLETION_INDEX"),
    "processes": ("WORLD_SIZE", "SLURM_NTASKS"),
    "local": ("LOCAL_RANK", "SLURM_LOCALID"),
}


def place(environment: Mapping[str, str]) -> tuple[int, int, int | None, str]:
    """Return this process's number, the number of processes, its number on this computer, and process 0's address.

    Parameters
    ----------
    environment : mapping of str to str
        As torchrun (``RANK`` ...), Slurm (``SLURM_PROCID`` ...) or an indexed job of Kubernetes
        (``JOB_COMPLETION_INDEX``) set it. The port after ``MASTER_PORT`` is used: torchrun needs that one itself.

    Returns
    -------
    (int, int, int or None, str)

    Raises
    ------
    LessonError
        If the variables do not fit each other.

    Examples
    --------
    >>> place({"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "node-0", "MASTER_PORT": "29500"})
    (1, 2, None, 'node-0:29501')
    >>> place({})
    (0, 1, None, '127.0.0.1:29501')
    """
    from .errors import LessonError

    found = {key: next((environment[n] for n in names if n in environment), None) for key, names in _NAMES.items()}
    try:
        rank, processes = int(found["rank"] or 0), int(found["processes"] or 1)
        local = None if found["local"] is None else int(found["local"])
        port = int(environment.get("MASTER_PORT", 29500)) + 1
    except ValueError as error:
        raise LessonError(f"The launcher's variables must be whole numbers: {error}") from None
    if not 0 <= rank < processes:
        raise LessonError(f"The number of a process must lie from 0 to {processes - 1}. Received: {rank}")
    if processes > 1 and "MASTER_ADDR" not in environment:
        raise LessonError("MASTER_ADDR must name the computer of process 0, as torchrun sets it. It is not set.")
    return rank, processes, local, f"{environment.get('MASTER_ADDR', '127.0.0.1')}:{port}"


def cards_for(local: int | None, environment: Mapping[str, str]) -> list[int] | None:
    """Return the number of this process's own card, in a list; None where it may take all that it sees.

    Some launchers show each process one card only: for the process that card is number 0.

    Examples
    --------
    >>> cards_for(1, {}), cards_for(None, {}), cards_for(1, {"CUDA_VISIBLE_DEVICES": "1"})
    ([1], None, None)
    """
    one = "," not in environment.get("CUDA_VISIBLE_DEVICES", ",")
    return None if local is None or one else [local]


def main(arguments: list[str] | None = None) -> int:
    """Train, and end with an error if another process is lost; return the exit status."""
    options = _parser().parse_args(arguments)
    from .errors import CourseError

    try:
        _train(options, *place(os.environ))
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Exception:  # the usual end of an orderly exit would wait for the process that is lost
        traceback.print_exc()
        print("error: a process was lost, or this one failed. Start all of them again to go on.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)
    return 0


def _parser():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64, help="of all processes together")
    parser.add_argument("--pictures", type=int, default=1280, help="of the digits, at most 1,437")
    parser.add_argument("--seed", type=int, default=0)
    silence = (
        "seconds without a finished step after which a process gives up: another one hangs, or its computer is gone"
    )
    parser.add_argument("--patience", type=float, default=90, help=silence)
    parser.add_argument("--folder", type=Path, default=Path("several-processes"), help="of the checkpoint")
    return parser


def _train(options, rank, processes, local, address):
    os.environ["KERAS_BACKEND"] = "jax"
    import jax

    alive = _watch(options.patience) if processes > 1 else lambda: None
    if processes > 1:
        timeouts = {
            "initialization_timeout": 100,
            # JAX ends a process without a sentence, and counts from the last word it had: `_watch` is to be the first.
            "heartbeat_timeout_seconds": ceil(2 * options.patience) + 10,
            "shutdown_timeout_seconds": 60,
        }
        # All is said: JAX need not guess from the environment of the cluster.
        cards = {"local_device_ids": cards_for(local, os.environ), "cluster_detection_method": "deactivate"}
        jax.distributed.initialize(address, processes, rank, **timeouts, **cards)
    from . import build_small_cnn, load_dataset, load_keras
    from .errors import DataError

    if options.batch_size % processes or options.batch_size > options.pictures:
        raise DataError(
            f"batch_size must be a multiple of the {processes} processes, and at most the pictures. "
            f"Received: batch_size={options.batch_size}, pictures={options.pictures}"
        )
    keras = load_keras()
    told = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: alive())
    devices = keras.distribution.list_devices()
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))
    data = load_dataset("digits", image_size=28)
    x, y = data.images[: options.pictures], data.labels[: options.pictures]
    model = build_small_cnn((28, 28, 1), 10, seed=options.seed)
    model.optimizer.build(model.trainable_variables)
    run = {name: getattr(options, name) for name in ("batch_size", "pictures", "seed")}
    done, losses = _restore(model, options.folder, run, rank, processes)
    if done and rank == 0:
        print(f"going on after epoch {done}", flush=True)
    for epoch in range(done, options.epochs):
        parts = _parts(len(x), options.batch_size, options.seed, epoch, rank, processes)
        fit = model.fit(_Parts(keras, x, y, parts), epochs=1, shuffle=False, verbose=0, callbacks=[told])
        losses.append(fit.history["loss"][0])
        if rank == 0:
            _save(model, options.folder, run, losses)
            print(f"epoch {epoch + 1} of {options.epochs}: loss {losses[-1]:.4f}", flush=True)
    digest = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()
    print(json.dumps({"rank": rank, "processes": processes, "losses": losses, "weights": digest}), flush=True)


def _watch(patience):
    """End this process with an error when the returned function has not been called for so many seconds.

    A process that is killed closes its connections, and the others hear of it at once. One that hangs, or whose
    computer loses its power, closes nothing: the others would wait for ever.
    """
    last = [time.monotonic()]

    def look():
        while time.monotonic() - last[0] <= patience:
            time.sleep(0.5)
        print(f"error: no step was finished for {patience:g} s: another process hangs or is gone.", file=sys.stderr)
        print("Start all of them again to go on. Where a step takes so long, raise --patience.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()
    return lambda: last.__setitem__(0, time.monotonic())


def _parts(n, batch_size, seed, epoch, rank, processes):
    """Return the rows of each step that are this process's; a last batch that is not full is left out."""
    import numpy as np

    order = np.random.default_rng((seed, epoch)).permutation(n)[: n - n % batch_size]
    return [step[rank::processes] for step in order.reshape(-1, batch_size)]


def _Parts(keras, x, y, parts):
    """Return the batches of these rows, as `fit` takes them."""

    class Parts(keras.utils.PyDataset):
        def __len__(self):
            return len(parts)

        def __getitem__(self, step):
            return x[parts[step]], y[parts[step]]

    return Parts()


def _state(model):
    return [*model.variables, *model.optimizer.variables]


def _save(model, folder, run, losses):
    """Write the checkpoint beside the old one, then put it in its place: a kill leaves one of them whole."""
    import numpy as np

    values = {f"v{i}": np.asarray(variable) for i, variable in enumerate(_state(model))}
    with write_atomically(folder / "checkpoint.npz") as partial:
        np.savez(partial, losses=losses, run=json.dumps(run), **values)


def _restore(model, folder, run, rank, processes):
    """Return the epochs done and their losses; process 0 reads the checkpoint and hands it to the others."""
    import numpy as np

    from .errors import ModelError

    path, values, losses, fits = folder / "checkpoint.npz", None, [], True
    if rank == 0 and path.exists():
        with np.load(path, allow_pickle=False) as file:
            fits = json.loads(str(file["run"])) == run
            losses = file["losses"].tolist()
            values = [file[f"v{i}"] for i in range(len(_state(model)))] if fits else None
    if processes > 1:
        from jax.experimental.multihost_utils import broadcast_one_to_all

        count, fits = (int(n) for n in broadcast_one_to_all(np.array([len(losses), fits])))
        if fits and count:
            own = values or [np.zeros(v.shape, v.dtype) for v in _state(model)]
            known = losses if rank == 0 else [0.0] * count
            values = [np.asarray(v) for v in broadcast_one_to_all(own)]
            losses = np.asarray(broadcast_one_to_all(np.array(known, "float32"))).tolist()
    if not fits:
        raise ModelError(f"{path} is of another training. Give another --folder, or the same options as before.")
    if values and losses:
        for variable, value in zip(_state(model), values, strict=True):
            variable.assign(value)
    return len(losses), losses


if __name__ == "__main__":
    sys.exit(main())
