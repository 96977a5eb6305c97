"""What studies of networks as ONNX files share: parts of networks, their training, and AutoAttack at a task's budgets."""

import torch
import torch.nn.functional as F
from pyautoattack import AutoAttack
from torch import nn


class Residual(nn.Module):
    """Two convolutions around a shortcut of half the size (He et al., 2016): [n, inputs, h, w] to [n, outputs, h/2, w/2]."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, 2, bias=False)

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class Normal(nn.Module):
    """A network with its normalisation, a mean and a deviation for each channel: of a file, or for libraries that know of none."""

    def __init__(self, network, mean, deviation):
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None])

    def forward(self, x):
        return self.network((x - self.mean) / self.deviation)


def moved(network, images, labels, epsilon):
    """Images [n, c, h, w] in [0, 1] after one step from a random point of the budget (Wong, Rice and Kolter, 2020)."""
    delta = torch.empty_like(images).uniform_(-epsilon, epsilon).requires_grad_()
    (slope,) = torch.autograd.grad(F.cross_entropy(network(images + delta), labels), delta)
    delta = (delta.detach() + 1.25 * epsilon * slope.sign()).clamp(-epsilon, epsilon)
    return (images + delta).clamp(0, 1)


def auto_attack(network, norm, epsilon, task):
    """AutoAttack's standard version with a task's steps, targets and queries; norm is "Linf", "L2" or "L1"."""
    attack = AutoAttack(network, norm=norm, eps=epsilon, seed=0, version="standard", device="cpu")
    attack.apgd.n_iter = attack.apgd_targeted.n_iter = attack.fab.n_iter = task["steps"]
    attack.apgd_targeted.n_target_classes = attack.fab.n_target_classes = task["targets"]
    attack.square.n_queries = task["queries"]
    return attack
