"""PyTorch in the comparison of frameworks: eager, with the fused optimiser (--fused), or compiled (--compile)."""

import options

opts = options.parse(
    __doc__,
    fused="the optimiser that updates all parameters in one kernel (reported as pytorch-fused)",
    compile="torch.compile, which needs a C++ compiler, and the fused optimiser (reported as pytorch-compiled)",
    flush_denormal="no subnormal numbers (reported as pytorch-flush and pytorch-compiled-flush)",
)

from time import perf_counter

import torch
import torch.nn.functional as F
from torch import nn

import common
import torch_networks


def network(sizes, activation):
    layers = []
    for weight, bias in common.initial_weights(sizes):
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))
        layers += [layer, activation()]
    return nn.Sequential(*layers[:-1])


def floats(images):
    return torch.from_numpy(images).float().div_(255)


class Trainer:
    def __init__(self, model, net, loss_of, *example):
        fused = True if opts.fused or opts.compile else None
        if net.rule == "sgd":
            self.opt = torch.optim.SGD(model.parameters(), lr=net.lr, momentum=net.momentum, fused=fused)
        else:
            rule = torch.optim.AdamW if net.rule == "adamw" else torch.optim.Adam
            self.opt = rule(model.parameters(), lr=net.lr, fused=fused)
        self.loss_of = loss_of
        self.compile_seconds = None
        if opts.compile:
            # Compiled before the clock runs, which changes no parameter, but running statistics.
            start = perf_counter()
            state = {name: value.clone() for name, value in model.state_dict().items()}
            self.loss_of = torch.compile(loss_of)
            for _ in range(2):
                self.loss_of(*example).backward()
            self.opt.zero_grad()
            model.load_state_dict(state)
            self.compile_seconds = perf_counter() - start

    def step(self, *batch):
        loss = self.loss_of(*batch)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()


def train_mnist(net, clock):
    mnist = common.load_mnist(opts.data)
    # On one thread floats with `index_select` gather a batch in half the time of `images[indices]` and in a third of
    # that of bytes converted afterwards.
    images, labels = floats(mnist.train_images), torch.from_numpy(mnist.train_labels)
    model = network(net.sizes, nn.ReLU)

    def loss_of(indices):
        return F.cross_entropy(model(images.index_select(0, indices)), labels.index_select(0, indices))

    epochs = [
        torch.from_numpy(common.epoch_batches(epoch, len(images), net.batch)).unbind() for epoch in range(opts.epochs)
    ]
    trainer = Trainer(model, net, loss_of, epochs[0][0])
    per_epoch = clock.train(epochs, trainer.step)
    with torch.inference_mode():
        first = slice(0, common.TRAIN_LOSS_IMAGES)
        train_loss = F.cross_entropy(model(images[first]), labels[first]).item()
        return dict(
            seconds_per_epoch=per_epoch,
            train_loss=train_loss,
            test_accuracy=accuracy(model, mnist),
            compile_seconds=trainer.compile_seconds,
        )


def train_network(net, clock):
    """Configurations F to J."""
    mnist = images = labels = None
    if opts.config in "FI":
        mnist = common.load_mnist(opts.data)
        images, labels = floats(mnist.train_images), torch.from_numpy(mnist.train_labels)
    model, loss_of, count = torch_networks.build(opts, images, labels)
    epochs = [torch.from_numpy(common.epoch_batches(epoch, count, net.batch)).unbind() for epoch in range(opts.epochs)]
    trainer = Trainer(model, net, loss_of, epochs[0][0])
    memory = common.MemoryBefore()
    per_epoch = clock.train(epochs, trainer.step)
    step_mb = None if opts.compile else memory.exceeded_by()
    return dict(
        seconds_per_epoch=per_epoch,
        train_loss=torch_networks.train_loss(opts, net, model, loss_of),
        test_accuracy=accuracy(model, mnist) if mnist else None,
        compile_seconds=trainer.compile_seconds,
        step_mb=step_mb,
    )


def train_tiny(net, clock):
    x, y = torch.from_numpy(common.XOR_INPUTS), torch.from_numpy(common.XOR_TARGETS)
    model = network(net.sizes, nn.Tanh)
    trainer = Trainer(model, net, lambda: F.mse_loss(model(x), y))

    def steps(count):
        for _ in range(count):
            trainer.step()

    per_epoch = clock.train_tiny(steps)
    with torch.inference_mode():
        train_loss = F.mse_loss(model(x), y).item()
    return dict(seconds_per_epoch=per_epoch, train_loss=train_loss, compile_seconds=trainer.compile_seconds)


@torch.inference_mode()
def predict(net, clock):
    mnist = common.load_mnist(opts.data)
    model = network(net.sizes, nn.ReLU).eval()
    images = floats(mnist.test_images)
    batches = images.split(net.batch)
    rows = images[: common.SINGLE_ROWS].split(1)
    compute, compile_seconds = model, None
    if opts.compile:
        # A version of its own for each of the two sizes of batch.
        start = perf_counter()
        compute = torch.compile(model, dynamic=False)
        for x in (batches[0], rows[0]):
            compute(x)
        compile_seconds = perf_counter() - start
    per_epoch, single_us = clock.predict(batches, rows, compute)
    first = slice(0, common.TRAIN_LOSS_IMAGES)
    train_loss = F.cross_entropy(model(floats(mnist.train_images[first])), torch.from_numpy(mnist.train_labels[first]))
    return dict(
        seconds_per_epoch=per_epoch,
        single_us=single_us,
        train_loss=train_loss.item(),
        test_accuracy=accuracy(model, mnist),
        compile_seconds=compile_seconds,
    )


@torch.inference_mode()
def accuracy(model, mnist):
    guesses = torch.cat([model(images).argmax(dim=1) for images in floats(mnist.test_images).split(1000)])
    return (guesses == torch.from_numpy(mnist.test_labels)).double().mean().item()


def main():
    torch.set_num_threads(opts.threads)
    torch.set_num_interop_threads(1)
    if opts.flush_denormal:
        torch.set_flush_denormal(True)
    clock = common.Clock(opts)
    run = {"D": train_tiny, "E": predict}.get(opts.config, train_mnist if opts.config in "ABC" else train_network)
    measured = run(common.NETWORKS[opts.config], clock)
    name = "pytorch-compiled" if opts.compile else "pytorch-fused" if opts.fused else "pytorch"
    if opts.flush_denormal:
        name = {"pytorch-fused": "pytorch-flush", "pytorch-compiled": "pytorch-compiled-flush"}.get(name, name)
    common.report(name, torch.__version__, opts, clock, **measured)


main()
