/**
 * The files of a new plugin: a package that passes its own test under Node and Deno at once.
 *
 * @module
 */
import type { Template } from "./template.ts";

/** What is the same for all plugins made at this moment. */
export interface Surroundings {
  /** Version of dsgan that the plugin is written for. */
  readonly dsgan: string;
  /** Lowest version of Node that runs TypeScript. */
  readonly node: string;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const indented = (text: string): string => text.trim().replaceAll(/^(?=.)/gm, "  ");

/** All files of a plugin, by their path. */
export function pluginFiles(
  name: string,
  kind: string,
  template: Template,
  { dsgan, node }: Surroundings,
): ReadonlyMap<string, string> {
  const named = (text: string): string => text.replaceAll("NAME", name);
  return new Map([
    ["package.json", packageJson(name, template, dsgan, node)],
    ["tsconfig.json", json({ compilerOptions: COMPILER, include: ["src", "test"] })],
    [
      "tsconfig.build.json",
      json({
        extends: "./tsconfig.json",
        compilerOptions: { noEmit: false, declaration: true, outDir: "dist", rootDir: "src" },
        include: ["src"],
      }),
    ],
    ["deno.json", json({ nodeModulesDir: "manual", tasks: { test: "deno test -A" } })],
    [".gitignore", "node_modules\ndist\nruns\nscenario.schema.json\n"],
    [".github/workflows/ci.yml", workflow(node)],
    ["scenario.yaml", named(scenario(name, template))],
    [`src/${name}.ts`, named(template.source)],
    [`test/${name}.test.ts`, named(test(name, kind, template))],
    ["README.md", readme(name, kind, template)],
  ]);
}

const COMPILER = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  rewriteRelativeImportExtensions: true,
  module: "nodenext",
  target: "es2024",
  lib: ["es2024", "dom", "esnext.disposable"],
  types: ["node"],
  skipLibCheck: true,
  noEmit: true,
};

function packageJson(name: string, { what }: Template, dsgan: string, node: string): string {
  return json({
    name: `dsgan-${name}`,
    version: "0.1.0",
    description: `${name}, ${what} for dsgan`,
    keywords: ["dsgan", "dsgan-plugin"],
    license: "MIT",
    type: "module",
    engines: { node: `>=${node}` },
    exports: { ".": { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` } },
    files: ["dist", "README.md"],
    scripts: {
      test: "tsc && node --test",
      build: "tsc -p tsconfig.build.json",
      start: "dsgan run scenario.yaml",
      schema: "dsgan schema scenario.yaml --write scenario.schema.json",
      docs: `dsgan options --plugin ./src/${name}.ts --write README.md`,
      prepare: "npm run schema && npm run docs",
      prepack: "npm run build",
      prepublishOnly: "npm test",
    },
    peerDependencies: { dsgan: `^${dsgan}` },
    devDependencies: { "@types/node": "^24.0.0", typescript: "~6.0.3" },
  });
}

function workflow(node: string): string {
  return `name: test
on: [push, pull_request]
jobs:
  node:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: "${node.split(".")[0]}" }
      - run: npm install
      - run: npm test
      - run: npm run build
  deno:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: denoland/setup-deno@v2
      - run: npm install --ignore-scripts
      - run: deno test -A
`;
}

function scenario(name: string, { application, expect, what }: Template): string {
  const expected = expect === undefined ? "" : `expect:\n${indented(expect)}\n`;
  return `# yaml-language-server: $schema=./scenario.schema.json
name: ${name}
description: A run of seconds that uses ${what} of this plugin.
plugins: [./src/NAME.ts]
application:
${indented(application.replaceAll(/\n{2,}/g, "\n"))}
${expected}`;
}

function test(name: string, kind: string, template: Template): string {
  const { contract, from, imports, check, several } = template;
  const testing = ["checkOptions", "contextFor", "runScenario", "tester", ...imports.testing].sort();
  const dsgan = [...(from === undefined ? [contract] : []), "refsOf", ...imports.dsgan];
  const needs = (word: string): boolean => check.includes(word);
  const core = dsgan.filter((word) => word === "refsOf" || needs(word)).sort();
  const other = from !== undefined && needs(contract) ? `import { ${contract} } from "${from}";\n` : "";
  const context = needs("context.") ? "  const context = await contextFor(plugin);\n" : "";
  const parts =
    several === undefined ? ["plugin"] : Array.from({ length: several }, (_, i) => `plugin[${i}]`);
  const checked = parts.map((part) => `checkOptions(tester(t), ${part}, refsOf(registry));`).join("\n  ");
  return `import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { ${core.join(", ")} } from "dsgan";
${other}import { ${testing.join(", ")} } from "dsgan/testing";
import plugin from "../src/${name}.ts";

test("${name} keeps the contract of ${plural(kind)}", async (t) => {
${context}  ${check}
});

test("every option of ${name} is described", async (t) => {
  const { registry } = await contextFor(plugin);
  ${checked}
});

test("scenario.yaml runs", async () => {
  const file = new URL("../scenario.yaml", import.meta.url);
  const { result } = await runScenario(await readFile(file, "utf8"), {
    base: file,
    overrides: [{ path: "engine", value: "cpu" }],
  });
  assert.equal(result.status, "passed", result.error?.message);
});
`;
}

function readme(name: string, kind: string, { what, application }: Template): string {
  return `# ${name}

${what[0]!.toUpperCase()}${what.slice(1)} for [dsgan](https://www.npmjs.com/package/dsgan).

\`\`\`yaml
plugins: [dsgan-${name}]
application:
${indented(application.replaceAll("NAME", name).replaceAll(/\n{2,}/g, "\n"))}
\`\`\`

<!-- options ${kind} ${name} -->
<!-- /options -->

\`npm install && npm test\` checks it; \`npm start\` runs \`scenario.yaml\`; \`npm run schema\` writes the schema from which
editors complete that file; \`npm run docs\` writes the table of options above.
`;
}

const plural = (kind: string): string => `${kind}s`;
