"""Networks of PyTorch with random weights as ONNX files, by both of its exporters, with images and their logits.

Usage: python onnx_models.py FOLDER
"""

import json
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 10


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al., 2016)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        changes = stride != 1 or inputs != outputs
        shortcut = [nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)]
        self.shortcut = nn.Sequential(*(shortcut if changes else []))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


def resnet18(width=16):
    stages = [(width, 1), (2 * width, 2), (4 * width, 2), (8 * width, 2)]
    blocks, inputs = [], width
    for outputs, stride in stages:
        blocks += [BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1)]
        inputs = outputs
    stem = [nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, CLASSES))


class Inverted(nn.Module):
    """Widens, filters each channel, narrows (Sandler et al., 2018)."""

    def __init__(self, inputs, outputs, stride, factor):
        super().__init__()
        inner = inputs * factor
        widen = [nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU6()]
        self.layers = nn.Sequential(
            *(widen if factor > 1 else []),
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


def mobilenet_v2():
    rows = [(1, 8, 1, 1), (6, 12, 2, 2), (6, 16, 3, 2), (6, 24, 2, 1), (6, 32, 2, 2), (6, 40, 1, 1)]
    layers, inputs = [nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6()], 8
    for factor, outputs, count, stride in rows:
        for i in range(count):
            layers.append(Inverted(inputs, outputs, stride if i == 0 else 1, factor))
            inputs = outputs
    head = [nn.Conv2d(inputs, 64, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU6(), nn.AdaptiveAvgPool2d(1)]
    return nn.Sequential(*layers, *head, nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, CLASSES))


class Encoder(nn.Module):
    """Attention and a perceptron, each after a normalisation (Dosovitskiy et al., 2021)."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        n, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(n, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, tokens, width)
        x = x + self.out(y)
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, side=32, patch=8, width=32, depth=3, heads=4):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, (side // patch) ** 2 + 1, width))
        self.layers = nn.Sequential(*(Encoder(width, heads) for _ in range(depth)), nn.LayerNorm(width))
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        return self.head(self.layers(x)[:, 0])


class Variety(nn.Module):
    """What the others have not: groups, dilation, other pads, norms, activations, resizing."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 16, 3, stride=2, padding=1, padding_mode="reflect")
        self.dilated = nn.Conv2d(16, 16, 3, padding=2, dilation=2, groups=4)
        self.group, self.instance = nn.GroupNorm(4, 16), nn.InstanceNorm2d(16, affine=True)
        self.pool = nn.AvgPool2d(3, 2, 1, count_include_pad=False)
        self.up = nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1)
        self.prelu, self.head = nn.PReLU(8), nn.Linear(8 * 9, CLASSES)

    def forward(self, x):
        x = F.hardswish(self.group(self.down(x)))
        x = F.silu(self.instance(self.dilated(x)))
        x = self.prelu(self.up(self.pool(x)))
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = F.pad(x, (1, 2, 0, 1))
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)[:, :, :15, 0:15]
        return self.head(F.avg_pool2d(x, 5).flatten(1))


def randomised(model):
    """Statistics as training might leave them."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean, 0, 0.2)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
            nn.init.uniform_(layer.weight, 0.7, 1.3)
            nn.init.normal_(layer.bias, 0, 0.2)
    return model.eval()


def export(model, folder, name):
    """By the exporter that traces, for any batch and for one image, and by the newer one."""
    x = torch.zeros(2, 3, 32, 32)
    old = {"dynamo": False, "opset_version": 17, "input_names": ["x"]}
    torch.onnx.export(model, (x,), folder / f"{name}-traced.onnx", dynamic_axes={"x": {0: "n"}}, **old)
    torch.onnx.export(model, (x[:1],), folder / f"{name}-single.onnx", **old)
    torch.onnx.export(
        model, (x,), folder / f"{name}-dynamo.onnx", dynamo=True, dynamic_shapes=({0: torch.export.Dim("n")},)
    )


def main():
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    models = {"resnet18": resnet18(), "mobilenetv2": mobilenet_v2(), "vit": VisionTransformer(), "variety": Variety()}
    images = torch.rand(4, 3, 32, 32)
    weights = torch.arange(1, CLASSES + 1)
    answers = {"images": images.permute(0, 2, 3, 1).flatten().tolist(), "models": {}}
    for name, model in models.items():
        randomised(model)
        x = images.clone().requires_grad_()
        logits = model(x)
        (logits * weights).sum().backward()
        answers["models"][name] = {
            "logits": logits.flatten().tolist(),
            "slope": x.grad.permute(0, 2, 3, 1).flatten().tolist(),
        }
        with torch.no_grad():
            export(model, folder, name)
    (folder / "answers.json").write_text(json.dumps(answers))


main()
