/**
 * What every painter must do. Plugin authors call this from their own tests.
 *
 * @module
 */
import type { Painter } from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Checks a painter: every kind of picture is a PNG of some size, also of very little data. */
export async function checkPainter(t: Tester, painter: Painter): Promise<void> {
  t.ok(painter.name, "has a name");
  const points = (n: number, d: number) => Float32Array.from({ length: n * d }, (_, i) => Math.sin(7 * i));
  const line = { name: "loss", x: [1, 2, 3], y: [0.5, 0.25, 0.125] };
  const axes = { x: "step", y: "loss" };
  const isPicture = (bytes: Uint8Array, what: string): void => {
    t.same([...bytes.slice(0, 8)], PNG, `${what}: is a PNG`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    t.ok(view.getUint32(16) > 0 && view.getUint32(20) > 0, `${what}: has a width and a height`);
  };
  for (const n of [1, 50]) {
    const named = (d: number) => ["pd", "pg"].map((name) => ({ name, values: points(n, d) }));
    isPicture(await painter.scatter("Samples", named(2)), `scatter of ${n} points`);
    isPicture(await painter.histogram("Samples", named(1)), `histogram of ${n} points`);
    const images = points(n, 4 * 4 * 3);
    isPicture(await painter.sheet(images, [4, 4, 3], [-1, 1]), `sheet of ${n} images in colour`);
    isPicture(await painter.sheet(points(n, 16), [4, 4, 1], [-1, 1]), `sheet of ${n} images in grey`);
  }
  isPicture(await painter.lines("Losses", axes, [line]), "lines");
  isPicture(await painter.lines("Losses", { ...axes, logarithmic: true }, [line]), "lines, logarithmic");
  isPicture(await painter.panels("Losses", [{ title: "critic", axes, series: [line] }]), "panels");
  const svg = await painter.panelsAsSvg?.("Losses", [{ title: "a & b", axes, series: [line] }]);
  if (svg !== undefined) {
    t.match(svg, /^<svg [^>]*width="/, "panels as SVG");
    t.ok(svg.includes("a &amp; b"), "panels as SVG: texts are escaped");
  }
}
