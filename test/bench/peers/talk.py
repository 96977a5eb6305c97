"""What every peer has to say, in the manner of ../child.ts: lines of JSON."""

import json
import math
import os
import sys
import time

import numpy as np

WARM_UP_STEPS = 3
WARM_UP_SECONDS = 10
CHECK_BATCH = 10


def bind(threads):
    """Keeps this process to so many processors, for libraries that take as many threads as there are processors."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def answer(message):
    print(json.dumps(message), flush=True)


def safetensors(path):
    """The float32 arrays of a file, by name."""
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        begin, end = (start + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(content[begin:end], np.float32).reshape(entry["shape"])
    return tensors


def serve(name, device, parameters, step, flops=None):
    """Warms up, answers "ready", then times to each line "run N". `step()` answers losses, as numbers."""

    def run(n):
        start = time.perf_counter()
        for _ in range(n):
            losses = step()
        if not all(map(math.isfinite, losses)):
            raise SystemExit(f"losses {losses}")
        return (time.perf_counter() - start) * 1000 / n

    begin, times = time.perf_counter(), []
    while len(times) < WARM_UP_STEPS and (not times or time.perf_counter() - begin < WARM_UP_SECONDS):
        times.append(run(1))
    ready = {"name": name, "device": device, "parameters": parameters, "ms": times[-1]}
    answer({"ready": ready if flops is None else {**ready, "flops": flops}})
    for line in sys.stdin:
        answer({"ms": run(int(line.split()[1]))})
