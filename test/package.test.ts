/**
 * The package as a consumer gets it: packed, unpacked beside its dependencies, and the README's plugin run with it.
 * What the README shows is what is run here.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { consumer } from "./consumer.ts";

t.setTimeout(600_000); // minutes on a busy machine

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The code block of the README that begins with a comment naming the file. */
function block(file: string): string {
  const found = readme.match(
    new RegExp(`\`\`\`\\w+\\n(?://|#) ${file.replace(".", "\\.")}\\n([\\s\\S]*?)\`\`\``),
  );
  if (found === null) throw new Error(`README.md has no code block that begins with a comment "${file}"`);
  return found[1]!;
}

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const { folder, dsgan, remove } = consumer();
t.teardown(remove);

t.test("the README's plugin is complete, under 40 lines, and runs in a consumer's project", (t) => {
  const plugin = block("hinge.ts");
  t.ok(plugin.split("\n").length < 40, `${plugin.split("\n").length} lines`);
  writeFileSync(join(folder, "hinge.ts"), plugin);
  writeFileSync(join(folder, "hinge.yaml"), block("hinge.yaml"));
  const lines = dsgan("run", "hinge.yaml", "--json").trim().split("\n");
  const result = JSON.parse(lines.at(-1)!);
  t.equal(result.status, "passed");
  t.ok(Number.isFinite(result.metrics.criticLoss));
  t.match(readFileSync(join(result.location, "scenario.yaml"), "utf8"), /use: hinge\n\s+margin: 1/);
  t.ok(existsSync(result.report));
  t.end();
});

t.test("the package brings the page and all that it is made of", async (t) => {
  const main = join(folder, "node_modules/dsgan/dist/server/cli/main.js");
  const server = spawn(process.execPath, [main, "serve", "--port", "0"], { cwd: folder });
  t.teardown(() => server.kill("SIGKILL"));
  let url: string | undefined;
  for await (const text of server.stdout) {
    url = /http:\S+/.exec(String(text))?.[0];
    if (url !== undefined) break;
  }
  const page = await (await fetch(`${url}/`)).text();
  const parts = [...page.matchAll(/"(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`);
  t.ok(parts.length > 3, `${parts}`);
  for (const [i, part] of parts.entries()) {
    const answer = await fetch(`${url}${part}`);
    t.equal(answer.status, 200, part);
    if (!part.endsWith(".js")) continue;
    // What a module imports is a part as well.
    for (const [, path] of (await answer.text()).matchAll(/(?:from\s*|import\s*)"([./][^"]+)"/g)) {
      const { pathname } = new URL(path!, `${url}${part}`);
      if (!parts.includes(pathname)) parts.push(pathname);
    }
    t.ok(i < 50, "no end of parts");
  }
  t.ok(
    parts.some((part) => part.endsWith("uPlot.esm.js")) && parts.some((part) => part.endsWith("lit-html.js")),
  );
  const { runs } = (await (await fetch(`${url}/api/runs`)).json()) as { runs: unknown[] };
  t.equal(runs.length, 1, "that of the test before");
});

t.test("the package brings its scenarios and no sources that Node would refuse", (t) => {
  t.match(dsgan("list", "scenarios"), /paper\/fig6-mnist/);
  const files = readdirSync(join(folder, "node_modules/dsgan"), { recursive: true, encoding: "utf8" });
  t.same(
    files.filter((file) => file.endsWith(".ts") && !/\.d\.c?ts$/.test(file)),
    [],
  );
  // The page names types in comments, `dsgan new` writes sources of others.
  const modules = files.filter(
    (file) => file.endsWith(".js") && !/server\/(http\/page|cli\/new)\//.test(file),
  );
  t.ok(modules.length > 100, "modules were found");
  t.same(
    modules.filter((file) =>
      /(?:from|import)\s*\(?\s*"\.[^"]*\.ts"/.test(
        readFileSync(join(folder, "node_modules/dsgan", file), "utf8"),
      ),
    ),
    [],
    "nor any that imports one",
  );
  t.end();
});

t.test("packing leaves no build behind, which would be a second copy of the core", (t) => {
  t.notOk(existsSync(join(root, "dist")));
  t.end();
});

t.test(
  "npm ci in a clone does not warn of this package, whatever Node runs npm: the clone brings its own",
  (t) => {
    const { engines, devEngines } = json(join(root, "package.json"));
    t.equal(engines, undefined);
    t.match(devEngines, { runtime: { version: />=22/, onFail: "ignore" } });
    t.end();
  },
);

t.test("the command tells an old Node which one it needs, with exit code 2", (t) => {
  const bin = join(
    folder,
    "node_modules/dsgan",
    json(join(folder, "node_modules/dsgan/package.json")).bin.dsgan,
  );
  const old = join(folder, "old.cjs");
  const versions = (node: string): string =>
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${node}" } });`;
  for (const [version, code] of [
    ["10.24.1", 2],
    ["20.20.2", 2],
    ["22.17.9", 2],
    ["22.18.0", 0],
    ["25.0.0", 0],
  ] as const) {
    writeFileSync(old, versions(version));
    const { status, stdout, stderr } = spawnSync(process.execPath, ["-r", old, bin, "--version"], {
      encoding: "utf8",
    });
    t.equal(status, code, version);
    if (code === 0) t.match(stdout, /^\d+\.\d+\.\d+\n$/);
    else
      t.equal(
        stderr,
        `dsgan: this is Node ${version}; dsgan needs Node 22.18 or newer. Install it from https://nodejs.org\n`,
      );
  }
  t.end();
});

t.test("every export of the package can be imported, by the same names under Deno", async (t) => {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const names = Object.keys(exports).filter((name) => !name.endsWith(".json"));
  t.same(Object.keys(JSON.parse(readFileSync(join(root, "deno.json"), "utf8")).exports), names);
  for (const name of names) {
    const { types, default: path } = exports[name];
    for (const file of [types, path]) {
      t.ok(existsSync(join(folder, "node_modules/dsgan", file)), `${name}: ${file} is in the package`);
    }
  }
  const specifiers = names.map((name) => name.replace(/^\./, "dsgan"));
  const program = `${specifiers.map((name, i) => `import * as m${i} from "${name}";`).join("\n")}
console.log(JSON.stringify([${specifiers.map((_, i) => `Object.keys(m${i}).length`)}]));
process.exit(0);`;
  writeFileSync(join(folder, "imports.ts"), program);
  const run = (...command: [string, ...string[]]): number[] =>
    JSON.parse(execFileSync(command[0], command.slice(1), { cwd: folder, encoding: "utf8" }));
  const counts = run(process.execPath, "imports.ts");
  for (const [i, count] of counts.entries()) t.ok(count > 0, `${specifiers[i]} exports ${count} names`);
  t.same(run("deno", "run", "-A", "--no-check", "--node-modules-dir=manual", "imports.ts"), counts);
  for (const moduleResolution of ["nodenext", "bundler"]) {
    const module = moduleResolution === "bundler" ? "preserve" : "nodenext";
    const compilerOptions = { module, moduleResolution, strict: true, noEmit: true, types: ["node"] };
    const options = { ...compilerOptions, skipLibCheck: true, target: "es2024", lib: ["es2024", "dom"] };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["imports.ts"] }),
    );
    const { status, stdout } = spawnSync("tsc", { cwd: folder, encoding: "utf8" });
    t.equal(status, 0, `types resolve under ${moduleResolution}: ${stdout}`);
  }
});
