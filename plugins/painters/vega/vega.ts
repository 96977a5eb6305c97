/**
 * Pictures by Vega (charts) and resvg (their pixels). The same data give the same bytes.
 *
 * @module
 */
import { component, type Painter, Painters } from "../../../core/mod.ts";

/** Loads the libraries late, for those who only list plugins would wait on them. */
async function painter(): Promise<Painter> {
  const { vegaPainter } = await import("./painter.ts");
  return vegaPainter();
}

/** Named `vega`. */
export default component(Painters, {
  name: "vega",
  summary: "Draws charts and image sheets as PNG (default)",
  reference: "Satyanarayan et al., Reactive Vega, IEEE TVCG 2016",
  create: painter,
});
