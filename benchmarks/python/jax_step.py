"""JAX in the comparison of frameworks: a jitted step, or a whole epoch compiled with lax.scan (--scan)."""

import math
import os

import options

opts = options.parse(
    __doc__,
    scan="compile the loop over an epoch (reported as jax-scan); a step's time is the epoch's divided by its steps",
)

# XLA sizes its thread pool by the cores it may use, which is the only switch that all its versions heed. A single
# thread is faster this way, too, than with threads that wait for each other.
options.keep_to_cores(opts.threads)
if opts.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false " + os.environ.get("XLA_FLAGS", "")

from functools import partial
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np

import common
import jax_networks

# The step is waited for: handing it to another thread first costs more than it brings.
jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_cpu_enable_async_dispatch", False)


# Weights [out, in] are the faster ones for XLA in small training steps (C by a quarter), weights [in, out] in large ones
# and, five times, for a single row.
INPUTS_FIRST = opts.config in "BE"


def initial(net):
    params = [
        (jnp.asarray(weight.T if INPUTS_FIRST else weight), jnp.asarray(bias))
        for weight, bias in common.initial_weights(net.sizes)
    ]
    return initial_state(net, params)


def initial_state(net, params):
    """What the optimiser starts from."""
    zeros = partial(jax.tree.map, jnp.zeros_like)
    if net.rule == "sgd":
        return params, zeros(params)
    return params, (zeros(params), zeros(params), jnp.zeros((), jnp.int32))


def linear(layer, x):
    weight, bias = layer
    return x @ (weight if INPUTS_FIRST else weight.T) + bias


def forward(params, x, activation=jax.nn.relu):
    for layer in params[:-1]:
        x = activation(linear(layer, x))
    return linear(params[-1], x)


def cross_entropy(params, images, labels):
    log_probabilities = jax.nn.log_softmax(forward(params, images))
    return -jnp.mean(jnp.take_along_axis(log_probabilities, labels[:, None], axis=1))


def tiny_mse(params, x, y):
    return jnp.mean((forward(params, x, jnp.tanh) - y) ** 2)


def updated(net, state, grads):
    """The state after a step of the optimiser."""
    if net.rule == "sgd":
        params, velocity = state
        velocity = jax.tree.map(lambda v, g: net.momentum * v + g, velocity, grads)
        return jax.tree.map(lambda p, v: p - net.lr * v, params, velocity), velocity
    params, (mean, square, count) = state
    count += 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grads)
    square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, grads)
    # 1 - beta^count, of which single precision would lose half the digits while count is small.
    first, second = -jnp.expm1(count * math.log(0.9)), -jnp.expm1(count * math.log(0.999))

    def moved(p, m, s):
        p = p * (1 - net.lr * 0.01) if net.rule == "adamw" else p
        return p - net.lr * (m / first) / (jnp.sqrt(s / second) + 1e-8)

    return jax.tree.map(moved, params, mean, square), (mean, square, count)


def floats(images):
    return images.astype(jnp.float32) / 255


def compiled(function, *example):
    """Compiled for the shapes of `example`, whose first argument's memory it may use again; and the seconds it took."""
    start = perf_counter()
    program = jax.jit(function, donate_argnums=0).lower(*example).compile()
    return program, perf_counter() - start


def train_mnist(net, clock):
    mnist = common.load_mnist(opts.data)
    # Bytes converted while gathering are a little faster than floats.
    images, labels = jnp.asarray(mnist.train_images), jnp.asarray(mnist.train_labels.astype(np.int32))
    state = initial(net)

    def step(state, indices, images, labels):
        grads = jax.grad(cross_entropy)(state[0], floats(images[indices]), labels[indices])
        return updated(net, state, grads)

    def scan(state, order, images, labels):
        return jax.lax.scan(lambda state, indices: (step(state, indices, images, labels), None), state, order)[0]

    epochs = [
        common.epoch_batches(epoch, len(images), net.batch).astype(np.int32) for epoch in range(opts.epochs)
    ]
    if opts.scan:
        epochs = clock.limited(epochs)
        programs = {len(order): compiled(scan, state, jnp.asarray(order), images, labels) for order in epochs}

        def epoch(order):
            nonlocal state
            state = jax.block_until_ready(programs[len(order)][0](state, order, images, labels))

        per_epoch = clock.train_whole(epochs, epoch)
        compile_seconds = sum(seconds for _, seconds in programs.values())
    else:
        program, compile_seconds = compiled(step, state, epochs[0][0], images, labels)

        def timed(indices):
            nonlocal state
            state = jax.block_until_ready(program(state, indices, images, labels))

        per_epoch = clock.train(epochs, timed)
    return dict(seconds_per_epoch=per_epoch, compile_seconds=compile_seconds, **quality(state[0], mnist))


def quality(params, mnist):
    first = slice(0, common.TRAIN_LOSS_IMAGES)
    images, labels = floats(jnp.asarray(mnist.train_images[first])), jnp.asarray(mnist.train_labels[first])
    guesses = forward(params, floats(jnp.asarray(mnist.test_images))).argmax(axis=1)
    return dict(
        train_loss=float(cross_entropy(params, images, labels)),
        test_accuracy=float(np.mean(np.asarray(guesses) == mnist.test_labels)),
    )


def train_network(net, clock):
    """Configurations F to J."""
    mnist = common.load_mnist(opts.data) if opts.config in "FI" else None
    arrays, count, loss = jax_networks.build(opts, mnist)
    params, extra = jax_networks.initial(opts.config)
    state = initial_state(net, params), extra

    def step(state, indices, arrays):
        state, extra = state
        grads, extra = jax.grad(loss, has_aux=True)(state[0], extra, indices, arrays, True)
        return updated(net, state, grads), extra

    epochs = [common.epoch_batches(epoch, count, net.batch).astype(np.int32) for epoch in range(opts.epochs)]
    program, compile_seconds = compiled(step, state, epochs[0][0], arrays)

    def timed(indices):
        nonlocal state
        state = jax.block_until_ready(program(state, indices, arrays))

    per_epoch = clock.train(epochs, timed)
    quality = jax_networks.quality(opts, net, mnist, (state[0][0], state[1]), arrays, loss)
    return dict(seconds_per_epoch=per_epoch, compile_seconds=compile_seconds, **quality)


def train_tiny(net, clock):
    x, y = jnp.asarray(common.XOR_INPUTS), jnp.asarray(common.XOR_TARGETS)
    state = initial(net)

    def step(state, x, y):
        return updated(net, state, jax.grad(tiny_mse)(state[0], x, y))

    if opts.scan:
        steps = min(opts.max_steps or common.TINY_STEPS, common.TINY_STEPS)

        def scan(state, x, y):
            return jax.lax.scan(lambda state, _: (step(state, x, y), None), state, length=steps)[0]

        program, compile_seconds = compiled(scan, state, x, y)

        def epoch(_):
            nonlocal state
            state = jax.block_until_ready(program(state, x, y))

        per_epoch = clock.train_whole([range(steps)] * opts.epochs, epoch, common.TINY_STEPS)
    else:
        program, compile_seconds = compiled(step, state, x, y)

        def several(count):
            nonlocal state
            for _ in range(count):
                state = program(state, x, y)
            jax.block_until_ready(state)

        per_epoch = clock.train_tiny(several)
    train_loss = float(tiny_mse(state[0], x, y))
    return dict(seconds_per_epoch=per_epoch, compile_seconds=compile_seconds, train_loss=train_loss)


def predict(net, clock):
    mnist = common.load_mnist(opts.data)
    params, _ = initial(net)
    images = floats(jnp.asarray(mnist.test_images))
    batches = [images[i : i + net.batch] for i in range(0, len(images), net.batch)]
    rows = [images[i : i + 1] for i in range(common.SINGLE_ROWS)]
    passed = jax.jit(forward)
    start = perf_counter()
    for x in (batches[0], rows[0]):
        jax.block_until_ready(passed(params, x))
    compile_seconds = perf_counter() - start
    per_epoch, single_us = clock.predict(batches, rows, lambda x: jax.block_until_ready(passed(params, x)))
    return dict(
        seconds_per_epoch=per_epoch, single_us=single_us, compile_seconds=compile_seconds, **quality(params, mnist)
    )


def main():
    clock = common.Clock(opts)
    run = {"D": train_tiny, "E": predict}.get(opts.config, train_mnist if opts.config in "ABC" else train_network)
    measured = run(common.NETWORKS[opts.config], clock)
    common.report("jax-scan" if opts.scan else "jax-step", jax.__version__, opts, clock, **measured)


main()
