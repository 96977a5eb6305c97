"""The cases of the bench in PyTorch: same networks, losses, optimisers, batch sizes and noise as in ../cases.

Each case is a function of (noise, batch, small) and answers (networks, data, step). Gradients are taken in the
parameters being trained alone, as dsgan takes them.
"""

import torch
from torch.nn import functional as F

import networks as nets


def learner(network, rate, betas):
    parameters = list(network.parameters())
    optimiser = torch.optim.Adam(parameters, rate, betas, 1e-8)

    def step(loss):
        for p, g in zip(parameters, torch.autograd.grad(loss, parameters)):
            p.grad = g
        optimiser.step()
        return loss

    return step


def critic_loss(critic, real, fake, weight, noise):
    e = noise.uniform((len(real), 1), 0, 1)
    between = (fake + e * (real - fake)).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty = ((torch.sqrt((slope**2).sum(1) + 1e-12) - 1) ** 2).mean()
    return critic(fake).mean() + weight * penalty - critic(real).mean()


def by_turns(m):
    return torch.arange(m) % 10


def toy_wgan_gp(noise, m, small):
    generator, critic = nets.mlp(2, 128, 128, 128, 2), nets.mlp(2, 128, 128, 128, 1)
    train_critic = learner(critic, 1e-3, (0.5, 0.9))
    train_generator = learner(generator, 1e-3, (0.5, 0.9))
    data = {"pd": torch.randn(m, 2), "pdBar": 2 * torch.randn(m, 2)}
    rows = m // 2

    def step(data):
        with torch.no_grad():
            fake = torch.cat([data["pd"][:rows], generator(noise.normal((m - rows, 2), 1))])
        d = train_critic(critic_loss(critic, data["pdBar"], fake, 0.1, noise))
        g = train_generator(-critic(generator(noise.normal((m, 2), 1))).mean())
        return [d, g]

    return {"generator": generator, "critic": critic}, data, step


def mnist_ssl(noise, m, small):
    generator, classifier = nets.mnist_generator(), nets.mnist_classifier(noise)
    critic = nets.feature_critic(250)
    train_critic = learner(critic, 3e-3, (0.5, 0.9))
    train_generator = learner(generator, 3e-3, (0.5, 0.9))
    train_classifier = learner(classifier, 3e-3, (0.5, 0.9999))
    data = {name: torch.rand(m, 784) for name in ("labeled", "x", "x1", "x2")}
    data["labels"] = F.one_hot(by_turns(m), 10).float()
    rows = m * 4 // 5

    def generated():
        return generator(noise.uniform((m, 100), 0, 1))

    def step(data):
        f = classifier.features
        images = {name: x.reshape(m, -1) for name, x in data.items()}
        with torch.no_grad():
            joined = torch.cat([images["x"][:rows], generated()[: m - rows], images["x1"], images["x2"]])
            fake, f1, f2 = f(joined).chunk(3)
            bar = f2 + noise.uniform((m, 1), 0, 0.3) * (f1 - f2)
        d = train_critic(critic_loss(critic, bar, fake, 10, noise))
        g = train_generator(-critic(f(generated())).mean())
        with torch.no_grad():
            bad = generated()
        logits = classifier(torch.cat([images["labeled"], images["x"], bad]))
        of_labeled, of_unlabeled, of_bad = logits.chunk(3)
        supervised = F.cross_entropy(of_labeled, images["labels"])
        u, b = torch.logsumexp(of_unlabeled, 1), torch.logsumexp(of_bad, 1)
        unsupervised = 0.5 * (F.softplus(u).mean() - u.mean() + F.softplus(b).mean())
        c = train_classifier(supervised + unsupervised)
        return [d, g, c]

    return {"generator": generator, "critic": critic, "classifier": classifier}, data, step


def images_of(m):
    return {"x": torch.rand(m, 3, 32, 32) - 0.5, "labels": F.one_hot(by_turns(m), 10).float()}


def cifar_classifier(noise, m, small):
    classifier = nets.image_classifier(8 if small else 96)
    train = learner(classifier, 1e-3, (0.5, 0.9999))

    def step(data):
        return [train(F.cross_entropy(classifier(data["x"]), data["labels"]))]

    return {"classifier": classifier}, images_of(m), step


def cifar_gan(noise, m, small):
    generator = nets.image_generator(40 if small else 512)
    classifier = nets.image_classifier(8 if small else 96)
    critic = nets.feature_critic(16 if small else 192)
    train_critic = learner(critic, 3e-4, (0.5, 0.9))
    train_generator = learner(generator, 3e-4, (0.5, 0.9))
    rows = m * 4 // 5
    f = classifier.features
    classifier.requires_grad_(False)

    def generated(n):
        return 0.5 * generator(noise.uniform((n, 100), 0, 1))

    def step(data):
        x = data["x"]
        with torch.no_grad():
            fake = torch.cat([f(x[:rows]), f(generated(m - rows))])
            bar = f(x + noise.uniform(x.shape, -0.03, 0.03))
        d = train_critic(critic_loss(critic, bar, fake, 10, noise))
        g = train_generator(-critic(f(generated(m))).mean())
        return [d, g]

    data = {"x": images_of(m)["x"]}
    return {"generator": generator, "critic": critic, "classifier": classifier}, data, step


def foolbox_model(classifier):
    import foolbox  # a peer of these cases alone

    classifier.eval().requires_grad_(False)
    return foolbox.PyTorchModel(classifier, bounds=(-0.5, 0.5), device="cpu"), foolbox.attacks


def cifar_pgd(noise, m, small):
    classifier = nets.image_classifier(8 if small else 96)
    model, attacks = foolbox_model(classifier)
    attack = attacks.LinfPGD(rel_stepsize=1 / 30, steps=40, random_start=False)

    def step(data):
        labels = data["labels"]
        adversarial = attack(model, data["x"], labels.argmax(1), epsilons=0.03)[1]
        with torch.no_grad():
            return [F.cross_entropy(classifier(adversarial), labels)]

    return {"classifier": classifier}, images_of(m), step


def deepfool(classifier, data, one_by_one=False):
    model, attacks = foolbox_model(classifier)
    attack = attacks.L2DeepFoolAttack()

    def step(data):
        x = data["x"]
        with torch.no_grad():
            y = classifier(x).argmax(1)
        size = 1 if one_by_one else len(x)
        batches = zip(x.split(size), y.split(size))
        adversarial = torch.cat([attack(model, *batch, epsilons=None)[1] for batch in batches])
        return [(adversarial - x).flatten(1).norm(dim=1).mean()]

    return {"classifier": classifier}, data, step


def cifar_deepfool(noise, m, small):
    return deepfool(nets.image_classifier(8 if small else 32), images_of(m))


def rows_of(m):
    return {"x": torch.rand(m, 784) - 0.5, "labels": F.one_hot(by_turns(m), 10).float()}


def mnist_deepfool(noise, m, small):
    return deepfool(nets.mlp(784, 256, 256, 10), rows_of(m))


def mnist_deepfool_loop(noise, m, small):
    return deepfool(nets.mlp(784, 256, 256, 10), rows_of(m), one_by_one=True)


def peak(noise, m, small):
    a, b = torch.randn(m, m), torch.randn(m, m)
    return {}, {"a": a, "b": b}, lambda data: [(data["a"] @ data["b"])[0, 0]]


CASES = {
    "peak": (peak, 2048),
    "toy-wgan-gp": (toy_wgan_gp, 256),
    "mnist-ssl": (mnist_ssl, 100),
    "cifar-classifier": (cifar_classifier, 100),
    "cifar-gan": (cifar_gan, 100),
    "cifar-pgd": (cifar_pgd, 100),
    "cifar-deepfool": (cifar_deepfool, 100),
    "mnist-deepfool": (mnist_deepfool, 100),
    "mnist-deepfool-loop": (mnist_deepfool_loop, 500),
}
