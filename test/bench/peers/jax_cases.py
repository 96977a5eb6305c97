"""The cases of the bench in JAX: same networks, losses, optimisers, batch sizes and noise as in ../cases.

Each case is a function of (batch, small) and answers (networks, rates, data, step). `rates` has Adam's numbers for each
network that is trained. `step(learn, data, noise)` is traced once and compiled whole; `learn(name, loss)` makes one
update, where `loss` is a function of that network's variables, and answers the loss before it; `learn[name]` are a
network's variables as they are.
"""

import jax
import jax.numpy as jnp
import numpy as np

import jax_networks as nets

PGD_STEPS, PGD_RADIUS = 40, 0.03


def critic_loss(critic, real, fake, weight, noise):
    e = noise.uniform((len(real), 1), 0, 1)
    slope = jax.grad(lambda x: critic(x).sum())(fake + e * (real - fake))
    penalty = ((jnp.sqrt((slope**2).sum(1) + 1e-12) - 1) ** 2).mean()
    return critic(fake).mean() + weight * penalty - critic(real).mean()


def cross_entropy(logits, labels):
    return -(labels * jax.nn.log_softmax(logits)).sum(1).mean()


def labels_by_turns(m):
    return np.eye(10, dtype=np.float32)[np.arange(m) % 10]


def toy_wgan_gp(m, small):
    generator, critic = nets.mlp(2, 128, 128, 128, 2), nets.mlp(2, 128, 128, 128, 1)
    random = np.random.default_rng(0)
    data = {"pd": random.normal(size=(m, 2)), "pdBar": 2 * random.normal(size=(m, 2))}
    rows = m // 2

    def step(learn, data, noise):
        made = generator(learn["generator"], noise.normal((m - rows, 2), 1), noise)
        fake = jnp.concatenate([data["pd"][:rows], made])

        def judge(v):
            return critic_loss(lambda x: critic(v, x, noise), data["pdBar"], fake, 0.1, noise)

        d = learn("critic", judge)
        z = noise.normal((m, 2), 1)
        g = learn("generator", lambda v: -critic(learn["critic"], generator(v, z, noise), noise).mean())
        return [d, g]

    adam = (1e-3, 0.5, 0.9)
    return {"generator": generator, "critic": critic}, {"generator": adam, "critic": adam}, data, step


def mnist_ssl(m, small):
    generator, classifier, critic = nets.mnist_generator(), nets.mnist_classifier(), nets.feature_critic(250)
    random = np.random.default_rng(0)
    data = {name: random.uniform(size=(m, 784)) for name in ("labeled", "x", "x1", "x2")}
    data["labels"] = labels_by_turns(m)
    rows = m * 4 // 5

    def step(learn, data, noise):
        images = {name: x.reshape(m, -1) for name, x in data.items()}

        def f(x):
            return classifier.features(learn["classifier"], x, noise)

        def generated(v):
            return generator(v, noise.uniform((m, 100), 0, 1), noise)

        made = generated(learn["generator"])[: m - rows]
        joined = f(jnp.concatenate([images["x"][:rows], made, images["x1"], images["x2"]]))
        fake, f1, f2 = jnp.split(joined, 3)
        bar = f2 + noise.uniform((m, 1), 0, 0.3) * (f1 - f2)
        d = learn("critic", lambda v: critic_loss(lambda x: critic(v, x, noise), bar, fake, 10, noise))
        g = learn("generator", lambda v: -critic(learn["critic"], f(generated(v)), noise).mean())
        bad = generated(learn["generator"])

        def classify(v):
            logits = classifier(v, jnp.concatenate([images["labeled"], images["x"], bad]), noise)
            of_labeled, of_unlabeled, of_bad = jnp.split(logits, 3)
            supervised = cross_entropy(of_labeled, images["labels"])
            u, b = jax.nn.logsumexp(of_unlabeled, 1), jax.nn.logsumexp(of_bad, 1)
            return supervised + 0.5 * (jax.nn.softplus(u).mean() - u.mean() + jax.nn.softplus(b).mean())

        return [d, g, learn("classifier", classify)]

    adam = (3e-3, 0.5, 0.9)
    rates = {"generator": adam, "critic": adam, "classifier": (3e-3, 0.5, 0.9999)}
    return {"generator": generator, "critic": critic, "classifier": classifier}, rates, data, step


def images_of(m):
    images = np.random.default_rng(0).uniform(-0.5, 0.5, (m, 32, 32, 3))
    return {"x": images, "labels": labels_by_turns(m)}


def cifar_classifier(m, small):
    classifier = nets.image_classifier(8 if small else 96)

    def step(learn, data, noise):
        return [learn("classifier", lambda v: cross_entropy(classifier(v, data["x"], noise), data["labels"]))]

    return {"classifier": classifier}, {"classifier": (1e-3, 0.5, 0.9999)}, images_of(m), step


def cifar_gan(m, small):
    generator = nets.image_generator(40 if small else 512)
    classifier = nets.image_classifier(8 if small else 96)
    critic = nets.feature_critic(16 if small else 192)
    rows = m * 4 // 5

    def step(learn, data, noise):
        x = data["x"]

        def f(x):
            return classifier.features(learn["classifier"], x, noise)

        def generated(v, n):
            return 0.5 * generator(v, noise.uniform((n, 100), 0, 1), noise)

        fake = jnp.concatenate([f(x[:rows]), f(generated(learn["generator"], m - rows))])
        bar = f(x + noise.uniform(x.shape, -0.03, 0.03))
        d = learn("critic", lambda v: critic_loss(lambda x: critic(v, x, noise), bar, fake, 10, noise))
        g = learn("generator", lambda v: -critic(learn["critic"], f(generated(v, m)), noise).mean())
        return [d, g]

    adam = (3e-4, 0.5, 0.9)
    networks = {"generator": generator, "critic": critic, "classifier": classifier}
    return networks, {"generator": adam, "critic": adam}, {"x": images_of(m)["x"]}, step


def cifar_pgd(m, small):
    """Foolbox's LinfPGD, without a random start, as one compiled loop."""
    classifier = nets.image_classifier(8 if small else 96)

    def step(learn, data, noise):
        start, labels = data["x"], data["labels"]

        def loss(x):
            return cross_entropy(classifier(learn["classifier"], x, noise), labels)

        def ascend(_, x):
            moved = x + PGD_RADIUS / 30 * jnp.sign(jax.grad(loss)(x))
            return jnp.clip(jnp.clip(moved, start - PGD_RADIUS, start + PGD_RADIUS), -0.5, 0.5)

        return [loss(jax.lax.fori_loop(0, PGD_STEPS, ascend, start))]

    return {"classifier": classifier}, {}, images_of(m), step


CASES = {
    "toy-wgan-gp": (toy_wgan_gp, 256),
    "mnist-ssl": (mnist_ssl, 100),
    "cifar-classifier": (cifar_classifier, 100),
    "cifar-gan": (cifar_gan, 100),
    "cifar-pgd": (cifar_pgd, 100),
}
