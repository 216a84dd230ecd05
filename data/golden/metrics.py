"""metrics.json: what scikit-learn 1.9.1 says about predictions: of classes, of rankings, of numbers.

Needs scikit-learn beside torch; the other scripts do not.
"""

import math
import warnings

import numpy as np
import sklearn
import torch
from sklearn import metrics
from sklearn.preprocessing import label_binarize

from common import draw, generator, write

assert sklearn.__version__ == "1.9.1", f"golden metrics come from scikit-learn 1.9.1, not {sklearn.__version__}"
# Undefined scores are what some records are about.
warnings.simplefilter("ignore")


def labels(key, n, classes):
    return torch.randint(0, classes, (n,), generator=generator("metrics", key))


# ---- precision, recall, F1: class 2 never occurs, class 3 is never predicted

classes = []
for key, n, used, predicted in (("all", 40, (0, 1, 2, 3), (0, 1, 2, 3)), ("some", 30, (0, 1, 3), (0, 1, 2)), ("one", 5, (1,), (1,))):
    y = torch.tensor(used)[labels((key, "y"), n, len(used))]
    p = torch.tensor(predicted)[labels((key, "p"), n, len(predicted))]
    p = torch.where(torch.arange(n) % 2 == 0, p, torch.where(torch.isin(y, torch.tensor(predicted)), y, p))
    for average in ("micro", "macro", "weighted"):
        for zero in (0.0, 1.0, math.nan):
            options = {"labels": [0, 1, 2, 3], "average": average, "zero_division": zero}
            a = (y.numpy(), p.numpy())
            classes.append({
                "labels": y, "predictions": p, "average": average, "zero_division": zero,
                "precision": float(metrics.precision_score(*a, **options)), "recall": float(metrics.recall_score(*a, **options)),
                "f1": float(metrics.f1_score(*a, **options)), "accuracy": float(metrics.accuracy_score(*a)),
                "balanced_accuracy": float(metrics.balanced_accuracy_score(*a)),
            })

# ---- rankings, with many ties (scores have one decimal), and with none

rankings = []


def ranking(scores, y, average, roc_auc, average_precision):
    rankings.append({"scores": scores, "labels": y, "average": average, "roc_auc": float(roc_auc), "average_precision": float(average_precision)})


for n, decimals in ((12, 3), (50, 1), (50, 0), (1, 3)):
    scores, y = draw(("binary", n), (n,)).round(decimals=decimals), labels(("binary", n), n, 2)
    ranking(scores, y, "macro", metrics.roc_auc_score(y, scores) if n > 1 else math.nan, metrics.average_precision_score(y, scores))
for key, n, used in (("all", 40, (0, 1, 2)), ("missing", 20, (0, 2))):
    y = torch.tensor(used)[labels((key, "ovr"), n, len(used))]
    logits = draw((key, "logits"), (n, 3)) + torch.nn.functional.one_hot(y, 3)
    # Rounded scores tie, but must still sum to 1.
    p = (logits.softmax(1) * 10).round() / 10
    p[:, 2] = (1 - p[:, 0] - p[:, 1]).clamp_min(0)
    p = p / p.sum(1, keepdim=True)
    one_hot = label_binarize(y.numpy(), classes=[0, 1, 2])
    for average in ("micro", "macro", "weighted"):
        auc = metrics.roc_auc_score(y.numpy(), p.numpy(), multi_class="ovr", average=average, labels=[0, 1, 2])
        ranking(p, y, average, auc, metrics.average_precision_score(one_hot, p.numpy(), average=average))

# ---- top-k accuracy, without ties, where scikit-learn takes the last class first

top_k = []
scores, y = draw("top_k", (25, 6)), labels("top_k", 25, 6)
for k in (1, 2, 3, 6):
    value = metrics.top_k_accuracy_score(y.numpy(), scores.numpy(), k=k, labels=range(6))
    top_k.append({"scores": scores, "labels": y, "k": k, "top_k_accuracy": float(value)})

# ---- numbers; of several outputs, the second has constant targets

regression = []
constant = draw("targets", (10, 3))
constant[:, 1] = 0.5
for x, t in ((draw("predictions", (20,)), draw("targets", (20,))), (constant + 0.1 * draw("errors", (10, 3)), constant),
             (constant * torch.tensor([0.9, 1.0, 1.1]), constant), (draw("predictions", (1,)), draw("targets", (1,)))):
    regression.append({
        "predictions": x, "targets": t, "mean_absolute_error": float(metrics.mean_absolute_error(t, x)),
        "mean_squared_error": float(metrics.mean_squared_error(t, x)), "r2_score": float(metrics.r2_score(t, x)),
    })

assert np.isnan(rankings[-2]["roc_auc"]) and rankings[0]["roc_auc"] != 0.5
write("metrics", versions={"scikit-learn": sklearn.__version__}, classes=classes, rankings=rankings, top_k=top_k, regression=regression)
