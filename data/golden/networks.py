"""networks.json: the losses of three networks in training: LeNet, one with batch normalization, an LSTM.

Nothing random is recorded: the weights come from a generator that fits in a line, the images from data/mnist, the text
from data/text.
"""

import gzip
import os

import torch
import torch.nn.functional as F
from torch import nn

from common import HERE, write

DATA = os.path.join(HERE, "..")


def initialize(model):
    """Every element of every parameter, in order: (2u - 1)·k + c with u = x / (2^31 - 1), where x, from 1, is multiplied
    by 48271 modulo 2^31 - 1 (Park and Miller). Of tensors of more than one axis, k is 1 over the root of the elements
    for each index of the first axis; of others it is 0.1, and c is 1 for their weights, which are those of normalizations.
    """
    x = 1
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            many = parameter.ndim > 1
            k = 1.0 / (parameter.numel() // len(parameter)) ** 0.5 if many else 0.1
            c = 1.0 if not many and name.endswith("weight") else 0.0
            elements = []
            for _ in range(parameter.numel()):
                x = 48271 * x % 2147483647
                elements.append((2.0 * (x / 2147483647.0) - 1.0) * k + c)
            parameter.copy_(torch.tensor(elements).reshape(parameter.shape))


def idx(name, header):
    with gzip.open(os.path.join(DATA, "mnist", name + ".gz")) as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def digits(batch, size=16):
    """Training images number 16·batch and on: [16, 1, 28, 28], from 0 to 1."""
    part = slice(batch * size, (batch + 1) * size)
    images = idx("train-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)[part]
    return images.double() / 255.0, idx("train-labels-idx1-ubyte", 8)[part].long()


def characters(batch, windows=8, length=16):
    """The text from character 128·batch, in eight windows of 16 characters, and the characters that follow each."""
    with open(os.path.join(DATA, "text", "shakespeare.txt")) as file:
        text = file.read()
    symbols = sorted(set(text))
    start, count = batch * windows * length, windows * length
    numbers = torch.tensor([symbols.index(c) for c in text[start : start + count + 1]])
    return numbers[:-1].reshape(windows, length), numbers[1:]


class CharLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(63, 12)
        self.lstm = nn.LSTM(12, 16, num_layers=2, batch_first=True)
        self.head = nn.Linear(16, 63)

    def forward(self, x):
        return self.head(self.lstm(self.embed(x))[0]).flatten(0, 1)


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def normalized():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(392, 32, bias=False),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Dropout(0.0),
        nn.Linear(32, 10),
    )


def training(network, model, optimizer, options, batches, clip=None, steps=50):
    """Step k is made on batch k modulo their number; `losses[k]` is its loss before that step, and the last one that of
    the next. `evaluation` is the loss on the first batch afterwards, outside of training."""
    initialize(model)
    opt = getattr(torch.optim, optimizer)(model.parameters(), **options)
    losses = []
    for step in range(steps + 1):
        x, labels = batches[step % len(batches)]
        loss = F.cross_entropy(model(x), labels)
        losses.append(loss.item())
        if step < steps:
            opt.zero_grad()
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            opt.step()
    model.eval()
    x, labels = batches[0]
    with torch.no_grad():
        evaluation = F.cross_entropy(model(x), labels)
    assert losses[-1] < 0.8 * losses[0], losses
    names = [name for name, _ in model.named_parameters()]
    record = {"network": network, "optimizer": optimizer, "options": options, "clip_grad_norm": clip}
    record |= {"batches": len(batches), "parameters": names}
    return {**record, "losses": torch.tensor(losses), "evaluation": evaluation, "buffers": dict(model.named_buffers())}


images = [digits(batch) for batch in range(4)]
text = [characters(batch) for batch in range(4)]
write(
    "networks",
    training=[
        training("lenet", lenet(), "SGD", {"lr": 0.05, "momentum": 0.9}, images),
        training("normalized", normalized(), "Adam", {"lr": 0.01}, images),
        training("lstm", CharLstm(), "AdamW", {"lr": 0.02}, text, clip=1.0),
    ],
)
