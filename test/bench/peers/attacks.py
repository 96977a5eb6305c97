"""Runs one of the cases ../cases/attacks-trained.ts in a library of attacks on PyTorch, in the manner of ../child.ts.

attacks.py <case> <threads> <library> <form> <file>          attacks the network and images of the file, and answers
                                                             "ready", then times to each line "run N"
attacks.py <case> <threads> <library> <form> <steps> <file>  answers the losses of a few attacks on those of the file

Forms are those of pytorch.py: `eager`, `channels-last`. Attacks are called below the libraries' own judgement of them, as
ours are; cross-entropy or distance of the examples is taken from all alike.
"""

import sys

import torch
from torch.nn import functional as F

import networks as nets
import talk
from pytorch import formed, image

EPSILON = 0.045
# FAB leaves out what it has fooled within this: nothing, so that it aims at all nine targets, as ours does
NOWHERE = 1e-9


def foolbox(name, network):
    import foolbox as fb

    model = fb.PyTorchModel(network, bounds=(0, 1), device="cpu")
    settings = dict(binary_search_steps=4, steps=50, stepsize=0.05, initial_const=1.0, abort_early=False)
    attack = {
        "fgsm": lambda: fb.attacks.LinfFastGradientAttack(random_start=False),
        "pgd": lambda: fb.attacks.LinfPGD(rel_stepsize=1 / 30, steps=40, random_start=False),
        "carlini-wagner": lambda: fb.attacks.L2CarliniWagnerAttack(**settings),
    }[name]()
    budget = {} if name == "carlini-wagner" else {"epsilon": EPSILON}
    return lambda x, y: attack.run(model, x, fb.criteria.Misclassification(y), **budget)


def torchattacks(name, network):
    import torchattacks as ta

    return {
        "fgsm": lambda: ta.FGSM(network, eps=EPSILON),
        "pgd": lambda: ta.PGD(network, eps=EPSILON, alpha=EPSILON / 30, steps=40, random_start=False),
        "apgd": lambda: ta.APGD(network, eps=EPSILON, steps=100),
        "apgd-targeted": lambda: ta.APGDT(network, eps=EPSILON, steps=20),
        "fab-targeted": lambda: ta.FAB(network, eps=NOWHERE, steps=20, multi_targeted=True),
        "square": lambda: ta.Square(network, eps=EPSILON, n_queries=1000),
    }[name]().forward


def autoattack(name, network):
    from pyautoattack import AutoAttack
    from pyautoattack.autopgd_base import APGDAttack, APGDAttack_targeted
    from pyautoattack.fab_pt import FABAttack_PT
    from pyautoattack.square import SquareAttack

    common = dict(norm="Linf", seed=0, device="cpu")
    if name == "auto-attack":
        whole = AutoAttack(network, eps=EPSILON, version="standard", **common)
        whole.apgd.n_iter = whole.apgd_targeted.n_iter = whole.fab.n_iter = 20
        whole.square.n_queries = 1000
        return lambda x, y: whole.run_standard_evaluation(x, y, batch_size=len(x))[0]
    return {
        "apgd": lambda: APGDAttack(network, eps=EPSILON, n_iter=100, **common),
        "apgd-targeted": lambda: APGDAttack_targeted(network, eps=EPSILON, n_iter=20, **common),
        "fab-targeted": lambda: FABAttack_PT(network, eps=NOWHERE, n_iter=20, targeted=True, **common),
        "square": lambda: SquareAttack(network, eps=EPSILON, n_queries=1000, **common),
    }[name]().perturb


def distance(adversarial, x):
    return (adversarial - x).flatten(1).norm(dim=1).mean()


LIBRARIES = {"foolbox": foolbox, "torchattacks": torchattacks, "autoattack": autoattack}
NEAREST = ["carlini-wagner", "fab-targeted"]


def main(case, threads, library, form, *rest):
    torch.set_num_threads(int(threads))
    name = case.removeprefix("attacks-")
    tensors = {of: torch.from_numpy(x.copy()) for of, x in talk.safetensors(rest[-1]).items()}
    network = nets.convnet([tensors["classifier/0/bias"].numel(), tensors["classifier/1/bias"].numel()])
    nets.load(network, "classifier", tensors)
    network.eval().requires_grad_(False)
    data = formed(form, {"classifier": network}, {"x": image(tensors["data/x"])})
    x, labels = data["x"], tensors["data/labels"]
    with torch.no_grad():
        y = (network(x) if name in NEAREST else labels).argmax(1)  # such attacks leave alone what is wrong already
    attack = LIBRARIES[library](name, network)

    def step():
        adversarial = attack(x, y)
        with torch.no_grad():
            if name in NEAREST:
                return [distance(adversarial, x).item()]
            return [F.cross_entropy(network(adversarial), labels).item()]

    if len(rest) == 2:
        talk.answer({"losses": [step() for _ in range(int(rest[0]))]})
        return
    parameters = {"classifier": sum(p.numel() for p in network.parameters())}
    suffix = "" if form == "eager" else f"-{form}"
    talk.serve(f"{library}{suffix}-{threads}", f"{library}, PyTorch {torch.__version__}", parameters, step)


if __name__ == "__main__":
    main(*sys.argv[1:])
