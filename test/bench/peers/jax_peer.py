"""Runs one case in JAX, compiled by `jax.jit`, in the manner of ../child.ts.

jax_peer.py <case> <threads>                 answers "ready", then times to each line "run N"
jax_peer.py <case> <threads> <steps> <file>  answers the losses of a few steps from what dsgan wrote to the file
"""


import sys

import talk

talk.bind(int(sys.argv[2]))  # XLA makes a thread for each processor that it finds

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from jax_cases import CASES  # noqa: E402

TINY = 1e-8


class Fresh:
    """Noise drawn anew from a key, which is an argument of the compiled step."""

    def __init__(self, key):
        self.key, self.drawn = key, 0

    def next(self):
        self.drawn += 1
        return jax.random.fold_in(self.key, self.drawn)

    def normal(self, shape, deviation):
        return jax.random.normal(self.next(), shape) * deviation

    def uniform(self, shape, low, high):
        return jax.random.uniform(self.next(), shape, minval=low, maxval=high)


class Recorded:
    """The noise that dsgan drew in one step, in the order in which it did."""

    def __init__(self, draws):
        self.draws = iter(draws)

    def normal(self, shape, *_):
        x = next(self.draws)
        if x.shape != tuple(shape):
            raise SystemExit(f"noise: {tuple(shape)} here, {x.shape} in dsgan")
        return x

    uniform = normal


class Learn:
    """One step's updates, by Adam as PyTorch has it."""

    def __init__(self, state, rates):
        self.state, self.rates = dict(state), rates

    def __getitem__(self, name):
        return self.state[name]["variables"]

    def __call__(self, name, loss):
        (rate, beta1, beta2), of = self.rates[name], self.state[name]
        fixed = of["variables"]["fixed"]
        value, slopes = jax.value_and_grad(lambda trained: loss({"trained": trained, "fixed": fixed}))(
            of["variables"]["trained"]
        )
        count = of["count"] + 1
        tree = jax.tree.map
        m = tree(lambda m, g: beta1 * m + (1 - beta1) * g, of["m"], slopes)
        v = tree(lambda v, g: beta2 * v + (1 - beta2) * g * g, of["v"], slopes)
        pace, whole = rate / (1 - beta1**count), jnp.sqrt(1 - beta2**count)
        trained = tree(lambda p, m, v: p - pace * m / (jnp.sqrt(v) / whole + TINY), of["variables"]["trained"], m, v)
        self.state[name] = {"variables": {"trained": trained, "fixed": fixed}, "m": m, "v": v, "count": count}
        return value


def started(networks, rates, value):
    state = {}
    for name, network in networks.items():
        variables = network.variables(lambda number, of, shape: value(f"{name}/{number}/{of}", of, shape))
        state[name] = {"variables": variables}
        if name in rates:
            m, v = (jax.tree.map(jnp.zeros_like, variables["trained"]) for _ in range(2))  # donated, each its own
            state[name] |= {"m": m, "v": v, "count": jnp.float32(0)}
    return state


def compiled(step, rates, noise):
    def run(state, data, given):
        learn = Learn(state, rates)
        losses = step(learn, data, noise(given))
        return learn.state, losses

    return jax.jit(run, donate_argnums=0)


def floats(data):
    return {name: jnp.asarray(x, jnp.float32) for name, x in data.items()}


def losses_of(name, steps, path):
    build, _ = CASES[name]
    networks, rates, data, step = build(talk.CHECK_BATCH, True)
    tensors = talk.safetensors(path)
    state = started(networks, rates, lambda key, of, shape: jnp.asarray(tensors[key].reshape(shape)))
    data = floats({of: tensors[f"data/{of}"] for of in data})
    draws = [tensors[f"noise/{i}"] for i in range(sum(key.startswith("noise/") for key in tensors))]
    each = len(draws) // steps
    run, all_losses = compiled(step, rates, Recorded), []
    for i in range(steps):
        state, losses = run(state, data, draws[i * each : (i + 1) * each])
        all_losses.append([float(loss) for loss in losses])
    return all_losses


def main(name, threads, steps=None, path=None):
    if path is not None:
        talk.answer({"losses": losses_of(name, int(steps), path)})
        return
    build, batch = CASES[name]
    networks, rates, data, step = build(batch, False)
    random = np.random.default_rng(0)

    def fresh(key, of, shape):
        if of == "weight":
            return jnp.asarray(random.normal(size=shape) * 0.05, jnp.float32)
        return jnp.full(shape, 1.0 if of == "scale" else 0.0, jnp.float32)

    state, data = started(networks, rates, fresh), floats(data)
    run, key, count = compiled(step, rates, Fresh), jax.random.key(0), 0

    def one():
        nonlocal state, count
        count += 1
        state, losses = run(state, data, jax.random.fold_in(key, count))
        return [float(loss) for loss in losses]

    counts = {of: sum(x.size for x in jax.tree.leaves(state[of]["variables"]["trained"])) for of in networks}
    talk.serve(f"jax-{threads}", f"JAX {jax.__version__}", counts, one)


if __name__ == "__main__":
    main(*sys.argv[1:])
