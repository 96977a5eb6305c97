"""The same attacks on the same weights and images, in foolbox, torchattacks and AutoAttack.

attacks.py <file> <task as JSON>    answers one line of JSON: {"<library> <attack>": {"<epsilon>": [success, ...]}}, and
                                    for attacks that seek the least distance [distance, ...]

The file holds `x` [n, height, width, channels], `y` and the network's weights as dsgan names them. The task names the
network, what it is about (`strengths` of attacks, AutoAttack's other `members`, `rounding` of FGSM's gradient, or attacks by
`decisions`), and budgets: see compare.ts.
"""

import json
import sys
from pathlib import Path

import eagerpy
import foolbox
import torch
import torchattacks
from pyautoattack import AutoAttack
from pyautoattack.autopgd_base import APGDAttack, APGDAttack_targeted
from pyautoattack.fab_pt import FABAttack_PT
from pyautoattack.square import SquareAttack

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "peers"))
import networks as nets  # noqa: E402
from talk import safetensors  # noqa: E402


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


class Study:
    """A network on its images, as the libraries see it, in float32 or in float64, and what they answered."""

    def __init__(self, task, tensors, dtype=torch.float32):
        self.task = task
        self.x = tensors["x"].permute(0, 3, 1, 2).contiguous().to(dtype)
        self.y = tensors["y"].long()
        network, mean = build(task, dict(tensors)), task["mean"]
        network.to(dtype)
        self.whole = Shifted(network, mean)  # with its preprocessing, for libraries that know of none
        preprocessing = dict(mean=[mean] * self.x.shape[1], std=[1.0] * self.x.shape[1], axis=-3)
        self.model = foolbox.PyTorchModel(network, bounds=(0, 1), preprocessing=preprocessing, device="cpu")
        self.answers = {}

    def fooled(self, adversarial):
        with torch.no_grad():
            return (self.whole(adversarial).argmax(1) != self.y).tolist()

    def note(self, name, epsilons, attack):
        self.answers[name] = {str(epsilon): self.fooled(attack(epsilon)) for epsilon in epsilons}

    def foolbox(self, name, epsilons, attack):
        self.note(f"foolbox {name}", epsilons, lambda e: attack(self.model, self.x, self.y, epsilons=e)[1])

    def fgsm(self, name="fgsm-linf"):
        self.foolbox(name, self.task["linf"], foolbox.attacks.LinfFastGradientAttack(random_start=False))
        self.note(
            f"torchattacks {name}",
            self.task["linf"],
            lambda e: torchattacks.FGSM(self.whole, eps=e)(self.x, self.y),
        )


def rounding(task, tensors):
    """FGSM on the cross-entropy in float32; and in float64, where it goes the way of our FGSM on the log-odds."""
    single, double = Study(task, tensors), Study(task, tensors, torch.float64)
    single.fgsm()
    double.fgsm("fgsm-log-odds-linf")
    return single.answers | double.answers


def strengths(task, tensors):
    """All attacks."""
    study = Study(task, tensors)
    x, y, model, whole, answers, note = study.x, study.y, study.model, study.whole, study.answers, study.note
    linf, l2 = task["linf"], task["l2"]
    study.fgsm()
    study.foolbox("fgsm-l2", l2, foolbox.attacks.L2FastGradientAttack(random_start=False))
    for norm, epsilons, pgd in (("linf", linf, foolbox.attacks.LinfPGD), ("l2", l2, foolbox.attacks.L2PGD)):
        study.foolbox(f"pgd-{norm}", epsilons, pgd(rel_stepsize=1 / 30, steps=40, random_start=False))
    for norm, attack in (("l2", foolbox.attacks.L2DeepFoolAttack()), ("linf", foolbox.attacks.LinfDeepFoolAttack())):
        adversarial = attack(model, x, y, epsilons=None)[1]
        change = (adversarial - x).flatten(1)
        length = change.norm(dim=1) if norm == "l2" else change.abs().amax(1)
        good = study.fooled(adversarial)
        answers[f"foolbox deepfool-{norm}"] = [d if g else 1e9 for d, g in zip(length.tolist(), good)]

    note(
        "torchattacks pgd-linf",
        linf,
        lambda e: torchattacks.PGD(whole, eps=e, alpha=e / 30, steps=40, random_start=False)(x, y),
    )

    for loss in ("ce", "dlr"):
        given = dict(norm="L1", seed=0, device="cpu", verbose=False, use_largereps=True)
        note(
            f"autoattack apgd-{loss}-l1",
            task["l1"],
            lambda e: APGDAttack(whole, n_iter=task["steps"], n_restarts=1, eps=e, loss=loss, **given).perturb(x, y),
        )

    for norm, epsilons in (("Linf", linf), ("L2", l2)):
        given = dict(norm=norm, seed=0, device="cpu", verbose=False)
        for loss in ("ce", "dlr"):
            note(
                f"autoattack apgd-{loss}-{norm.lower()}",
                epsilons,
                lambda e: APGDAttack(whole, n_iter=task["steps"], n_restarts=1, eps=e, loss=loss, **given).perturb(x, y),
            )
        answers[f"autoattack square-{norm.lower()}"] = squares(study, SquareAttack, whole, given, epsilons, x, y, task)
    return answers


def members(task, tensors):
    """Those of AutoAttack that `strengths` has not, each by itself; and all together in l1."""
    study = Study(task, tensors)
    for norm in ("linf", "l2", "l1"):
        by_norm(study, norm)
    study.note("autoattack auto-attack-l1", task["l1"], lambda e: ensemble(study, "L1", e))
    return study.answers


def by_norm(study, norm):
    task, x, y, whole, answers, note = study.task, study.x, study.y, study.whole, study.answers, study.note
    epsilons = task[norm]
    given = dict(norm=norm.capitalize(), seed=0, device="cpu", verbose=False)
    steps = dict(n_iter=task["steps"], n_restarts=1, use_largereps=norm == "l1", **given)
    aimed = dict(n_target_classes=task["targets"], **steps)
    note(
        f"autoattack apgd-targeted-{norm}",
        epsilons,
        lambda e: APGDAttack_targeted(whole, eps=e, **aimed).perturb(x, y),
    )
    fab = FABAttack_PT(whole, n_iter=task["steps"], **given)
    answers[f"autoattack fab-{norm}"] = nearest(study, norm, [fab.attack_single_run(x, y)])
    found = []
    for rank in range(task["targets"]):
        fab.target_class = rank + 2
        found.append(fab.attack_single_run(x, y, is_targeted=True))
    answers[f"autoattack fab-targeted-{norm}"] = nearest(study, norm, found)
    if norm != "l1":
        return
    answers[f"autoattack square-{norm}"] = squares(study, SquareAttack, whole, given, epsilons, x, y, task)


def squares(study, SquareAttack, whole, given, epsilons, x, y, task):
    """Which images Square fools. It draws the same squares for all images, so that one seed says little: several, one after the other."""
    found = {str(epsilon): [] for epsilon in epsilons}
    for seed in range(task["seeds"]):
        for epsilon in epsilons:
            attack = SquareAttack(
                whole,
                **{**given, "seed": seed},
                n_queries=task["queries"],
                p_init=0.8,
                n_restarts=1,
                eps=epsilon,
                resc_schedule=True,
            )
            found[str(epsilon)] += study.fooled(attack.perturb(x, y))
    return found


def nearest(study, norm, found):
    """Distance of the nearest of several examples of each image; far where none fools."""
    lengths = []
    for adversarial in found:
        change = (adversarial - study.x).flatten(1)
        order = {"linf": torch.inf, "l2": 2, "l1": 1}[norm]
        good = torch.tensor(study.fooled(adversarial))
        lengths.append(torch.where(good, torch.linalg.vector_norm(change, order, dim=1), 1e9))
    return torch.stack(lengths).amin(0).tolist()


def ensemble(study, norm, epsilon):
    """AutoAttack's standard version with fewer steps, targets and queries."""
    task = study.task
    whole = AutoAttack(study.whole, norm=norm, eps=epsilon, seed=0, version="standard", device="cpu")
    for member in (whole.apgd, whole.apgd_targeted):
        member.n_iter = member.n_iter_orig = task["steps"]  # in l1 the latter counts
    whole.fab.n_iter = task["steps"]
    whole.apgd_targeted.n_target_classes = whole.fab.n_target_classes = task["targets"]
    whole.square.n_queries = task["queries"]
    return whole.run_standard_evaluation(study.x, study.y, batch_size=len(study.x))[0]


class HopSkipJump(foolbox.attacks.HopSkipJumpAttack):
    """Divides the slope of each image by its own length: foolbox takes one of the batch, and leaps too short."""

    def approximate_gradients(self, *args):
        slopes = super().approximate_gradients(*args).raw
        return eagerpy.astensor(slopes / slopes.flatten(1).norm(dim=1).clamp_min(1e-12)[:, None, None, None])


def decisions(task, tensors):
    """HopSkipJump: the distance of each image, and how often the network was asked for each.

    foolbox's own start, noise, fails on some images: each begins with the next one of another class.
    """
    study = Study(task, tensors)
    n, asked = len(study.y), 0
    others = [next(j % n for j in range(i + 1, i + n) if study.y[j % n] != study.y[i]) for i in range(n)]

    def count(_module, inputs):
        nonlocal asked
        asked += len(inputs[0])

    for norm in ("l2", "linf"):
        asked = 0
        hook = study.whole.network.register_forward_pre_hook(count)
        attack = HopSkipJump(steps=task["steps"], constraint=norm)
        adversarial = attack(study.model, study.x, study.y, epsilons=None, starting_points=study.x[others])[1]
        hook.remove()
        change = (adversarial - study.x).flatten(1)
        length = change.norm(dim=1) if norm == "l2" else change.abs().amax(1)
        study.answers[norm] = [d if good else 1e9 for d, good in zip(length.tolist(), study.fooled(adversarial))]
        study.answers[f"queries {norm}"] = asked / n
    return study.answers


def main(path, text):
    torch.set_num_threads(1)  # two on two busy cores take many times longer
    torch.manual_seed(0)
    task = json.loads(text)
    answer = {"strengths": strengths, "members": members, "rounding": rounding, "decisions": decisions}[task["about"]]
    tensors = {name: torch.from_numpy(x.copy()) for name, x in safetensors(path).items()}
    print(json.dumps(answer(task, tensors)))


main(*sys.argv[1:])
