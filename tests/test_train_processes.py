"""Several processes on this computer, as a launcher starts them: together, and on from the checkpoint after a death."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from cnn_course import LessonError
from cnn_course.train_processes import _parts, place

pytestmark = pytest.mark.slow

PORT_TRIES = 50


def free_port():
    """A port whose successor, which process 0 listens on, is free."""
    for _ in range(PORT_TRIES):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            port = server.getsockname()[1]
        with contextlib.suppress(OSError, OverflowError), socket.socket() as server:
            server.bind(("127.0.0.1", port + 1))
            return port
    raise AssertionError("no free port")


def start(folder, processes, epochs, *options):
    """Start the processes as torchrun does: by their environment."""
    pytest.importorskip("jax", reason='no JAX: pip install ".[jax]"')
    base = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    base |= {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "cnn_course.train_processes", "--epochs", str(epochs), "--pictures", "256"]
    command += ["--folder", str(folder / "checkpoint"), *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": (folder / "errors").open("a"), "text": True}
    return [
        subprocess.Popen(command, env={**os.environ, **base, "RANK": str(rank)}, cwd=folder, **pipes)
        for rank in range(processes)
    ]


def finish(started, folder):
    """Wait for all; return what each said at its end, and all that process 0 said."""
    said = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(started), (folder / "errors").read_text()[-3000:]
    return [json.loads(text.strip().splitlines()[-1]) for text in said], said[0]


def train_until_the_other_is_lost(folder, blow, *options):
    """Start two, strike process 1 after two epochs; return process 0's status and the seconds until it ended."""
    started = start(folder, 2, 10_000, *options)
    try:
        for line in started[0].stdout:
            if line.startswith("epoch 2 "):
                break
        threading.Thread(target=started[0].stdout.read, daemon=True).start()  # or it would wait for a reader
        began = time.monotonic()
        started[1].send_signal(blow)
        return started[0].wait(300), time.monotonic() - began
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows cannot stop a process in this way")
def test_a_process_that_hangs_is_noticed(tmp_path):
    status, seconds = train_until_the_other_is_lost(tmp_path, signal.SIGSTOP, "--patience", "20")
    assert status == 1 and seconds < 200
    assert "no step was finished for 20 s" in (tmp_path / "errors").read_text()


def test_two_processes_train_together_survive_a_death_by_the_checkpoint_and_are_one_training(tmp_path):
    status, seconds = train_until_the_other_is_lost(tmp_path, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    assert status != 0 and seconds < 250
    with np.load(tmp_path / "checkpoint" / "checkpoint.npz", allow_pickle=False) as file:
        done = len(file["losses"])

    ends, said = finish(start(tmp_path, 2, epochs=done + 1), tmp_path)
    assert f"going on after epoch {done}" in said
    assert ends[0]["weights"] == ends[1]["weights"] and ends[0]["losses"] == ends[1]["losses"]

    alone = tmp_path / "alone"
    alone.mkdir()
    (end,), _ = finish(start(alone, 1, epochs=done + 1), alone)
    np.testing.assert_allclose(ends[0]["losses"][:3], end["losses"][:3], rtol=1e-3)
    assert len(end["losses"]) == len(ends[0]["losses"]) == done + 1


def test_torchrun_starts_it(tmp_path):
    pytest.importorskip("torch", reason="no torchrun: pip install torch")
    pytest.importorskip("jax", reason='no JAX: pip install ".[jax]"')
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
    command += ["--master-port", str(free_port()), "-m", "cnn_course.train_processes", "--epochs", "1"]
    env = {**os.environ, "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, "--pictures", "128"], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    ends = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"rank"')]
    assert {end["rank"] for end in ends} == {0, 1} and len({end["weights"] for end in ends}) == 1


def test_each_row_is_one_processes_and_the_global_batch_is_the_same_for_any_number():
    whole = _parts(100, 16, seed=1, epoch=2, rank=0, processes=1)
    halves = [_parts(100, 16, seed=1, epoch=2, rank=rank, processes=2) for rank in (0, 1)]
    assert len(whole) == 6
    for step, parts in zip(whole, zip(*halves, strict=True), strict=True):
        assert sorted(np.concatenate(parts)) == sorted(step)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "a", "MASTER_PORT": "1"}, (3, 4, 1, "a:2")),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_LOCALID": "0", "MASTER_ADDR": "n"}, (1, 2, 0, "n:29501")),
        ({"JOB_COMPLETION_INDEX": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "s"}, (0, 2, None, "s:29501")),
    ],
)
def test_torchrun_slurm_and_kubernetes_are_understood(environment, expected):
    assert place(environment) == expected


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"RANK": "2", "WORLD_SIZE": "2", "MASTER_ADDR": "a"}, "must lie from 0 to 1"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, "MASTER_ADDR must name"),
        ({"RANK": "x"}, "must be whole numbers"),
    ],
)
def test_variables_that_do_not_fit_are_said(environment, message):
    with pytest.raises(LessonError, match=message):
        place(environment)
