"""The same attacks on the same weights and images, in foolbox, torchattacks and AutoAttack.

attacks.py <file> <task as JSON>    answers one line of JSON: {"<library> <attack>": {"<epsilon>": [success, ...]}}, and
                                    for attacks that seek the least distance [distance, ...]

The file holds `x` [n, height, width, channels], `y` and the network's weights as dsgan names them. The task names the
network, and for each attack its budgets: see attacks.test.ts.
"""

import json
import sys
from pathlib import Path

import foolbox
import pyautoattack
import torch
import torchattacks
from pyautoattack.autopgd_base import APGDAttack
from pyautoattack.square import SquareAttack

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "peers"))
import networks as nets  # noqa: E402
from pytorch import safetensors  # noqa: E402


class Flat(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x.flatten(1))


class Shifted(torch.nn.Module):
    def __init__(self, network, mean):
        super().__init__()
        self.network, self.mean = network, mean

    def forward(self, x):
        return self.network(x - self.mean)


def build(task, tensors):
    widths = task.get("mlp")
    network = nets.mlp(*widths) if widths else nets.image_classifier(task["filters"])
    nets.load(network, "net", tensors)
    network.eval().requires_grad_(False)
    return (Flat(network) if widths else network).eval()


def main(path, text):
    torch.set_num_threads(1)  # two on two busy cores take many times longer
    torch.manual_seed(0)
    task, tensors = json.loads(text), safetensors(path)
    x = tensors["x"].permute(0, 3, 1, 2).contiguous()
    y = tensors["y"].long()
    network, mean = build(task, tensors), task["mean"]
    whole = Shifted(network, mean)  # with its preprocessing, for libraries that know of none
    preprocessing = dict(mean=[mean] * x.shape[1], std=[1.0] * x.shape[1], axis=-3)
    model = foolbox.PyTorchModel(network, bounds=(0, 1), preprocessing=preprocessing, device="cpu")
    answers = {}

    def fooled(adversarial):
        with torch.no_grad():
            return (whole(adversarial).argmax(1) != y).tolist()

    def note(name, epsilons, attack):
        answers[name] = {str(epsilon): fooled(attack(epsilon)) for epsilon in epsilons}

    linf, l2 = task["linf"], task["l2"]
    for norm, epsilons, fgsm, pgd in (
        ("linf", linf, foolbox.attacks.LinfFastGradientAttack, foolbox.attacks.LinfPGD),
        ("l2", l2, foolbox.attacks.L2FastGradientAttack, foolbox.attacks.L2PGD),
    ):
        for name, attack in (
            (f"foolbox fgsm-{norm}", fgsm(random_start=False)),
            (f"foolbox pgd-{norm}", pgd(rel_stepsize=1 / 30, steps=40, random_start=False)),
        ):
            note(name, epsilons, lambda e, attack=attack: attack(model, x, y, epsilons=e)[1])
    for norm, attack in (("l2", foolbox.attacks.L2DeepFoolAttack()), ("linf", foolbox.attacks.LinfDeepFoolAttack())):
        adversarial = attack(model, x, y, epsilons=None)[1]
        change = (adversarial - x).flatten(1)
        length = change.norm(dim=1) if norm == "l2" else change.abs().amax(1)
        good = fooled(adversarial)
        answers[f"foolbox deepfool-{norm}"] = [d if g else 1e9 for d, g in zip(length.tolist(), good)]

    note("torchattacks fgsm-linf", linf, lambda e: torchattacks.FGSM(whole, eps=e)(x, y))
    note(
        "torchattacks pgd-linf",
        linf,
        lambda e: torchattacks.PGD(whole, eps=e, alpha=e / 30, steps=40, random_start=False)(x, y),
    )

    for norm, epsilons in (("Linf", linf), ("L2", l2)):
        given = dict(norm=norm, seed=0, device="cpu", verbose=False)
        for loss in ("ce", "dlr"):
            note(
                f"autoattack apgd-{loss}-{norm.lower()}",
                epsilons,
                lambda e: APGDAttack(whole, n_iter=task["steps"], n_restarts=1, eps=e, loss=loss, **given).perturb(x, y),
            )
        # it draws the same squares for all images, so that one seed says little: several, one after the other
        name = f"autoattack square-{norm.lower()}"
        answers[name] = {str(epsilon): [] for epsilon in epsilons}
        for seed in range(task["seeds"]):
            given["seed"] = seed
            for epsilon in epsilons:
                attack = SquareAttack(
                    whole, n_queries=task["queries"], p_init=0.8, n_restarts=1, eps=epsilon, resc_schedule=True, **given
                )
                answers[name][str(epsilon)] += fooled(attack.perturb(x, y))
    print(json.dumps(answers))


main(*sys.argv[1:])
