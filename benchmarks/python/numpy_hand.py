"""NumPy in the comparison of frameworks: the networks written by hand, with the gradients worked out on paper."""

import options

opts = options.parse(__doc__, configs="ABCDE")

import numpy as np

import common


class Relu:
    @staticmethod
    def forward(z):
        return np.maximum(z, 0, out=z)

    @staticmethod
    def backward(grad, output):
        grad *= output > 0


class Tanh:
    @staticmethod
    def forward(z):
        return np.tanh(z, out=z)

    @staticmethod
    def backward(grad, output):
        grad *= 1 - output * output


def forward(layers, x, activation):
    """The input of every layer, and the output of the last."""
    activations = [x]
    for index, (weight, bias) in enumerate(layers):
        x = x @ weight.T
        x += bias
        if index + 1 < len(layers):
            x = activation.forward(x)
        activations.append(x)
    return activations


def backward(layers, activations, grad, activation):
    """The gradients of all weights and biases, from that of the last layer's output."""
    grads = []
    for index in range(len(layers) - 1, -1, -1):
        grads += [grad.sum(axis=0), grad.T @ activations[index]]
        if index > 0:
            grad = grad @ layers[index][0]
            activation.backward(grad, activations[index])
    return grads[::-1]


def cross_entropy(logits, labels):
    """The mean loss and its gradient."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    grad = np.exp(shifted)
    sums = grad.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = np.mean(np.log(sums[:, 0]) - shifted[rows, labels])
    grad /= sums
    grad[rows, labels] -= 1
    grad /= len(labels)
    return loss, grad


def mse(output, target):
    difference = output - target
    return np.mean(difference * difference), difference * np.float32(2 / difference.size)


class Sgd:
    """All in place: nothing as large as the parameters is allocated in a step."""

    def __init__(self, params, lr, momentum):
        self.params, self.lr, self.momentum = params, np.float32(lr), np.float32(momentum)
        self.velocities = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for p, v, g in zip(self.params, self.velocities, grads):
            v *= self.momentum
            v += g
            np.multiply(v, self.lr, out=g)
            p -= g


class Adam:
    def __init__(self, params, lr, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.betas, self.eps = params, lr, betas, np.float32(eps)
        self.means = [np.zeros_like(p) for p in params]
        self.squares = [np.zeros_like(p) for p in params]
        self.scratch = [np.empty_like(p) for p in params]
        self.steps = 0

    def step(self, grads):
        self.steps += 1
        first, second = self.betas
        rate = np.float32(self.lr / (1 - first**self.steps))
        root = np.float32(1 / np.sqrt(1 - second**self.steps))
        for p, m, v, t, g in zip(self.params, self.means, self.squares, self.scratch, grads):
            m *= np.float32(first)
            m += np.multiply(g, np.float32(1 - first), out=t)
            v *= np.float32(second)
            g *= g
            g *= np.float32(1 - second)
            v += g
            np.sqrt(v, out=t)
            t *= root
            t += self.eps
            np.divide(m, t, out=t)
            t *= rate
            p -= t


def build(net):
    layers = common.initial_weights(net.sizes)
    params = [p for layer in layers for p in layer]
    opt = Sgd(params, net.lr, net.momentum) if net.rule == "sgd" else Adam(params, net.lr)
    return layers, opt


def floats(images):
    # Bytes converted while gathering: as fast as gathering floats, or a little faster.
    return np.divide(images, np.float32(255), dtype=np.float32)


def train_mnist(net, clock):
    mnist = common.load_mnist(opts.data)
    layers, opt = build(net)

    def step(indices):
        activations = forward(layers, floats(mnist.train_images[indices]), Relu)
        _, grad = cross_entropy(activations[-1], mnist.train_labels[indices])
        opt.step(backward(layers, activations, grad, Relu))

    epochs = [common.epoch_batches(epoch, len(mnist.train_images), net.batch) for epoch in range(opts.epochs)]
    per_epoch = clock.train(epochs, step)
    return dict(seconds_per_epoch=per_epoch, **quality(layers, mnist))


def quality(layers, mnist):
    first = slice(0, common.TRAIN_LOSS_IMAGES)
    logits = forward(layers, floats(mnist.train_images[first]), Relu)[-1]
    guesses = forward(layers, floats(mnist.test_images), Relu)[-1].argmax(axis=1)
    return dict(
        train_loss=float(cross_entropy(logits, mnist.train_labels[first])[0]),
        test_accuracy=float(np.mean(guesses == mnist.test_labels)),
    )


def train_tiny(net, clock):
    x, y = common.XOR_INPUTS, common.XOR_TARGETS
    layers, opt = build(net)

    def steps(count):
        for _ in range(count):
            activations = forward(layers, x, Tanh)
            _, grad = mse(activations[-1], y)
            opt.step(backward(layers, activations, grad, Tanh))

    per_epoch = clock.train_tiny(steps)
    return dict(seconds_per_epoch=per_epoch, train_loss=float(mse(forward(layers, x, Tanh)[-1], y)[0]))


def predict(net, clock):
    mnist = common.load_mnist(opts.data)
    layers, _ = build(net)
    images = floats(mnist.test_images)
    batches = [images[i : i + net.batch] for i in range(0, len(images), net.batch)]
    rows = [images[i : i + 1] for i in range(common.SINGLE_ROWS)]

    def passed(x):
        for weight, bias in layers[:-1]:
            x = x @ weight.T
            x += bias
            np.maximum(x, 0, out=x)
        weight, bias = layers[-1]
        return x @ weight.T + bias

    per_epoch, single_us = clock.predict(batches, rows, passed)
    return dict(seconds_per_epoch=per_epoch, single_us=single_us, **quality(layers, mnist))


def main():
    clock = common.Clock(opts)
    run = {"D": train_tiny, "E": predict}.get(opts.config, train_mnist)
    common.report("numpy", np.__version__, opts, clock, **run(common.NETWORKS[opts.config], clock))


main()
