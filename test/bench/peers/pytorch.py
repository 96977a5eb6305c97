"""Runs one case in PyTorch, in the manner of ../child.ts.

pytorch.py <case> <threads>                 answers "ready", then times to each line "run N"
pytorch.py <case> <threads> <steps> <file>  answers the losses of a few steps from what dsgan wrote to the file
"""

import json
import math
import sys
import time

import torch

import networks as nets
from cases import CASES

WARM_UP_STEPS = 3
WARM_UP_SECONDS = 10
CHECK_BATCH = 10


class Fresh:
    """Noise drawn anew."""

    def normal(self, shape, deviation):
        return torch.randn(shape) * deviation

    def uniform(self, shape, low, high):
        return torch.rand(shape) * (high - low) + low


class Recorded:
    """The noise that dsgan drew, in the order in which it did."""

    def __init__(self, tensors):
        self.tensors, self.drawn = tensors, 0

    def normal(self, shape, *_):
        x = image(self.tensors[f"noise/{self.drawn}"])
        self.drawn += 1
        if x.shape != torch.Size(shape):
            raise SystemExit(f"noise/{self.drawn - 1}: {tuple(shape)} here, {tuple(x.shape)} in dsgan")
        return x

    uniform = normal


def image(x):
    """From [n, height, width, channels] to [n, channels, height, width]."""
    return x.permute(0, 3, 1, 2).contiguous() if x.dim() == 4 else x


def safetensors(path):
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        begin, end = (start + offset for offset in entry["data_offsets"])
        values = torch.frombuffer(bytearray(content[begin:end]), dtype=torch.float32)
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def answer(message):
    print(json.dumps(message), flush=True)


def main(name, threads, steps=None, path=None):
    torch.set_num_threads(int(threads))
    build, batch = CASES[name]
    if path is not None:
        tensors = safetensors(path)
        networks, data, step = build(Recorded(tensors), CHECK_BATCH, True)
        for of, network in networks.items():
            nets.load(network, of, tensors)
        data = {of: image(tensors[f"data/{of}"]) for of in data}
        answer({"losses": [[loss.item() for loss in step(data)] for _ in range(int(steps))]})
        return

    networks, data, step = build(Fresh(), batch, False)

    def run(n):
        start = time.perf_counter()
        for _ in range(n):
            losses = [loss.item() for loss in step(data)]
        if not all(map(math.isfinite, losses)):
            raise SystemExit(f"losses {losses}")
        return (time.perf_counter() - start) * 1000 / n

    begin, times = time.perf_counter(), []
    while len(times) < WARM_UP_STEPS and time.perf_counter() - begin < WARM_UP_SECONDS:
        times.append(run(1))
    counts = {of: sum(p.numel() for p in network.parameters()) for of, network in networks.items()}
    device = f"PyTorch {torch.__version__}"
    answer({"ready": {"name": f"pytorch-{threads}", "device": device, "parameters": counts, "ms": times[-1]}})
    for line in sys.stdin:
        answer({"ms": run(int(line.split()[1]))})


if __name__ == "__main__":
    main(*sys.argv[1:])
