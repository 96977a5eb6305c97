"""Detectors of PyOD and scikit-learn on the rows that a run of novelty-detection learns from and is tested on.

novelty.py <folder> [seed ...] [peer ...]    prints one line of JSON for each peer (or those named) and seed: area under
                                             the ROC curve, average precision, CPU seconds of fitting and scoring

The folder holds learn.npy [n, d], test.npy [m, d] and abnormal.npy [m], as novelty-rows.ts writes them. Peers have their
defaults but for `EPOCHS`, with one thread each.
"""

import json
import os
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from pyod.models.auto_encoder import AutoEncoder  # noqa: E402
from pyod.models.deep_svdd import DeepSVDD  # noqa: E402
from pyod.models.ecod import ECOD  # noqa: E402
from pyod.models.iforest import IForest  # noqa: E402
from pyod.models.knn import KNN  # noqa: E402
from pyod.models.lof import LOF  # noqa: E402
from pyod.models.so_gaal import SO_GAAL  # noqa: E402
from sklearn.metrics import average_precision_score, roc_auc_score  # noqa: E402
from sklearn.svm import OneClassSVM  # noqa: E402

EPOCHS = 20


class Svm:
    """scikit-learn's One-Class SVM as PyOD's detectors are called."""

    def fit(self, x):
        self.model = OneClassSVM().fit(x)

    def decision_function(self, x):
        return -self.model.score_samples(x)


def peers(seed, rows, width):
    hidden = [64, 32]
    batch = min(32, rows)  # PyOD leaves out a last batch that is not full
    yield "IForest", IForest(random_state=seed)
    yield "ECOD", ECOD()
    yield "LOF", LOF(novelty=True)
    yield "KNN", KNN()
    yield "DeepSVDD", DeepSVDD(n_features=width, epochs=EPOCHS, random_state=seed, verbose=0)
    yield "AutoEncoder", AutoEncoder(
        hidden_neuron_list=hidden, epoch_num=EPOCHS, batch_size=batch, random_state=seed, verbose=0, preprocessing=False
    )
    yield "SO_GAAL", SO_GAAL(stop_epochs=EPOCHS)
    yield "OneClassSVM", Svm()


def main(folder, seeds, names):
    torch.set_num_threads(1)
    learn, test, abnormal = (np.load(f"{folder}/{name}.npy") for name in ("learn", "test", "abnormal"))
    learn, test = (x.reshape(len(x), -1) for x in (learn, test))
    for seed in seeds:
        for name, peer in peers(seed, *learn.shape):
            if names and name not in names:
                continue
            np.random.seed(seed)
            torch.manual_seed(seed)
            sys.stdout, out = sys.stderr, sys.stdout
            began = time.process_time()
            try:
                peer.fit(learn)
                scores = peer.decision_function(test)
            finally:
                sys.stdout = out
            line = {
                "peer": name,
                "seed": seed,
                "auroc": roc_auc_score(abnormal, scores),
                "averagePrecision": average_precision_score(abnormal, scores),
                "cpuSeconds": round(time.process_time() - began, 1),
            }
            print(json.dumps(line), flush=True)


rest = sys.argv[2:]
main(sys.argv[1], [int(text) for text in rest if text.isdigit()] or [0], [text for text in rest if not text.isdigit()])
