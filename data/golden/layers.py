"""layers.json: layers with a state, of their own (batch normalisation) or handed on (recurrent cells and layers), and embeddings.

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

# Cells with a single state, as `lstm_cell`.


def cell(kind, batch, inputs, hidden, bias, given):
    key = (kind, batch, inputs, hidden, bias, given)
    make = {"rnn_tanh": nn.RNNCell, "rnn_relu": nn.RNNCell, "gru": nn.GRUCell}[kind]
    options = {"nonlinearity": kind[4:]} if kind != "gru" else {}
    layer = make(inputs, hidden, bias=bias, **options)
    names = [name for name, _ in layer.named_parameters()]
    parameters = [draw((*key, name), tuple(value.shape), -1.0, 1.0) for name, value in layer.named_parameters()]
    x = draw((*key, "x"), (*batch, inputs))
    state = [draw((*key, "h"), (*batch, hidden), -1.0, 1.0)] if given else []

    def f(x, *values):
        state, values = values[:given], values[given:]
        return functional_call(layer, dict(zip(names, values)), (x, *state))

    options = {"kind": kind, "input_size": inputs, "hidden_size": hidden, "bias": bias}
    return {"options": options, "wrt": ["x", *"h"[:given], *names], **derivatives(key, f, [x, *state, *parameters])}


more_cells = [
    cell(kind, batch, inputs, hidden, bias, given)
    for kind in ("rnn_tanh", "rnn_relu", "gru")
    for batch, inputs, hidden in (((), 2, 3), ((3,), 2, 2))
    for bias in (True, False)
    for given in (True, False)
]

# ---- recurrent layers

RECURRENT = {
    "rnn_tanh": (nn.RNN, torch._VF.rnn_tanh),
    "rnn_relu": (nn.RNN, torch._VF.rnn_relu),
    "gru": (nn.GRU, torch._VF.gru),
    "lstm": (nn.LSTM, torch._VF.lstm),
}


def recurrent(kind, layers, bidirectional, shape, bias=True, given=True, batch_first=False, lengths=None):
    """The output and the final states, flattened and joined. With `lengths`, those of a packed batch, padded again."""
    key = (kind, layers, bidirectional, shape, bias, given, batch_first, lengths)
    make, run = RECURRENT[kind]
    inputs, hidden = 1, 2
    options = {"nonlinearity": kind[4:]} if make is nn.RNN else {}
    layer = make(inputs, hidden, layers, bias=bias, batch_first=batch_first, bidirectional=bidirectional, **options)
    names = [name for name, _ in layer.named_parameters()]
    parameters = [draw((*key, name), tuple(value.shape), -1.0, 1.0) for name, value in layer.named_parameters()]
    layer.load_state_dict(dict(zip(names, parameters)))
    batch = shape[1:] if not batch_first else shape[:1]
    state_shape = (layers * (1 + bidirectional), *batch, hidden)
    x = draw((*key, "x"), (*shape, inputs))
    states = "hc" if kind == "lstm" else "h"
    start = [draw((*key, name), state_shape, -1.0, 1.0) for name in states]
    count = len(states) if given else 0

    def f(x, *values):
        states_, weights = list(values[:count]) or [torch.zeros_like(s) for s in start], list(values[count:])
        if len(shape) == 1:
            x, states_ = x.unsqueeze(1), [s.unsqueeze(1) for s in states_]
        hx = tuple(states_) if kind == "lstm" else states_[0]
        if lengths is None:
            y, *after = run(x, hx, weights, bias, layers, 0.0, False, bidirectional, batch_first)
        else:
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=batch_first)
            y, *after = run(packed.data, packed.batch_sizes, hx, weights, bias, layers, 0.0, False, bidirectional)
            packed = nn.utils.rnn.PackedSequence(y, packed.batch_sizes)
            y, _ = nn.utils.rnn.pad_packed_sequence(packed, batch_first=batch_first, total_length=shape[batch_first])
        return torch.cat([part.flatten() for part in (y, *after)])

    # The functions behind the layers, because the layers keep their own list of weights: they agree.
    with torch.no_grad():
        hx = (tuple(start) if kind == "lstm" else start[0]) if given else None
        packed = x if lengths is None else nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=batch_first)
        y, after = layer(packed, hx)
        if lengths is not None:
            y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=batch_first, total_length=shape[batch_first])
        parts = (y, *(after if kind == "lstm" else [after]))
        theirs = torch.cat([part.flatten() for part in parts])
        assert torch.equal(theirs, f(x, *start[:count], *parameters))
    options = {"kind": kind, "num_layers": layers, "bidirectional": bidirectional, "bias": bias, "batch_first": batch_first}
    record = {"options": options, "lengths": lengths, "wrt": ["x", *states[:count], *names]}
    return {**record, "shapes": [list(part.shape) for part in parts], **derivatives(key, f, [x, *start[:count], *parameters])}


recurrents = []
for kind in RECURRENT:
    for layers, bidirectional in ((1, False), (1, True), (2, False), (2, True)):
        recurrents.append(recurrent(kind, layers, bidirectional, (3, 2)))
    recurrents.append(recurrent(kind, 2, False, (2, 3), bias=False, given=False, batch_first=True))
    recurrents.append(recurrent(kind, 1, True, (3,)))
    recurrents.append(recurrent(kind, 1, True, (4, 3), lengths=[4, 2, 1]))
    recurrents.append(recurrent(kind, 2, True, (2, 3), batch_first=True, given=False, lengths=[2, 1]))

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

write(
    "layers",
    batch_norm=batch_norms,
    batch_norm_twice=twice,
    lstm_cell=cells,
    cell=more_cells,
    recurrent=recurrents,
    embedding=embeddings,
)
