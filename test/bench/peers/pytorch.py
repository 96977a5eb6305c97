"""Runs one case in PyTorch, in the manner of ../child.ts.

pytorch.py <case> <threads> <form>                 answers "ready", then times to each line "run N"
pytorch.py <case> <threads> <form> <steps> <file>  answers the losses of a few steps from what dsgan wrote to the file

Forms: `eager`; `channels-last`, in which images and filters are laid out with channels last; `compiled`, in which
`torch.compile` takes the networks, but not critics: it has no second derivatives, which the gradient penalty needs.
"""

import sys

import torch
from torch.utils.flop_counter import FlopCounterMode

import networks as nets
import talk
from cases import CASES


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


def formed(form, networks, data):
    """The networks, changed in place, and the data in a form of the docstring above."""
    if form == "channels-last":
        for network in networks.values():
            network.to(memory_format=torch.channels_last)
        last = torch.channels_last
        return {of: x.contiguous(memory_format=last) if x.dim() == 4 else x for of, x in data.items()}
    if form == "compiled":
        for of, network in networks.items():
            if of != "critic":
                network.compile()
                if hasattr(network, "features"):
                    network.features.compile()
    return data


def main(name, threads, form, steps=None, path=None):
    torch.set_num_threads(int(threads))
    build, batch = CASES[name]
    if path is not None:
        tensors = {of: torch.from_numpy(x.copy()) for of, x in talk.safetensors(path).items()}
        networks, data, step = build(Recorded(tensors), talk.CHECK_BATCH, True)
        for of, network in networks.items():
            nets.load(network, of, tensors)
        data = formed(form, networks, {of: image(tensors[f"data/{of}"]) for of in data})
        talk.answer({"losses": [[loss.item() for loss in step(data)] for _ in range(int(steps))]})
        return

    networks, data, step = build(Fresh(), batch, False)
    flops = None
    if form == "eager":
        with FlopCounterMode(display=False) as counter:
            # by module is of no interest, and its hooks forbid autograd.grad()
            counter.mod_tracker.__exit__(None, None, None)
            step(data)
            counter.mod_tracker.__enter__()
        flops = counter.get_total_flops()
    data = formed(form, networks, data)
    counts = {of: sum(p.numel() for p in network.parameters()) for of, network in networks.items()}
    suffix = "" if form == "eager" else f"-{form}"
    talk.serve(
        f"pytorch{suffix}-{threads}",
        f"PyTorch {torch.__version__}",
        counts,
        lambda: [loss.item() for loss in step(data)],
        flops,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
