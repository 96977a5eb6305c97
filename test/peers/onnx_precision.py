"""A trained network of PyTorch in other precisions than single floats, as ONNX files, with what ONNX Runtime makes of them.

onnx_precision.py FOLDER   writes a file for each precision, and answers.json:
                           {images: [n, 28, 28, 1] row by row, labels, logits and slope in single floats,
                           files: {name: {logits} or {refused: why}}}
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from torch import nn

CLASSES, SIDE = 10, 28


class Network(nn.Module):
    """Convolutions with normalisation, plain, strided, by channel, beside a shortcut."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.down = nn.Sequential(nn.Conv2d(16, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU6())
        self.each = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.BatchNorm2d(16), nn.Hardswish())
        self.head = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * 49, 32), nn.ReLU(), nn.Linear(32, CLASSES))

    def forward(self, x):
        x = self.down(self.stem(x))
        return self.head(x + self.each(x))


def strokes(n, seed):
    """Grey images of ten smooth patterns, shifted, under noise."""
    fixed, draw = torch.Generator().manual_seed(0), torch.Generator().manual_seed(seed)
    patterns = F.interpolate(torch.rand(10, 1, 6, 6, generator=fixed), SIDE, mode="bicubic").clamp(0, 1)
    y = torch.randint(CLASSES, (n,), generator=draw)
    shifts = torch.randint(-3, 4, (n, 2), generator=draw).tolist()
    x = torch.stack([patterns[label].roll(shift, (1, 2)) for label, shift in zip(y.tolist(), shifts)])
    return (x + 0.2 * torch.randn(x.shape, generator=draw)).clamp(0, 1), y


def trained(network, x, y, steps=120):
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(steps):
        rows = torch.randint(len(x), (64,))
        optimizer.zero_grad()
        F.cross_entropy(network(x[rows]), y[rows]).backward()
        optimizer.step()
    return network.eval().requires_grad_(False)


class Calibration(CalibrationDataReader):
    def __init__(self, x):
        self.batches = iter([{"x": part.numpy()} for part in x.split(50)])

    def get_next(self):
        return next(self.batches, None)


def exported(network, path, like, dynamo=False):
    if dynamo:
        dynamic = ({0: torch.export.Dim("n")},)
        torch.onnx.export(network, (like,), path, dynamo=True, dynamic_shapes=dynamic, input_names=["x"])
        return
    axes = {"x": {0: "n"}}
    torch.onnx.export(network, (like,), path, dynamo=False, opset_version=17, input_names=["x"], dynamic_axes=axes)


class Indexed(nn.Module):
    """The same with arithmetic of shapes, in whole numbers and doubles, around it."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        n, c, h, w = x.shape
        index = torch.arange(h * w) * 2 - torch.arange(h * w)
        flat = x.reshape(n, c, h * w).index_select(2, index).double()
        scale = torch.tensor(float(h * w // 28) / 28, dtype=torch.float64)
        return self.network((flat * scale).float().reshape(n, c, h, w))


def written(network, folder, x):
    """All files."""
    path = lambda name: folder / f"{name}.onnx"  # noqa: E731
    like = x[:2]
    exported(network, path("single"), like)
    exported(network, path("single-dynamo"), like, dynamo=True)
    exported(Indexed(network), path("indexed"), like)
    for name, dtype in (("half", torch.float16), ("bfloat16", torch.bfloat16), ("double", torch.float64)):
        other = Network()
        other.load_state_dict(network.state_dict())
        other.eval().requires_grad_(False).to(dtype)
        for dynamo in (False, True):
            full = f"{name}-dynamo" if dynamo else name
            try:
                exported(other, path(full), like.to(dtype), dynamo)
            except Exception as error:  # an exporter that lacks it makes no file
                print(f"{full}: {type(error).__name__}", file=sys.stderr)
                path(full).unlink(missing_ok=True)
    for name, options in {
        "qdq-uint8": dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8),
        "qdq-uint8-weights": dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8),
        "qdq-int8": dict(activation_type=QuantType.QInt8, weight_type=QuantType.QInt8),
        "qdq-channels": dict(activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, per_channel=True),
        "qoperator": dict(quant_format=QuantFormat.QOperator),
    }.items():
        options = {"quant_format": QuantFormat.QDQ, **options}
        quantize_static(path("single"), path(name), Calibration(x), **options)
    quantize_dynamic(path("single"), path("dynamic"), weight_type=QuantType.QInt8)
    quantize_dynamic(path("single"), path("dynamic-uint8"), weight_type=QuantType.QUInt8, per_channel=True)
    try:
        import onnxslim

        onnx.save(onnxslim.slim(str(path("single-dynamo"))), path("slim"))
        onnx.save(onnxslim.slim(str(path("indexed"))), path("slim-indexed"))
    except ImportError:
        pass


def answer(path, x):
    """What ONNX Runtime makes of it, image by image where it quantises by what it is given."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return {"refused": str(error)}
    kind = {"tensor(float16)": np.float16, "tensor(double)": np.float64}.get(session.get_inputs()[0].type, np.float32)
    parts = x.split(1) if path.stem.startswith("dynamic") else [x]
    name = session.get_inputs()[0].name
    found = [session.run(None, {name: part.numpy().astype(kind)})[0] for part in parts]
    return {"logits": np.concatenate(found).astype(np.float64).flatten().tolist()}


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = Path(sys.argv[1])
    network = trained(Network(), *strokes(4000, 1))
    x, y = strokes(60, 2)
    images = x.clone().requires_grad_()
    logits = network(images)
    (logits * torch.arange(1, CLASSES + 1)).sum().backward()
    written(network, folder, strokes(200, 3)[0])
    (folder / "answers.json").write_text(
        json.dumps(
            {
                "images": x.permute(0, 2, 3, 1).flatten().tolist(),
                "labels": y.tolist(),
                "logits": logits.flatten().tolist(),
                "slope": images.grad.permute(0, 2, 3, 1).flatten().tolist(),
                "statistics": [network.stem[1].running_mean.tolist(), network.stem[1].running_var.tolist()],
                "files": {path.stem: answer(path, x) for path in sorted(folder.glob("*.onnx"))},
            }
        )
    )


main()
