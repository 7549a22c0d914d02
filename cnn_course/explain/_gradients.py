"""The gradient, on each backend: nothing else in this room knows which one is running."""

import numpy as np

from .._keras import load_keras

keras = load_keras()


def gradient_of(function, compiled=False):
    """Return a callable that gives the values of a function and their gradients.

    Parameters
    ----------
    function : callable
        Takes a tensor of shape ``(n, ...)`` and returns one number for each of the n rows; a row's number depends on
        that row alone.
    compiled : bool
        Whether it is called many times with the same shape, so that translating it pays.

    Returns
    -------
    callable
        Takes an array of shape ``(n, ...)``; returns values ``(n,)`` and gradients ``(n, ...)``, both float32 arrays.
    """
    made = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}[keras.backend.backend()](function, compiled)

    def call(x):
        values, gradients = made(np.asarray(x, np.float32))
        gradients = np.zeros(x.shape) if gradients is None else keras.ops.convert_to_numpy(gradients)
        return keras.ops.convert_to_numpy(values).astype(np.float32), gradients.astype(np.float32)

    return call


def _tensorflow(function, compiled):
    import tensorflow as tf

    def step(x):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            values = function(x)
        return values, tape.gradient(values, x, unconnected_gradients="zero")

    # Translated even for one call: otherwise TensorFlow (2.21) computes the gradients of all kernels as well, for
    # nothing, and some of those crash. As concrete functions, because others warn of being made so often.
    translated = {}

    def call(x):
        if x.shape not in translated:
            wanted = tf.TensorSpec(x.shape, tf.float32)
            translated[x.shape] = tf.function(step, autograph=False).get_concrete_function(wanted)
        return translated[x.shape](tf.convert_to_tensor(x))

    return call


def _torch(function, compiled):
    import torch

    def step(x):
        x = keras.ops.convert_to_tensor(x).detach().clone().requires_grad_()
        with torch.enable_grad():
            values = function(x)
        gradients = torch.autograd.grad(values.sum(), x, allow_unused=True)[0] if values.requires_grad else None
        return values.detach(), gradients

    return step


def _jax(function, compiled):
    import jax

    def total(x):
        values = function(x)
        return values.sum(), values

    step = jax.value_and_grad(total, has_aux=True)
    step = jax.jit(step) if compiled else step

    def call(x):
        (_, values), gradients = step(jax.numpy.asarray(x))
        return values, gradients

    return call
