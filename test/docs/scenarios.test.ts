/**
 * The YAML of the documentation is valid: scenarios as a whole, and of fragments each option, which some component must
 * know and take.
 */
import { globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import t from "tap";
import { parseDocument, type YAMLMap } from "yaml";
import { z } from "zod";
import { assemble, InputError, loadScenario, loadSweep, type Registry, refsOf } from "../../core/mod.ts";
import { objectOf } from "../../core/plugin/options.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { allBlocks, folderOf, writePackage } from "./examples.ts";
import { type Block, root } from "./pages.ts";

/** Keys and values of a block, which may have a key more than once: two ways of writing one option. */
function entriesOf(code: string): [string, unknown][] {
  const document = parseDocument(code, { uniqueKeys: false });
  const [fault] = document.errors;
  if (fault !== undefined) throw fault;
  const { items } = document.contents as YAMLMap;
  return items.map(({ key, value }) => [String(key), (value as { toJSON(): unknown }).toJSON()]);
}

/** Schemas of all options of a name, of whatever component, in whatever depth. */
function optionsNamed(name: string, registry: Registry): z.ZodType[] {
  const found: z.ZodType[] = [];
  const search = (schema: z.ZodType, depth: number): void => {
    const object = objectOf(unwrapped(schema));
    for (const [key, option] of Object.entries(object?.shape ?? {}) as [string, z.ZodType][]) {
      if (key === name) found.push(option);
      if (depth > 0) search(option, depth - 1);
    }
  };
  for (const contract of registry.contracts()) {
    for (const component of registry.all(contract)) search(component.options(refsOf(registry)), 2);
  }
  return found;
}

/** A schema without its default and the like. */
function unwrapped(schema: z.ZodType): z.ZodType {
  const { innerType } = schema._zod.def as { innerType?: z.ZodType };
  return innerType === undefined ? schema : unwrapped(innerType);
}

const ROOT = [
  "name",
  "description",
  "tags",
  "plugins",
  "seed",
  "engine",
  "checkpoint",
  "sentinels",
  "expect",
];
const ANY = { use: "generate", target: { use: "dataset-difference", pd: "uniform", pdBar: "normal" } };

const { folder } = writePackage(allBlocks());
t.teardown(() => rmSync(folder, { recursive: true }));

/** @throws InputError saying what is wrong with a scenario */
async function validate(block: Block, scenario: unknown): Promise<void> {
  await loadScenario(JSON.stringify(scenario), {
    base: pathToFileURL(join(folder, folderOf(block), "scenario.yaml")),
    file: `${block.page}:${block.line}`,
    name: "scenario",
    plugins: builtinPlugins,
  });
}

/** @throws InputError saying what is wrong with a block */
async function checkBlock(block: Block, registry: Registry): Promise<void> {
  const entries = entriesOf(block.code);
  if (entries.some(([key]) => key === "application" || key === "name")) {
    await validate(block, parseDocument(block.code).toJSON());
    return;
  }
  for (const [key, value] of entries) {
    if (ROOT.includes(key)) {
      await validate(block, { application: ANY, [key]: value });
      continue;
    }
    const results = optionsNamed(key, registry).map((schema) => schema.safeParse(value));
    if (results.some(({ success }) => success)) continue;
    const why = results.map(({ error }) => z.prettifyError(error!)).join("\n");
    throw new InputError(`${block.page}:${block.line}: ${key}: ${why || "no component has such an option"}`);
  }
}

t.test("scenarios and fragments of scenarios are valid", async (t) => {
  const registry = await assemble(builtinPlugins);
  const blocks = allBlocks().filter(({ language, info }) => language === "yaml" && info === "");
  t.ok(blocks.length > 30, `${blocks.length} blocks`);
  for (const block of blocks) {
    await checkBlock(block, registry).then(
      () => t.pass(`${block.page}:${block.line}`),
      (error: Error) => t.fail(`${block.page}:${block.line}: ${error.message}`),
    );
  }
});

/** A sweep, or keys of one, which stand beside those that every sweep needs. */
async function checkSweepBlock({ page, line, code }: Block): Promise<void> {
  const given = parseDocument(code).toJSON() as object;
  const whole = { scenario: "ring", vary: { "application.k": [1, 2] }, search: "grid", ...given };
  const base = new URL("../../scenarios/smoke/", import.meta.url);
  await loadSweep(JSON.stringify(whole), {
    ...{ base, file: `${page}:${line}`, name: "sweep", plugins: builtinPlugins },
    find: (name) => ({
      ...{ file: name, base, name },
      text: readFileSync(join(root, globSync(`scenarios/*/${name}.yaml`, { cwd: root })[0] ?? name), "utf8"),
    }),
  });
}

t.test("sweeps and fragments of sweeps are valid", async (t) => {
  const blocks = allBlocks().filter(({ language, info }) => language === "yaml" && info === "sweep");
  t.ok(blocks.length > 4, `${blocks.length} blocks`);
  for (const block of blocks) {
    await checkSweepBlock(block).then(
      () => t.pass(`${block.page}:${block.line}`),
      (error: Error) => t.fail(`${block.page}:${block.line}: ${error.message}`),
    );
  }
  const wrong = { page: "README.md", line: 1, language: "yaml", info: "sweep", code: "search: gird" };
  await t.rejects(checkSweepBlock(wrong), { message: /did you mean "grid"/ });
});

t.test("what is wrong is found", async (t) => {
  const registry = await assemble(builtinPlugins);
  const block = (code: string): Block => ({ page: "README.md", line: 1, language: "yaml", info: "", code });
  const wrong = {
    "application: { use: generat }": /did you mean "generate"/,
    "engine: gpu": /gpu/,
    "objective: { use: wgan-gp, lamda: 1 }": /lamda/,
    "nonsense: 1": /no component has such an option/,
    "objective: wgan-gp\nobjective: wgan-gb": /wgan-gb/,
  };
  for (const [code, message] of Object.entries(wrong)) {
    await t.rejects(checkBlock(block(code), registry), { message }, code);
  }
});
