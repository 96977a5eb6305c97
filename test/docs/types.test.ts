/** The code of the documentation is checked as strictly as a consumer may check it, by tsc and by Deno. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { allBlocks, complaint, examplesOf, nameOf, writePackage } from "./examples.ts";
import { root } from "./pages.ts";

t.setTimeout(600_000); // minutes on a busy machine

const bin = (name: string): string => join(root, "node_modules/.bin", name);

const { folder, examples } = writePackage(allBlocks());
t.teardown(() => rmSync(folder, { recursive: true }));

t.test("blocks of code are found in pages and docstrings", (t) => {
  t.ok(examples.length > 20, `${examples.length} blocks`);
  const source = (example: string): string =>
    `/** Adds.\n * @example\n${example}\n * @returns it\n */\nexport function add(): void {}\n`;
  const complete = ' * ```ts\n * import { add } from "x";\n * ```';
  t.match(examplesOf("core/a.ts", source(complete)), [
    { page: "core/a.ts", line: 4, language: "ts", code: 'import { add } from "x";\n' },
  ]);
  const internal = examplesOf("core/a.ts", source(" * ```ts\n * add();\n * ```"));
  t.match(internal, [{ line: 4, code: 'import { add } from "../../core/a.ts"; add();\n' }]);
  t.throws(() => examplesOf("a.ts", source(" * add(1)")), /a\.ts:2: put the @example between fences/);
  t.equal(nameOf("// a-b.test.ts\ncode"), "a-b.test.ts");
  t.equal(nameOf("// a comment\ncode"), undefined);
  t.end();
});

t.test("tsc accepts all code", async (t) => {
  t.equal(await complaint(bin("tsc"), ["-p", folder], root), "");
});

t.test("Deno accepts all code", async (t) => {
  const files = examples.map(({ file }) => file);
  t.equal(await complaint(bin("deno"), ["check", "--quiet", ...files], folder), "");
});

t.test("what tsc refuses is found", async (t) => {
  const block = { page: "x.md", line: 3, language: "ts", info: "", code: "const x: number = 'one';\n" };
  const wrong = writePackage([block]);
  t.teardown(() => rmSync(wrong.folder, { recursive: true }));
  t.match(await complaint(bin("tsc"), ["-p", wrong.folder], root), /x\/line-3\.ts\(3,7\): error TS2322/);
});
