"""The networks of ../peers/networks.py in JAX: functions of their variables, images as [n, height, width, channels].

A network is a list of layers. A layer is (shapes of its variables, names of those trained, apply); `apply` takes its
variables, the input and the noise. Variables have dsgan's shapes and names, so that they load as they are.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

TINY, BATCH_NORM_TINY = 1e-6, 1e-5
LAYOUT = ("NHWC", "HWIO", "NHWC")


def plain(function):
    return {}, (), lambda v, x, noise: function(x)


relu, softplus, sigmoid, tanh = (plain(f) for f in (jax.nn.relu, jax.nn.softplus, jax.nn.sigmoid, jnp.tanh))
leaky = plain(partial(jax.nn.leaky_relu, negative_slope=0.2))
mean = plain(lambda x: x.mean((1, 2)))


def gaussian_noise(sigma):
    return {}, (), lambda v, x, noise: x + noise.normal(x.shape, sigma)


def dense(inputs, outputs, bias=True):
    shapes = {"weight": (inputs, outputs), **({"bias": (outputs,)} if bias else {})}
    return shapes, tuple(shapes), lambda v, x, noise: x @ v["weight"] + v.get("bias", 0)


def weight_norm(shape, axis, linear, train_scale):
    """W*g/sqrt(sum W^2 + 1e-6); `axis` counts the units."""
    others = tuple(a for a in range(len(shape)) if a != axis)
    spread = [-1 if a == axis else 1 for a in range(len(shape))]
    units = (shape[axis],)

    def apply(v, x, noise):
        factor = v["scale"] / jnp.sqrt((v["weight"] ** 2).sum(others) + TINY)
        return linear(x, v["weight"] * factor.reshape(spread)) + v["bias"]

    trained = ("weight", "bias", "scale") if train_scale else ("weight", "bias")
    return {"weight": shape, "bias": units, "scale": units}, trained, apply


def wn_dense(inputs, outputs, train_scale=False):
    return weight_norm((inputs, outputs), 1, jnp.matmul, train_scale)


def wn_conv(inputs, outputs, size, stride=1, padding=0):
    def conv(x, w):
        pads = [(padding, padding)] * 2
        return lax.conv_general_dilated(x, w, (stride, stride), pads, dimension_numbers=LAYOUT)

    return weight_norm((size, size, inputs, outputs), 3, conv, False)


def turned(x, w):
    """PyTorch's ConvTranspose2d(5, stride=2, padding=2, output_padding=1) with filters [5, 5, outputs, inputs]."""
    filters = w[::-1, ::-1].swapaxes(2, 3)
    return lax.conv_general_dilated(x, filters, (1, 1), [(2, 3)] * 2, lhs_dilation=(2, 2), dimension_numbers=LAYOUT)


def conv_transpose(inputs, outputs):
    return {"weight": (5, 5, outputs, inputs)}, ("weight",), lambda v, x, noise: turned(x, v["weight"])


def wn_conv_transpose(inputs, outputs):
    return weight_norm((5, 5, outputs, inputs), 2, turned, True)


def batch_norm(units):
    """In training; its running moments are left out, as nothing reads them here."""

    def apply(v, x, noise):
        axes = tuple(range(x.ndim - 1))
        y = (x - x.mean(axes)) / jnp.sqrt(x.var(axes) + BATCH_NORM_TINY)
        return y * v["scale"] + v["shift"]

    return {"scale": (units,), "shift": (units,)}, ("scale", "shift"), apply


class Network:
    """Calls are functions: `network(variables, x, noise)`; `features` leaves out the last `head` layers."""

    def __init__(self, *layers, head=0):
        self.layers, self.head = layers, head
        numbered = [i for i, (shapes, _, _) in enumerate(layers) if shapes]
        self.number = {i: str(n) for n, i in enumerate(numbered)}

    def __call__(self, variables, x, noise, until=None):
        for i, (_, _, apply) in enumerate(self.layers[:until]):
            x = apply({**variables["fixed"].get(self.number.get(i), {}), **variables["trained"].get(self.number.get(i), {})}, x, noise)
        return x

    def features(self, variables, x, noise):
        return self(variables, x, noise, len(self.layers) - self.head)

    def variables(self, value):
        """`value(number, name, shape)` gives each variable; those trained and those not are apart."""
        trained, fixed = {}, {}
        for i, number in self.number.items():
            shapes, names, _ = self.layers[i]
            for name, shape in shapes.items():
                (trained if name in names else fixed).setdefault(number, {})[name] = value(number, name, shape)
        return {"trained": trained, "fixed": fixed}


def mlp(*widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [dense(inputs, outputs), relu]
    return Network(*layers[:-1])


def feature_critic(width):
    return mlp(width, 400, 200, 100, 1)


def mnist_generator():
    layers = []
    for inputs in (100, 500):
        layers += [dense(inputs, 500, bias=False), batch_norm(500), softplus]
    return Network(*layers, wn_dense(500, 784, True), sigmoid)


def mnist_classifier():
    widths = [784, 1000, 500, 250, 250, 250]
    layers = []
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layers += [gaussian_noise(0.3 if i == 0 else 0.5), wn_dense(inputs, outputs), relu]
    return Network(*layers, gaussian_noise(0.5), wn_dense(250, 10, True), head=2)


def image_classifier(a):
    b = 2 * a
    convs = [
        wn_conv(3, a, 3, 1, 1),
        wn_conv(a, a, 3, 2, 1),
        wn_conv(a, b, 3, 1, 1),
        wn_conv(b, b, 3, 2, 1),
        wn_conv(b, b, 3),
        wn_conv(b, b, 1),
    ]
    head = [layer for _ in range(3) for layer in (wn_dense(b, b), leaky)]
    return Network(*(layer for conv in convs for layer in (conv, leaky)), mean, *head, wn_dense(b, 10, True), head=7)


def image_generator(c):
    def up(inputs, outputs):
        return [conv_transpose(inputs, outputs), batch_norm(outputs), relu]

    return Network(
        dense(100, 16 * c, bias=False),
        batch_norm(16 * c),
        relu,
        plain(lambda x: x.reshape(-1, 4, 4, c)),
        *up(c, c // 2),
        *up(c // 2, c // 4),
        wn_conv_transpose(c // 4, 3),
        tanh,
    )
