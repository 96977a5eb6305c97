"""Convolutional networks of several shapes as ONNX files, and what attacks of other libraries find on them.

onnx_attacks.py FOLDER <task as JSON>   reads FOLDER/study.safetensors: `x`, `y`, MNIST's images [n, 28, 28, 1] to train on and
                                        `tx`, `ty` to attack; writes a file for each network, and answers.json:
                                        {network: {shape, mean, deviation, images, labels, logits, linf, l2,
                                        found: {"<library> <attack>@<epsilon>": [success, ...]}, distances: {...},
                                        seconds: {"<library> <attack>@<epsilon>": of the processor}}}
"""

import json
import sys
import time
import warnings
from pathlib import Path

import foolbox
import torch
import torch.nn.functional as F
import torchattacks
from study import Normal, Residual, auto_attack, moved
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "peers"))
from talk import safetensors  # noqa: E402


def pool():
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(784, 10)),
    )


def stride():
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10)),
    )


def residual():
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2)),
        *(Residual(8, 16), Residual(16, 24), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10)),
    )


def coloured(n, seed):
    """Images of CIFAR-10's shape: ten smooth patterns, shifted, under noise."""
    fixed, draw = torch.Generator().manual_seed(0), torch.Generator().manual_seed(seed)
    patterns = F.interpolate(torch.rand(10, 3, 5, 5, generator=fixed), 32, mode="bicubic").clamp(0, 1)
    y = torch.randint(10, (n,), generator=draw)
    shifts = torch.randint(-4, 5, (n, 2), generator=draw).tolist()
    x = torch.stack([patterns[label].roll(shift, (1, 2)) for label, shift in zip(y.tolist(), shifts)])
    return (0.5 + 0.5 * (x - 0.5) + 0.25 * torch.randn(x.shape, generator=draw)).clamp(0, 1), y


def train(network, x, y, steps, epsilon=0.0):
    """Cross-entropy; with a budget, on images moved within it."""
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, steps)
    for _ in range(steps):
        rows = torch.randint(len(x), (100,))
        images, labels = x[rows], y[rows]
        if epsilon > 0:
            images = moved(network, images, labels, epsilon)
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()
        schedule.step()
    return network.eval().requires_grad_(False)


class Study:
    """A network on its images, and what the libraries found."""

    def __init__(self, network, mean, deviation, x, y):
        self.x, self.y = x, y
        self.whole = Normal(network, mean, deviation).eval()  # torchattacks leaves it in the mode it found
        preprocessing = dict(mean=mean, std=deviation, axis=-3)
        self.model = foolbox.PyTorchModel(network, bounds=(0, 1), preprocessing=preprocessing, device="cpu")
        self.found, self.distances, self.seconds = {}, {}, {}

    def fooled(self, adversarial):
        with torch.no_grad():
            return (self.whole(adversarial).argmax(1) != self.y).tolist()

    def foolbox(self, name, epsilon, attack, criterion=None):
        clipped, success = attack(self.model, self.x, criterion or self.y, epsilons=epsilon)[1:]
        self.found[f"foolbox {name}@{epsilon}"] = success.tolist() if criterion else self.fooled(clipped)

    def distance(self, name, norm, attack):
        adversarial = attack(self.model, self.x, self.y, epsilons=None)[1]
        change = (adversarial - self.x).flatten(1)
        length = change.norm(dim=1) if norm == "l2" else change.abs().amax(1)
        good = zip(length.tolist(), self.fooled(adversarial), adversarial.flatten(1).amax(1).tolist())
        # foolbox's C&W gives a black image where it finds nothing
        self.distances[f"{name}-{norm}"] = [d if found and top > 0 else None for d, found, top in good]

    def libraries(self, task, epsilons):
        """All of them."""
        fb, ta = foolbox.attacks, torchattacks
        fgsm = {"linf": fb.LinfFastGradientAttack, "l2": fb.L2FastGradientAttack}
        pgd = {"linf": fb.LinfPGD, "l2": fb.L2PGD}
        bim = {"linf": fb.LinfBasicIterativeAttack, "l2": fb.L2BasicIterativeAttack}
        target = (self.y + 1) % 10
        for norm, epsilon in epsilons.items():
            aimed = foolbox.criteria.TargetedMisclassification(target)
            self.foolbox(f"fgsm-{norm}", epsilon, fgsm[norm](random_start=False))
            for name, criterion in (("pgd", None), ("pgd-aimed", aimed)):
                far = epsilon if criterion is None else 2 * epsilon
                attack = pgd[norm](rel_stepsize=0.1, steps=20, random_start=False)
                self.foolbox(f"{name}-{norm}", far, attack, criterion)
            self.foolbox(f"bim-{norm}", epsilon, bim[norm](rel_stepsize=0.2, steps=10, random_start=False))
        for norm, attack in (("l2", fb.L2DeepFoolAttack), ("linf", fb.LinfDeepFoolAttack)):
            self.distance("deepfool", norm, attack())
        settings = dict(binary_search_steps=4, steps=60, stepsize=0.05, initial_const=1.0, abort_early=False)
        self.distance("carlini-wagner", "l2", fb.L2CarliniWagnerAttack(**settings))
        epsilon = epsilons["linf"]
        for name, attack in (
            ("fgsm", ta.FGSM(self.whole, eps=epsilon)),
            ("pgd", ta.PGD(self.whole, eps=epsilon, alpha=epsilon / 10, steps=20, random_start=False)),
        ):
            self.found[f"torchattacks {name}-linf@{epsilon}"] = self.fooled(attack(self.x, self.y))
        for norm in task["norms"]:
            epsilon = epsilons[norm]
            name, start = f"autoattack auto-attack-{norm}@{epsilon}", time.process_time()
            self.found[name] = self.autoattack(norm, epsilon, task)
            self.seconds[name] = time.process_time() - start

    def autoattack(self, norm, epsilon, task):
        all_ = auto_attack(self.whole, norm.capitalize(), epsilon, task)
        return self.fooled(all_.run_standard_evaluation(self.x, self.y, batch_size=len(self.x))[0])


def main(folder, text):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)  # two on two busy cores take many times longer
    torch.manual_seed(0)
    folder, task = Path(folder), json.loads(text)
    given = {name: torch.from_numpy(x.copy()) for name, x in safetensors(folder / "study.safetensors").items()}
    n, steps = task["images"], task["training"]
    mnist = [given[name].permute(0, 3, 1, 2).contiguous() for name in ("x", "tx")]
    labels = [given[name].long() for name in ("y", "ty")]
    grey, colours = ((mnist[0], labels[0]), (mnist[1], labels[1])), (coloured(5000, 1), coloured(n, 2))
    # the network, its data, its normalisation, whether that is in the file, budgets
    cases = {
        "pool": (pool(), grey, ([0.0], [1.0]), False, dict(linf=0.08, l2=1.0), 0),
        "stride": (stride(), grey, ([0.1307], [0.3081]), True, dict(linf=0.06, l2=0.8), 0),
        "residual": (residual(), colours, ([0.5, 0.45, 0.4], [0.25, 0.2, 0.3]), False, dict(linf=0.06, l2=1.5), 0),
        "robust": (pool(), grey, ([0.0], [1.0]), False, dict(linf=0.2, l2=1.5), 0.2),
    }
    answers = {}
    for name, (network, (train_on, attacked), (mean, deviation), inside, epsilons, epsilon) in cases.items():
        if name not in task["networks"]:
            continue
        train(Normal(network, mean, deviation), *train_on, (2 if epsilon > 0 else 1) * steps, epsilon)
        x, y = (part[:n] for part in attacked)
        study = Study(network.eval(), mean, deviation, x, y)
        study.libraries(task, epsilons)
        torch.onnx.export(
            *(study.whole if inside else network, (x[:2],), folder / f"{name}.onnx"),
            **dict(dynamo=False, opset_version=17, input_names=["x"], dynamic_axes={"x": {0: "n"}}),
        )
        with torch.no_grad():
            logits = study.whole(x)
        answers[name] = {
            **dict(shape=[*x.shape[2:], x.shape[1]], images=x.permute(0, 2, 3, 1).flatten().tolist(), labels=y.tolist()),
            **dict(mean=[0.0] if inside else mean, deviation=[1.0] if inside else deviation),
            **dict(logits=logits.flatten().tolist(), epsilons=epsilons),
            **dict(found=study.found, distances=study.distances, seconds=study.seconds),
        }
    (folder / "answers.json").write_text(json.dumps(answers))


main(*sys.argv[1:])
