"""The networks of examples/char_model.rs in PyTorch, on the same text: does the loss fall as ours does?

    python benchmarks/python/char_model.py --model lstm --steps 1000 --seed 1

Equal sizes, initial distributions, batches (drawn from other generators), optimizer, schedule and evaluation.
"""

import argparse
from pathlib import Path
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import nn

CONTEXT, BATCH = 64, 16


class Lstm(nn.Module):
    def __init__(self, symbols):
        super().__init__()
        self.embed = nn.Embedding(symbols, 32)
        self.body = nn.LSTM(32, 128, batch_first=True)
        self.head = nn.Linear(128, symbols)

    def forward(self, read):
        return self.head(self.body(self.embed(read))[0])


class Transformer(nn.Module):
    def __init__(self, symbols):
        super().__init__()
        self.embed = nn.Embedding(symbols, 64)
        self.positions = nn.Parameter(0.02 * torch.randn(CONTEXT, 64))
        block = lambda: nn.TransformerEncoderLayer(
            64, 4, 256, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.ModuleList([block(), block()])
        self.norm = nn.LayerNorm(64)
        self.head = nn.Linear(64, symbols)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(CONTEXT))

    def forward(self, read):
        x = self.embed(read) + self.positions
        for block in self.blocks:
            x = block(x, src_mask=self.mask, is_causal=True)
        return self.head(self.norm(x))


def windows(text, starts):
    """64 characters from each start, and the one that follows each of them."""
    places = starts[:, None] + torch.arange(CONTEXT)
    return text[places], text[places + 1]


def loss_of(model, text, starts):
    read, following = windows(text, starts)
    return F.cross_entropy(model(read).flatten(0, 1), following.flatten())


@torch.inference_mode()
def evaluate(model, text):
    starts = torch.arange(0, len(text) - CONTEXT, CONTEXT)
    return sum(loss_of(model, text, part).item() * len(part) for part in starts.split(BATCH)) / len(starts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["lstm", "transformer"], default="lstm")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)

    text = (Path(__file__).parents[2] / "data/text/shakespeare.txt").read_text()
    alphabet = sorted(set(text))
    number = {symbol: i for i, symbol in enumerate(alphabet)}
    symbols = torch.tensor([number[symbol] for symbol in text])
    train, held_out = symbols[: len(symbols) * 9 // 10], symbols[len(symbols) * 9 // 10 :]

    model = (Lstm if options.model == "lstm" else Transformer)(len(alphabet))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    start, losses = perf_counter(), []
    print(sum(p.numel() for p in model.parameters()), "parameters")
    print("  step   training   held out   seconds")
    for step in range(1, options.steps + 1):
        loss = loss_of(model, train, torch.randint(0, len(train) - CONTEXT, (BATCH,)))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % -(-options.steps // 10) == 0 or step == options.steps:
            mean = sum(losses) / len(losses)
            print(f"{step:6}   {mean:8.3f}   {evaluate(model, held_out):8.3f}   {perf_counter() - start:7.1f}", flush=True)
            losses = []


main()
