"""Networks F to J in PyTorch. Each function gives the model, the loss of a batch of indices, and the number of samples."""

import torch
import torch.nn.functional as F
from torch import nn

import common
import networks


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(1568, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x.view(-1, 1, 28, 28))), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class CharLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(networks.SYMBOLS, 32)
        self.lstm = nn.LSTM(32, 128)
        self.head = nn.Linear(128, networks.SYMBOLS)

    def forward(self, symbols):
        return self.head(self.lstm(self.embedding(symbols))[0])


class CharTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(networks.SYMBOLS, 64)
        self.positions = nn.Parameter(torch.zeros(networks.LENGTH, 64))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(64, 4, 256, dropout=0.0, batch_first=True) for _ in range(2)
        )
        self.head = nn.Linear(64, networks.SYMBOLS)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(networks.LENGTH), persistent=False)

    def forward(self, symbols):
        x = self.embedding(symbols) + self.positions
        for block in self.blocks:
            x = block(x, src_mask=self.mask, is_causal=True)
        return self.head(x)


class Normalized(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.bn1 = nn.BatchNorm1d(256)
        self.fc2 = nn.Linear(256, 256)
        self.bn2 = nn.BatchNorm1d(256)
        self.fc3 = nn.Linear(256, 10)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = self.dropout(F.relu(self.bn1(self.fc1(x))))
        x = self.dropout(F.relu(self.bn2(self.fc2(x))))
        return self.fc3(x)


class SequenceGru(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(networks.FEATURES, 32)
        self.head = nn.Linear(32, 1)

    def forward(self, x):
        return self.head(self.gru(x)[1].squeeze(0))


def build(opts, images, labels):
    """The model, the loss of the samples at some indices, and the number of samples; `images` and `labels` for F and I."""
    config = opts.config
    if config in "FI":
        model = LeNet() if config == "F" else Normalized(opts.dropout)
        count = len(images)

        def loss_of(indices):
            return F.cross_entropy(model(images.index_select(0, indices)), labels.index_select(0, indices))

    elif config in "GH":
        model = CharLstm() if config == "G" else CharTransformer()
        time = 0 if config == "G" else 1
        pieces = torch.from_numpy(networks.text())
        pieces = pieces.t().contiguous() if time == 0 else pieces
        count = networks.SAMPLES

        def loss_of(indices):
            batch = pieces.index_select(1 - time, indices)
            symbols, following = batch.narrow(time, 0, networks.LENGTH), batch.narrow(time, 1, networks.LENGTH)
            return F.cross_entropy(model(symbols).flatten(0, 1), following.flatten())

    else:
        model = SequenceGru()
        x, y = map(torch.from_numpy, networks.sequences())
        count = networks.SAMPLES

        def loss_of(indices):
            return F.mse_loss(model(x.index_select(1, indices)), y.index_select(0, indices))

    start = {name: torch.from_numpy(value) for name, value in networks.initial_weights(config).items()}
    left = model.load_state_dict(start, strict=False)
    assert not left.unexpected_keys and all("bn" in key for key in left.missing_keys), left
    return model, loss_of, count


@torch.inference_mode()
def train_loss(opts, net, model, loss_of):
    """The loss over the first samples, in the mode of evaluation."""
    model.eval()
    count, size = (common.TRAIN_LOSS_IMAGES, 1000) if opts.config in "FI" else (networks.CHECKED_SAMPLES, net.batch)
    return sum(loss_of(indices).item() for indices in torch.arange(count).split(size)) / (count // size)
