/**
 * The package as a consumer gets it: packed, unpacked beside its dependencies, and the README's plugin run with it.
 * What the README shows is what is run here.
 */
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

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

/** A consumer's folder, with this package installed from its packed form. */
function consumer(): string {
  const folder = mkdtempSync(join(tmpdir(), "dsgan-consumer-"));
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: root,
    encoding: "utf8",
  });
  execFileSync("tar", ["xzf", join(folder, packed.trim().split("\n").at(-1)!), "-C", folder]);
  execFileSync("mv", [join(folder, "package"), join(modules, "dsgan")]);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return folder;
}

const folder = consumer();
t.teardown(() => rmSync(folder, { recursive: true }));
const dsgan = (...args: string[]): string =>
  execFileSync(process.execPath, [join(folder, "node_modules/dsgan/dist/server/cli/main.js"), ...args], {
    cwd: folder,
    encoding: "utf8",
  });

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
  const parts = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
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
    files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts")),
    [],
  );
  t.end();
});
