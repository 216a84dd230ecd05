"""tables.json: preparing tables, by scikit-learn 1.9 (pip install scikit-learn==1.9.1, beside torch)."""

import math

import numpy as np
import sklearn
import torch
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from common import draw, write

assert sklearn.__version__ == "1.9.1"
nan = math.nan
scalers, encoders, folds, splits = [], [], [], []


def scale(name, train, new, feature_range=None):
    scaler = StandardScaler() if feature_range is None else MinMaxScaler(feature_range)
    scaler.fit(train.numpy())
    record = {"name": name, "train": train, "new": new}
    if feature_range is None:
        record |= {"mean": torch.from_numpy(scaler.mean_), "std": torch.from_numpy(scaler.scale_)}
    else:
        # The range by which we divide is 1 for a constant feature, like the one that `scale_` was made of.
        size = (feature_range[1] - feature_range[0]) / scaler.scale_
        record |= {"low": feature_range[0], "high": feature_range[1]}
        record |= {"min": torch.from_numpy(scaler.data_min_), "range": torch.from_numpy(size)}
    record["transformed"] = torch.from_numpy(scaler.transform(new.numpy()))
    record["inverse"] = torch.from_numpy(scaler.inverse_transform(new.numpy()))
    scalers.append(record)


plain = draw("plain", (9, 4))
shifted = draw("shifted", (7, 3)) * torch.tensor([1e-6, 1.0, 1e6]) + torch.tensor([1.0, -100.0, 1e7])
constant = torch.stack([torch.full((6,), 0.1), draw("constant", (6,)), torch.zeros(6)], 1)
holes = plain.clone()
holes[0, 0] = holes[3, 0] = holes[8, 2] = nan
for name, train in (("plain", plain), ("shifted", shifted), ("constant", constant), ("holes", holes), ("one", plain[:1])):
    new = draw(("new", name), (3, train.shape[1]), -10.0, 10.0)
    scale(name, train, new)
    for feature_range in ((0.0, 1.0), (-1.0, 3.0)):
        scale(name, train, new, feature_range)


def encode(name, train, new, numbers, texts, number=("mean", None), text=("most_frequent", None), ordinal=False):
    """Numbers imputed, texts imputed and encoded; "" is a missing value. The columns of each kind in order."""
    read = lambda rows, kind: [[r[i] or None for i in kind] for r in rows]
    as_numbers = lambda rows: np.array([[nan if v is None else float(v) for v in r] for r in read(rows, numbers)])
    as_texts = lambda rows: np.array(read(rows, texts), dtype=object)
    fill = SimpleImputer(strategy=number[0], fill_value=number[1]).fit(as_numbers(train))
    fill_text = SimpleImputer(strategy=text[0], fill_value=text[1], missing_values=None).fit(as_texts(train))
    if ordinal:
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    else:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder.fit(fill_text.transform(as_texts(train)))
    out = lambda rows: torch.from_numpy(
        np.hstack([fill.transform(as_numbers(rows)), encoder.transform(fill_text.transform(as_texts(rows))).astype(float)])
    )
    csv = lambda rows: "\n".join(",".join(r) for r in [[f"c{i}" for i in range(len(rows[0]))], *rows]) + "\n"
    encoders.append({
        "name": name, "train": csv(train), "new": csv(new),
        "numbers": [f"c{i}" for i in numbers], "texts": [f"c{i}" for i in texts],
        "missing_numbers": number[0], "missing_texts": text[0], "number": number[1], "text": text[1], "ordinal": ordinal,
        "train_features": out(train), "new_features": out(new),
    })


train = [
    ["1.5", "b", "7", "x"], ["", "a", "7", "y"], ["2.5", "", "3", "y"], ["-4.25", "c", "", "x"],
    ["2.5", "a", "9", ""], ["8", "b", "3", "Z"], ["0.125", "", "-1", "y"],
]
new = [["", "c", "100", ""], ["3", "unheard of", "", "y"], ["-1e3", "", "4", "X"]]
for number in (("mean", None), ("median", None), ("most_frequent", None), ("constant", -7.5)):
    for text in (("most_frequent", None), ("constant", "b")):
        for ordinal in (False, True):
            encode("-".join([number[0], text[0], str(ordinal)]), train, new, [0, 2], [1, 3], number, text, ordinal)
# A constant that the training data do not have, but miss: a category of its own.
encode("own", train, new, [0, 2], [1, 3], text=("constant", "missing"))

for sizes, k in (([50, 50, 50], 5), ([8, 5, 1, 9], 3), ([3, 4, 10], 4), ([11], 3), ([2, 7, 7], 2), ([100, 37, 21, 9, 4], 10)):
    labels = torch.cat([torch.full((n,), c) for c, n in enumerate(sizes)])
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(k))].numpy()
    stratified = StratifiedKFold(k, shuffle=True, random_state=1).split(labels, labels)
    counts = [np.bincount(labels[test], minlength=len(sizes)).tolist() for _, test in stratified]
    plain_sizes = [len(test) for _, test in KFold(k, shuffle=True, random_state=1).split(labels)]
    # Sorted, because which fold gets one more depends on the order in which the classes occur.
    per_class = [sorted(c[i] for c in counts) for i in range(len(sizes))]
    folds.append({"labels": labels.tolist(), "k": k, "plain": plain_sizes, "stratified": sorted(map(sum, counts)),
                  "per_class": per_class})

# Without ties, which scikit-learn breaks at random.
for sizes, n in (([50, 50, 50], 120), ([5, 3, 2], 6), ([59, 71, 48], 133), ([212, 357], 455), ([152, 68, 124], 258)):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    first, second = train_test_split(np.arange(len(labels)), train_size=n, stratify=labels, random_state=1)
    count = lambda part: np.bincount(labels[part], minlength=len(sizes)).tolist()
    splits.append({"labels": labels.tolist(), "first": n, "counts": [count(first), count(second)]})

write("tables", scalers=scalers, encoders=encoders, folds=folds, splits=splits)
