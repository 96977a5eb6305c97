/** Tables of options on the pages are those of the schemas. */
import t from "tap";
import { assemble, component, Mixers, Networks, type Refs, z } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { markersOf, optionsTable, withTables } from "../../server/cli/options-table.ts";
import { pages } from "./pages.ts";
import { pagesWithTables } from "./tables.ts";

t.test("tables of options are current: `npm run docs` writes them", async (t) => {
  const written = await pagesWithTables(pages());
  t.ok(written.length > 0, `${written.length} pages`);
  t.same(
    written.filter(({ text, current }) => text !== current).map(({ path }) => path),
    [],
  );
});

t.test("optionsTable() flattens options, and says what values they take", (t) => {
  const options = (refs: Refs) =>
    z.strictObject({
      network: refs(Networks)
        .prefault({ use: "mlp", hidden: [1, 2] })
        .describe("Architecture."),
      layers: z.array(refs(Networks)).describe("Parts"),
      latent: z
        .strictObject({ size: z.int().positive().default(3).describe("Width of z.") })
        .prefault({})
        .describe("The prior."),
      loss: z.enum(["a", "b"]).optional().describe("Either|or."),
      share: z
        .number()
        .gt(0)
        .max(1)
        .default(1 / 3)
        .describe("Share."),
      noise: z
        .union([z.strictObject({ normal: z.number() }), z.strictObject({ uniform: z.number() })])
        .describe("Noise."),
      step: z
        .union([z.literal("auto"), z.int().min(0).max(9)])
        .default("auto")
        .describe("Step."),
      plain: z
        .string()
        .default("x")
        .transform((text) => text.length)
        .describe("Text."),
    });
  const table = optionsTable(
    component(Mixers, { name: "x", summary: "", options, create: () => ({ name: "x", mix: () => [] }) }),
  );
  t.same(table.split("\n"), [
    "| option | meaning | default |",
    "|---|---|---|",
    "| `network` | Architecture. A network. | `{ use: mlp, hidden: [1, 2] }` |",
    "| `layers` | Parts. List of networks. | required |",
    "| `latent` | The prior. |  |",
    "| `latent.size` | Width of z. Whole number from 1. | `3` |",
    "| `loss` | Either\\|or. `a` or `b`. |  |",
    "| `share` | Share. Number in (0, 1]. | `0.333333` |",
    "| `noise` | Noise. | required |",
    "| `noise.normal` |  | one of these |",
    "| `noise.uniform` |  | one of these |",
    "| `step` | Step. `auto` or whole number from 0 to 9. | `auto` |",
    "| `plain` | Text. | `x` |",
  ]);
  const none = component(Mixers, { name: "x", summary: "", create: () => ({ name: "x", mix: () => [] }) });
  t.equal(optionsTable(none), "It has no options.");
  t.end();
});

t.test("withTables() writes between markers, and refuses broken ones", (t) => {
  const page = "# x\n<!-- options mixer a -->\nold\n<!-- /options -->\nend\n";
  const table = (contract: string, name: string): string => `${contract}/${name}`;
  const written = "# x\n<!-- options mixer a -->\nmixer/a\n<!-- /options -->\nend\n";
  t.equal(withTables("x.md", page, table), written);
  t.equal(withTables("x.md", written, table), written);
  t.same(markersOf(page), ["mixer a"]);
  for (const broken of [
    "<!-- options mixer -->\n<!-- /options -->",
    "<!-- options mixer a -->",
    "<!-- /options -->",
  ]) {
    t.throws(() => withTables("x.md", broken, table), /x\.md: expected <!-- options/, broken);
  }
  t.end();
});

t.test("a marker for a component that is not there is an error", async (t) => {
  const text = "<!-- options mixer nothing -->\n<!-- /options -->\n";
  await t.rejects(pagesWithTables([{ path: "x.md", text }]), {
    message: 'there is no mixer "nothing"',
  });
});

t.test("options of every built-in component are on a page", async (t) => {
  const registry = await assemble(builtinPlugins);
  const marked = new Set(pages().flatMap(({ text }) => markersOf(text)));
  const missing = registry.contracts().flatMap((contract) =>
    registry
      .all(contract)
      .filter((component) => optionsTable(component) !== "It has no options.")
      .map(({ name }) => `${contract.kind} ${name}`)
      .filter((name) => !marked.has(name)),
  );
  t.same(missing, []);
});
