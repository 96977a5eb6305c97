"""Runs one case in PyTorch on an NVIDIA GPU, in the manner of ../child.ts.

pytorch_cuda.py <case> <form>    answers "ready", then times to each line "run N"

Forms: `eager`; `tf32`, the same with tensor cores; `graph`, the whole step as one CUDA graph; `compiled`, in which
`torch.compile` takes the networks, but not critics: it has no second derivatives.
"""

import functools
import sys

import torch

import talk
from cases import CASES
from pytorch import Fresh, formed


def captured(step, data):
    """The step as a CUDA graph, after a few calls on another stream, as PyTorch asks for."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(4):
            step(data)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        losses = step(data)

    def replay(_):
        graph.replay()
        return losses

    return replay


def main(name, form):
    tf32 = form == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    torch.set_default_device("cuda")
    options = {"capturable": True} if form == "graph" else {}
    if form != "compiled":  # compiled networks and the fused optimiser do not go together
        torch.optim.Adam = functools.partial(torch.optim.Adam, fused=True, **options)
    build, batch = CASES[name]
    networks, data, step = build(Fresh(), batch, False)
    counts = {of: sum(p.numel() for p in network.parameters()) for of, network in networks.items()}
    if form == "compiled":
        data = formed("compiled", networks, data)
    if form == "graph":
        step = captured(step, data)
    device = f"{torch.cuda.get_device_name(0)}, PyTorch {torch.__version__}"
    talk.serve(f"pytorch-cuda-{form}", device, counts, lambda: [loss.item() for loss in step(data)], None)


if __name__ == "__main__":
    main(*sys.argv[1:])
