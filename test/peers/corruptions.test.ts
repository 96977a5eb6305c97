/** Blurs and mosaics beside those of the libraries that the authors' scripts for CIFAR-10-C and ImageNet-C call. */
import { spawnSync } from "node:child_process";
import t from "tap";
import { Key } from "../../core/mod.ts";
import { pixelated } from "../../plugins/robustness/corruptions/filters.ts";
import { corrupted, SEVERITIES, SUITES } from "../../plugins/robustness/corruptions/kinds.ts";

const python = process.env.DSGAN_PYTHON ?? "python3";
// OpenCV's filter2D and GaussianBlur and scikit-image's gaussian, in what those are made of; Pillow itself
const script = `
import json, sys
import numpy as np
from scipy import ndimage

def gaussian(x, sigma):
    return ndimage.gaussian_filter(x, (sigma, sigma, 0), mode="nearest", truncate=4.0)

def disk(radius, alias):
    side = np.arange(-8, 9) if radius <= 8 else np.arange(-radius, radius + 1)
    size = 3 if radius <= 8 else 5
    X, Y = np.meshgrid(side, side)
    hard = np.array((X ** 2 + Y ** 2) <= radius ** 2, dtype=np.float64)
    hard /= hard.sum()
    bell = np.exp(-(np.arange(size) - size // 2) ** 2 / (2 * alias ** 2))
    bell /= bell.sum()
    return ndimage.correlate(hard, np.outer(bell, bell), mode="mirror")

def defocus(x, radius, alias):
    kernel = disk(radius, alias)
    return np.stack([ndimage.correlate(x[..., c], kernel, mode="mirror") for c in range(x.shape[2])], -1)

def pixelate(x, share):
    try:
        from PIL import Image
    except ImportError:
        return None
    h, w = x.shape[:2]
    def resize(channel, size):
        return np.asarray(Image.fromarray(channel.astype(np.float32), mode="F").resize(size, Image.BOX))
    small = [resize(x[..., c], (int(w * share), int(h * share))) for c in range(x.shape[2])]
    return np.stack([resize(one, (w, h)) for one in small], -1)

task = json.load(sys.stdin)
x = np.array(task["x"]).reshape(task["size"])
blurs = [[gaussian(x, s).ravel().tolist() for s in row] for row in ((.4, .6, .7, .8, 1), (1, 2, 3, 4, 6))]
discs = [[defocus(x, *c).ravel().tolist() for c in row] for row in (
    ((.3, .4), (.4, .5), (.5, .6), (1, .2), (1.5, .1)), ((3, .1), (4, .5), (6, .5), (8, .5), (10, .5)))]
mosaics = [pixelate(x, share) for share in (.95, .9, .85, .75, .65, .6, .5, .4, .3, .25)]
print(json.dumps([blurs, discs, [m if m is None else m.ravel().tolist() for m in mosaics]]))
`;
const size = [32, 32, 3] as const;
const picture = { size, values: Key.from("picture").uniformArray(32 * 32 * 3) };
const asked = spawnSync(python, ["-c", script], {
  input: JSON.stringify({ x: [...picture.values], size }),
  encoding: "utf8",
  maxBuffer: 2 ** 28,
  env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
});
const missing = asked.status !== 0 && `${python} has no scipy; name another interpreter in DSGAN_PYTHON`;

t.test("blurs and mosaics are those of the published scripts", { skip: missing }, (t) => {
  const [blurs, discs, mosaics] = JSON.parse(asked.stdout) as [
    number[][][],
    number[][][],
    (number[] | null)[],
  ];
  const apart = (ours: Float32Array, theirs: readonly number[]): number =>
    ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
  for (const [s, suite] of SUITES.entries()) {
    for (const severity of SEVERITIES) {
      const made = (name: "gaussian-blur" | "defocus-blur") =>
        corrupted(picture, name, severity, Key.from(1), suite);
      for (const [name, theirs] of [
        ["gaussian-blur", blurs],
        ["defocus-blur", discs],
      ] as const) {
        const far = apart(made(name), theirs[s]![severity - 1]!);
        t.ok(far < 1e-5, `${suite}: ${name} ${severity}: off by ${far}`);
      }
    }
  }
  const shares = [0.95, 0.9, 0.85, 0.75, 0.65, 0.6, 0.5, 0.4, 0.3, 0.25];
  for (const [i, theirs] of mosaics.entries()) {
    if (theirs === null) continue; // no Pillow
    const far = apart(pixelated(picture, shares[i]!), theirs);
    t.ok(far < 1e-5, `pixelate ${shares[i]}: off by ${far}`);
  }
  t.end();
});
