"""Networks F to J in JAX: the initial parameters, the arrays that batches are gathered from, and the loss of a batch.

Weights of fully connected layers are [in, out] as in F's and I's products, images have their channels last, and
recurrent layers are a `lax.scan` over the steps whose inputs are multiplied before it: each the faster way.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import common
import networks


def floats(images):
    return images.astype(jnp.float32) / 255


def cross_entropy(logits, labels):
    log_probabilities = jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.take_along_axis(log_probabilities, labels[..., None], axis=-1))


def dense(params, name, x):
    return x @ params[name + ".weight"] + params[name + ".bias"]


def max_pool(x):
    # A third of the time that a step takes with `lax.reduce_window`.
    samples, height, width, channels = x.shape
    return x.reshape(samples, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def lenet(params, images):
    def convolution(name, x):
        y = lax.conv_general_dilated(
            x, params[name + ".weight"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return y + params[name + ".bias"]

    x = floats(images).reshape(-1, 28, 28, 1)
    x = max_pool(jax.nn.relu(convolution("conv1", x)))
    x = max_pool(jax.nn.relu(convolution("conv2", x)))
    return dense(params, "fc2", jax.nn.relu(dense(params, "fc1", x.reshape(len(x), -1))))


def lstm(params, name, x):
    """The outputs [T, N, hidden] for x [T, N, in]."""
    bias = params[name + ".bias_ih_l0"] + params[name + ".bias_hh_l0"]
    inputs = x @ params[name + ".weight_ih_l0"].T + bias
    weight = params[name + ".weight_hh_l0"].T

    def step(state, inputs):
        h, c = state
        i, f, g, o = jnp.split(inputs + h @ weight, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[1], weight.shape[0]))
    return lax.scan(step, (zeros, zeros), inputs)[1]


def gru(params, name, x):
    """The last state [N, hidden] for x [T, N, in]."""
    inputs = x @ params[name + ".weight_ih_l0"].T + params[name + ".bias_ih_l0"]
    weight, bias = params[name + ".weight_hh_l0"].T, params[name + ".bias_hh_l0"]

    def step(h, inputs):
        xr, xz, xn = jnp.split(inputs, 3, axis=-1)
        hr, hz, hn = jnp.split(h @ weight + bias, 3, axis=-1)
        r, z = jax.nn.sigmoid(xr + hr), jax.nn.sigmoid(xz + hz)
        n = jnp.tanh(xn + r * hn)
        return n + z * (h - n), None

    return lax.scan(step, jnp.zeros((x.shape[1], weight.shape[0])), inputs)[0]


def char_lstm(params, symbols):
    return dense(params, "head", lstm(params, "lstm", params["embedding.weight"][symbols]))


def layer_norm(params, name, x):
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = lax.rsqrt(jnp.mean(centred * centred, axis=-1, keepdims=True) + 1e-5)
    return centred * scale * params[name + ".weight"] + params[name + ".bias"]


def block(params, name, x):
    """A block of the transformer, normalized last, with causal attention."""
    packed = x @ params[name + ".self_attn.in_proj_weight"].T + params[name + ".self_attn.in_proj_bias"]
    q, k, v = (part.reshape(*x.shape[:2], 4, 16) for part in jnp.split(packed, 3, axis=-1))
    y = jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(x.shape)
    x = layer_norm(params, name + ".norm1", x + dense(params, name + ".self_attn.out_proj", y))
    y = dense(params, name + ".linear2", jax.nn.relu(dense(params, name + ".linear1", x)))
    return layer_norm(params, name + ".norm2", x + y)


def char_transformer(params, symbols):
    x = params["embedding.weight"][symbols] + params["positions"]
    for name in ("blocks.0", "blocks.1"):
        x = block(params, name, x)
    return dense(params, "head", x)


def batch_norm(params, name, x, running, training):
    """The normalized x, and the running mean and variance."""
    if not training:
        mean, variance = running
    else:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        running = 0.9 * running[0] + 0.1 * mean, 0.9 * running[1] + 0.1 * variance * (len(x) / (len(x) - 1))
    y = (x - mean) * (lax.rsqrt(variance + 1e-5) * params[name + ".weight"]) + params[name + ".bias"]
    return y, running


def normalized(params, extra, images, dropout, training):
    """The logits, and the running statistics and random key after the batch."""
    stats, key = extra
    x, after = floats(images), []
    for number in (0, 1):
        x, running = batch_norm(params, f"bn{number + 1}", dense(params, f"fc{number + 1}", x), stats[number], training)
        after.append(running)
        x = jax.nn.relu(x)
        if training and dropout > 0:
            key, mine = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(mine, 1 - dropout, x.shape), x / (1 - dropout), 0)
    return dense(params, "fc3", x), (tuple(after), key)


def initial(config):
    """The parameters, and what else a step changes: the running statistics and the random key of I."""
    params = networks.initial_weights(config)
    for name, value in params.items():
        if value.ndim == 4:
            params[name] = value.transpose(2, 3, 1, 0)
        elif name == "fc1.weight" and config == "F":
            # The images that it reads have their channels last.
            params[name] = value.reshape(128, 32, 7, 7).transpose(2, 3, 1, 0).reshape(1568, 128)
        elif value.ndim == 2 and name.startswith(("fc", "head", "blocks")) and "in_proj" not in name:
            params[name] = value.T
    extra = ()
    if config == "I":
        zeros, ones = np.zeros(256, np.float32), np.ones(256, np.float32)
        extra = (((zeros, ones), (zeros, ones)), jax.random.key(1, impl="unsafe_rbg"))
    return jax.tree.map(jnp.array, (params, extra))


def build(opts, mnist):
    """The arrays that batches come from, the number of samples, and `loss(params, extra, indices, arrays, training)`,
    which gives the loss and what `extra` becomes."""
    config = opts.config
    if config in "FI":
        arrays = jnp.asarray(mnist.train_images), jnp.asarray(mnist.train_labels.astype(np.int32))

        def loss(params, extra, indices, arrays, training):
            images, labels = (array[indices] for array in arrays)
            if config == "F":
                return cross_entropy(lenet(params, images), labels), extra
            logits, extra = normalized(params, extra, images, opts.dropout, training)
            return cross_entropy(logits, labels), extra

        return arrays, len(mnist.train_images), loss
    if config in "GH":
        pieces = networks.text().astype(np.int32)

        def loss(params, extra, indices, arrays, training):
            batch = arrays[0][indices]
            if config == "G":
                batch = batch.T
                return cross_entropy(char_lstm(params, batch[:-1]), batch[1:]), extra
            return cross_entropy(char_transformer(params, batch[:, :-1]), batch[:, 1:]), extra

        return (jnp.asarray(pieces),), networks.SAMPLES, loss

    def loss(params, extra, indices, arrays, training):
        x, y = arrays
        return jnp.mean((dense(params, "head", gru(params, "gru", x[:, indices])) - y[indices]) ** 2), extra

    return tuple(map(jnp.asarray, networks.sequences())), networks.SAMPLES, loss


def quality(opts, net, mnist, state, arrays, loss):
    """The loss over the first samples, and the accuracy of F and I on the test images."""
    params, extra = state
    count, size = (common.TRAIN_LOSS_IMAGES, 1000) if opts.config in "FI" else (networks.CHECKED_SAMPLES, net.batch)
    evaluate = jax.jit(lambda params, indices: loss(params, extra, indices, arrays, False)[0])
    batches = np.arange(count).reshape(-1, size)
    train_loss = sum(float(evaluate(params, indices)) for indices in batches) / len(batches)
    if mnist is None:
        return dict(train_loss=train_loss)

    @jax.jit
    def guesses(params, images):
        logits = lenet(params, images) if opts.config == "F" else normalized(params, extra, images, 0, False)[0]
        return logits.argmax(axis=1)

    right = [np.asarray(guesses(params, images)) == labels for images, labels in zip(
        mnist.test_images.reshape(-1, 1000, 784), mnist.test_labels.reshape(-1, 1000)
    )]
    return dict(train_loss=train_loss, test_accuracy=float(np.mean(right)))
