/**
 * Pictures by Vega (charts) and resvg (their pixels). The same data give the same bytes.
 *
 * @module
 */
import { component, Painters } from "../../../core/mod.ts";

/** Named `vega`. The libraries are loaded when a painter is made, for those who list plugins wait on it. */
export default component(Painters, {
  name: "vega",
  summary: "Draws charts and image sheets as PNG (default)",
  reference: "Satyanarayan et al., Reactive Vega, IEEE TVCG 2016",
  create: async () => (await import("./painter.ts")).vegaPainter(),
});
