"""The networks of DSGAN's Tables 4, 5 and 7, and the toy's, as the authors' PyTorch code has them."""

import torch
from torch import nn
from torch.nn import functional as F

TINY = 1e-6


class GaussianNoise(nn.Module):
    def __init__(self, sigma, noise):
        super().__init__()
        self.sigma, self.noise = sigma, noise

    def forward(self, x):
        return x + self.noise.normal(x.shape, self.sigma) if self.training else x


class WeightNorm(nn.Module):
    """W*g/sqrt(sum W^2 + 1e-6) in a linear map given by `apply(x, weight, bias)`; `axis` counts its units."""

    def __init__(self, shape, axis, apply, deviation, train_scale=False):
        super().__init__()
        units = shape[axis]
        self.weight = nn.Parameter(torch.randn(shape) * deviation)
        self.bias = nn.Parameter(torch.zeros(units))
        if train_scale:
            self.scale = nn.Parameter(torch.ones(units))
        else:
            self.register_buffer("scale", torch.ones(units))
        self.apply_map = apply
        self.others = [a for a in range(len(shape)) if a != axis]
        self.spread = [units if a == axis else 1 for a in range(len(shape))]

    def forward(self, x):
        factor = self.scale / torch.sqrt((self.weight**2).sum(self.others) + TINY)
        return self.apply_map(x, self.weight * factor.view(self.spread), self.bias)


def wn_linear(inputs, outputs, deviation, train_scale=False):
    return WeightNorm((outputs, inputs), 0, F.linear, deviation, train_scale)


def wn_conv(inputs, outputs, size, stride=1, padding=0):
    def conv(x, weight, bias):
        return F.conv2d(x, weight, bias, stride, padding)

    return WeightNorm((outputs, inputs, size, size), 0, conv, 0.05)


def wn_conv_transpose(inputs, outputs):
    def conv(x, weight, bias):
        return F.conv_transpose2d(x, weight, bias, 2, 2, 1)

    return WeightNorm((inputs, outputs, 5, 5), 1, conv, 0.05, True)


def mlp(*widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def feature_critic(width):
    return mlp(width, 400, 200, 100, 1)


def mnist_generator():
    layers = []
    for inputs in (100, 500):
        layers += [nn.Linear(inputs, 500, bias=False), nn.BatchNorm1d(500), nn.Softplus()]
    return nn.Sequential(*layers, wn_linear(500, 784, 0.1, True), nn.Sigmoid())


class Classifier(nn.Module):
    def __init__(self, features, head):
        super().__init__()
        self.features, self.head = features, head

    def forward(self, x):
        return self.head(self.features(x))


def mnist_classifier(noise):
    widths = [784, 1000, 500, 250, 250, 250]
    layers = []
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        sigma = 0.3 if i == 0 else 0.5
        layers += [GaussianNoise(sigma, noise), wn_linear(inputs, outputs, 0.1), nn.ReLU()]
    return Classifier(nn.Sequential(*layers), nn.Sequential(GaussianNoise(0.5, noise), wn_linear(250, 10, 0.1, True)))


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


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
    features = [layer for conv in convs for layer in (conv, nn.LeakyReLU(0.2))]
    head = [layer for _ in range(3) for layer in (wn_linear(b, b, 0.05), nn.LeakyReLU(0.2))]
    return Classifier(nn.Sequential(*features, Mean()), nn.Sequential(*head, wn_linear(b, 10, 0.05, True)))


def image_generator(c):
    def up(inputs, outputs):
        conv = nn.ConvTranspose2d(inputs, outputs, 5, 2, 2, 1, bias=False)
        return [conv, nn.BatchNorm2d(outputs), nn.ReLU()]

    first = nn.Linear(100, 16 * c, bias=False)
    norm = nn.BatchNorm1d(16 * c)
    for layer in (first, norm):
        layer.image = (4, 4, c)  # the layout in which dsgan numbers its units
    return nn.Sequential(
        first,
        norm,
        nn.ReLU(),
        nn.Unflatten(1, (c, 4, 4)),
        *up(c, c // 2),
        *up(c // 2, c // 4),
        wn_conv_transpose(c // 4, 3),
        nn.Tanh(),
    )


def convnet(filters):
    layers, inputs, side = [], 1, 28
    for n in filters:
        layers += [nn.Conv2d(inputs, n, 3, 2, 1), nn.ReLU()]
        inputs, side = n, (side + 1) // 2
    first = nn.Linear(inputs * side * side, 128)
    first.images = (side, side, inputs)  # the layout in which dsgan numbers its inputs
    return nn.Sequential(*layers, nn.Flatten(), first, nn.ReLU(), nn.Linear(128, 10))


NAMES = {
    nn.Linear: {"weight": "weight", "bias": "bias"},
    nn.Conv2d: {"weight": "weight", "bias": "bias"},
    nn.ConvTranspose2d: {"weight": "weight", "bias": "bias"},
    nn.BatchNorm1d: {"weight": "scale", "bias": "shift", "running_mean": "mean", "running_var": "variance"},
    WeightNorm: {"weight": "weight", "bias": "bias", "scale": "scale"},
}
NAMES[nn.BatchNorm2d] = NAMES[nn.BatchNorm1d]


def load(network, name, tensors):
    """Takes over dsgan's parameters and state, stored [inputs, outputs] and [height, width, inputs, outputs]."""
    layers = [module for module in network.modules() if type(module) in NAMES]
    for i, layer in enumerate(layers):
        for here, there in NAMES[type(layer)].items():
            own = getattr(layer, here)
            if own is None:
                continue
            value = tensors.pop(f"{name}/{i}/{there}")
            if hasattr(layer, "image"):  # units from [height, width, channels] to [channels, height, width]
                value = value.reshape(-1, *layer.image).permute(0, 3, 1, 2).reshape(value.shape)
            if hasattr(layer, "images") and value.dim() == 2:  # inputs likewise
                value = value.reshape(*layer.images, -1).permute(2, 0, 1, 3).reshape(value.shape)
            if value.dim() == 4:
                value = value.permute(3, 2, 0, 1)
            elif value.dim() == 2:
                value = value.t()
            if own.shape != value.shape:
                raise SystemExit(f"{name}/{i}/{there}: {tuple(own.shape)} here, {tuple(value.shape)} in dsgan")
            own.data.copy_(value)
