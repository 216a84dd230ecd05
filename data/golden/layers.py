"""layers.json: layers with a state, of their own (batch normalisation) or handed on (LSTM cell), and embeddings.

`derivatives` as in ops.json. Of a batch normalisation: the statistics after each of three training batches, the derivatives of the
last, and what evaluation then makes of it, with its derivatives.
"""

import itertools

import torch
from torch import nn
from torch.func import functional_call

from common import derivatives, draw, write

# ---- batch normalisation


def batch_norm(shape, **options):
    key = ("batch_norm", shape, sorted((k, str(v)) for k, v in options.items()))
    layer = nn.BatchNorm1d(shape[1], **options)
    names = ["weight", "bias"] if options.get("affine", True) else []
    parameters = [draw((*key, name), (shape[1],), 0.5, 2.0) for name in names]

    def f(x, *values):
        return functional_call(layer, dict(zip(names, values)), (x,))

    def statistics():
        return {name: value.clone() for name, value in layer.named_buffers()}

    batches = [draw((*key, i), shape) for i in range(3)]
    states = []
    for x in batches[:2]:
        f(x, *parameters)
        states.append(statistics())
    training = derivatives((*key, "training"), f, [batches[2], *parameters])
    states.append(statistics())
    layer.eval()
    evaluation = derivatives((*key, "evaluation"), f, [batches[2], *parameters])
    return {"options": options, "batches": batches[:2], "states": states, "training": training, "evaluation": evaluation}


batch_norms = []
for shape in ((4, 3), (2, 3, 4), (3, 2, 1), (1, 2, 3)):
    batch_norms.append(batch_norm(shape))
    for momentum, affine, track in itertools.product((0.3, None), (True, False), (True, False)):
        batch_norms.append(batch_norm(shape, momentum=momentum, affine=affine, track_running_stats=track))
    batch_norms.append(batch_norm(shape, eps=0.5, momentum=1.0))

for shape, training, track in itertools.product(((1, 3), (1, 3, 1)), (True, False), (True, False)):
    layer = nn.BatchNorm1d(3, track_running_stats=track).train(training)
    try:
        layer(torch.ones(shape))
        refused = False
    except ValueError:
        refused = True
    assert refused == (training or not track)

# A batch without elements is counted, and leaves the statistics alone.
layer = nn.BatchNorm1d(3)
assert layer(torch.ones(0, 3)).shape == (0, 3)
assert layer.num_batches_tracked == 1 and layer.running_mean.eq(0).all() and layer.running_var.eq(1).all()

# A module that is called twice updates twice, and tied norms are one.
layer = nn.BatchNorm1d(2, momentum=0.5)
first, second = draw("first", (3, 2)), draw("second", (3, 2))
layer(layer(first) + second)
twice = [{"inputs": [first, second], "states": [{n: b.clone() for n, b in layer.named_buffers()}]}]

# ---- cells


def lstm_cell(batch, inputs, hidden, bias, given):
    key = ("lstm_cell", batch, inputs, hidden, bias, given)
    layer = nn.LSTMCell(inputs, hidden, bias=bias)
    names = [name for name, _ in layer.named_parameters()]
    parameters = [draw((*key, name), tuple(value.shape), -1.0, 1.0) for name, value in layer.named_parameters()]
    x = draw((*key, "x"), (*batch, inputs))
    state = [draw((*key, name), (*batch, hidden), -1.0, 1.0) for name in "hc"] if given else []

    def f(x, *values):
        state, values = values[: 2 * given], values[2 * given :]
        return torch.stack(functional_call(layer, dict(zip(names, values)), (x, tuple(state) if given else None)))

    options = {"input_size": inputs, "hidden_size": hidden, "bias": bias}
    wrt = ["x", *"hc"[: 2 * given], *names]
    return {"options": options, "wrt": wrt, **derivatives(key, f, [x, *state, *parameters])}


cells = [
    lstm_cell(batch, inputs, hidden, bias, given)
    for batch, inputs, hidden in (((), 2, 3), ((3,), 2, 2), ((2,), 3, 1), ((2,), 1, 2))
    for bias in (True, False)
    for given in (True, False)
]

# ---- embeddings


def embedding(indices, padding_idx):
    key = ("embedding", indices.shape, padding_idx)
    table = draw(key, (4, 3))
    f = lambda table: nn.functional.embedding(indices, table, padding_idx=padding_idx)
    options = {"num_embeddings": 4, "embedding_dim": 3, "padding_idx": padding_idx}
    return {"options": options, "indices": indices, **derivatives(key, f, [table])}


embeddings = [
    embedding(torch.tensor(indices), padding_idx)
    for indices in (2, [1], [3, 0, 3, 1], [[0, 1, 0], [2, 2, 2]])
    for padding_idx in (None, 0, 2, -1)
]

write("layers", batch_norm=batch_norms, batch_norm_twice=twice, lstm_cell=cells, embedding=embeddings)
