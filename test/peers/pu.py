"""Learners from positive and unlabelled rows beside scenarios/examples/pu-learning: even digits of MNIST are positive.

pu.py <folder of MNIST's IDX files> [prior ...]    prints one line of JSON for each peer, prior and seed 0 to 2: accuracy on
                                                   rows of that prior, area under the ROC curve, CPU seconds

Each draws 500 positives and 2000 unlabelled rows of its own. `nnPU` is Algorithm 1 of Kiryo et al. (arXiv:1703.00593) in
PyTorch, with the network, the loss, the optimiser and the steps of the example; the others are pulearn's, with their defaults:
nnPU on a linear model, Elkan and Noto's on logistic regression, bagged trees.
"""

import json
import os
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from pulearn import BaggingPuClassifier, ElkanotoPuClassifier, NNPUClassifier  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402
from sklearn.tree import DecisionTreeClassifier  # noqa: E402
from torch.nn.functional import softplus  # noqa: E402

LABELLED, UNLABELLED, BATCH, STEPS = 500, 2000, 64, 400


def idx(folder, part):
    images = np.fromfile(f"{folder}/{part}-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 784)
    labels = np.fromfile(f"{folder}/{part}-labels-idx1-ubyte", np.uint8)[8:]
    return (images / 127.5 - 1).astype(np.float32), labels % 2 == 0


def drawn(x, positive, prior, seed):
    order = np.random.default_rng(seed).permutation(len(x))
    of_positive, of_negative = order[positive[order]], order[~positive[order]]
    among = round(prior * UNLABELLED)
    rows = [of_positive[LABELLED : LABELLED + among], of_negative[: UNLABELLED - among]]
    return x[of_positive[:LABELLED]], x[np.concatenate(rows)]


class NonNegative:
    """pi R+(P) + r, r = R-(U) - pi R-(P); where r < 0, up its gradient alone."""

    def __init__(self, prior, seed):
        self.prior, self.seed = prior, seed

    def fit(self, positive, unlabelled):
        torch.manual_seed(self.seed)
        self.network = torch.nn.Sequential(torch.nn.Linear(784, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
        adam = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        p, u = torch.from_numpy(positive), torch.from_numpy(unlabelled)
        for _ in range(STEPS):
            rows = p[torch.randint(len(p), (BATCH,))], u[torch.randint(len(u), (BATCH,))]
            of_p, of_u = self.network(rows[0]), self.network(rows[1])
            negative = softplus(of_u).mean() - self.prior * softplus(of_p).mean()
            loss = self.prior * softplus(-of_p).mean() + negative if negative >= 0 else -negative
            adam.zero_grad()
            loss.backward()
            adam.step()

    def logits(self, x):
        with torch.no_grad():
            return self.network(torch.from_numpy(x)).numpy().ravel()


class Pulearn:
    """Scores are probabilities less one half, so that 0 parts the classes."""

    def __init__(self, model):
        self.model = model

    def fit(self, positive, unlabelled):
        y = np.repeat([1, 0], [len(positive), len(unlabelled)])
        self.model.fit(np.concatenate([positive, unlabelled]).astype(np.float64), y)

    def logits(self, x):
        x = x.astype(np.float64)
        if hasattr(self.model, "decision_function"):
            return self.model.decision_function(x)
        return self.model.predict_proba(x)[:, 1] - 0.5


def peers(prior, seed):
    yield "nnPU", NonNegative(prior, seed)
    yield "pulearn nnPU, linear", Pulearn(NNPUClassifier(prior, random_state=seed))
    yield "pulearn Elkan-Noto", Pulearn(ElkanotoPuClassifier(LogisticRegression(max_iter=300)))
    trees = DecisionTreeClassifier(random_state=seed)
    yield "pulearn bagging", Pulearn(BaggingPuClassifier(trees, random_state=seed))


def main(folder, priors):
    torch.set_num_threads(1)
    (x, positive), (test, truth) = idx(folder, "train"), idx(folder, "t10k")
    for prior in priors:
        for seed in range(3):
            rows = drawn(x, positive, prior, seed)
            for name, peer in peers(prior, seed):
                np.random.seed(seed)
                began = time.process_time()
                peer.fit(*rows)
                logits = peer.logits(test)
                taken = logits > 0
                line = {
                    "peer": name,
                    "prior": prior,
                    "seed": seed,
                    "accuracy": prior * taken[truth].mean() + (1 - prior) * (1 - taken[~truth].mean()),
                    "auroc": roc_auc_score(truth, logits),
                    "cpuSeconds": round(time.process_time() - began, 1),
                }
                print(json.dumps(line), flush=True)


main(sys.argv[1], [float(prior) for prior in sys.argv[2:]] or [0.3, 0.5, 0.7])
