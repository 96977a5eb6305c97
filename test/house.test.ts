/** The design rule of the house: core ← plugins ← the composition roots, and nothing the other way. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { assemble, Engines } from "../core/mod.ts";
import { builtinPlugins } from "../plugins/mod.ts";
import { LIST, pluginList, pluginModules } from "./gate/plugins.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Rooms whose modules a module of a room may import, and the roots that may import anything. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: ["core"],
  plugins: ["core", "plugins"],
  server: ["core", "server"],
};
const COMPOSITION_ROOTS = [/^server\/cli\//, /^server\/(http|trainer)\/main\.ts$/];
/** Plugins may use what lies in a family they share (IDX reading serves two datasets), but no other family. */
const family = (path: string): string => path.split("/").slice(0, 2).join("/");

interface Import {
  readonly from: string;
  readonly to: string;
}

const imports: Import[] = globSync("{core,plugins,server}/**/*.ts", { cwd: root }).flatMap((from) => {
  const source = readFileSync(join(root, from), "utf8");
  const specifiers = [...source.matchAll(/(?:from|import|import\()\s*"(\.[^"]+)"/g)].map((m) => m[1]!);
  return specifiers.map((to) => ({ from, to: relative(root, join(root, dirname(from), to)) }));
});

t.test("rooms import only what the house allows", (t) => {
  t.ok(imports.length > 100, "imports were found");
  const wrong = imports.filter(({ from, to }) => {
    if (COMPOSITION_ROOTS.some((rootPattern) => rootPattern.test(from))) return false;
    return !MAY_IMPORT[from.split("/")[0]!]!.includes(to.split("/")[0]!);
  });
  t.same(wrong, []);
  t.end();
});

/** Rooms of the core from the ground up: a room may import those on floors below its own. */
const FLOORS = [
  ["plugin"],
  ["tensor"],
  ["model"],
  ["run"],
  ["gan", "attack", "scenario"],
  ["jobs", "runner"],
  ["sweep"],
];

t.test("rooms of the core import only rooms on lower floors", (t) => {
  const floorOf = (path: string): number => FLOORS.findIndex((rooms) => rooms.includes(path.split("/")[1]!));
  const inRooms = imports.filter(({ from }) => from.startsWith("core/") && from !== "core/mod.ts");
  t.ok(inRooms.length > 100, "imports were found");
  const wrong = inRooms.filter(({ from, to }) => {
    if (dirname(from) === dirname(to)) return false;
    return floorOf(from) < 0 || floorOf(to) < 0 || floorOf(to) >= floorOf(from);
  });
  t.same(wrong, []);
  t.end();
});

t.test("no file imports itself, however far around", (t) => {
  const reached = new Map<string, readonly string[]>();
  for (const { from, to } of imports) reached.set(from, [...(reached.get(from) ?? []), to]);
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) circles.push([...path.slice(start), file].join(" -> "));
    if (start >= 0 || done.has(file)) return;
    for (const next of reached.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of reached.keys()) walk(file, []);
  t.same(circles, []);
  t.end();
});

t.test(
  "plugins reach the core through its public module, and other plugins only within their family",
  (t) => {
    const wrong = imports.filter(
      ({ from, to }) =>
        from.startsWith("plugins/") &&
        from !== "plugins/mod.ts" &&
        (to.startsWith("core/") ? to !== "core/mod.ts" : family(from) !== family(to)),
    );
    t.same(wrong, []);
    t.end();
  },
);

t.test("every plugin has its page, and is in the list of built-in ones", (t) => {
  t.equal(readFileSync(LIST, "utf8"), pluginList(), "plugins/mod.ts is what `npm run plugins` writes");
  const folders = pluginModules().map(dirname);
  t.ok(folders.length > 10, "plugins were found");
  for (const folder of folders) {
    t.ok(existsSync(join(root, "plugins", folder, "README.md")), `${folder} has a README.md`);
  }
  t.end();
});

t.test("randomness comes from keys alone", (t) => {
  const users = globSync("{core,plugins}/**/*.ts", { cwd: root }).filter((path) =>
    /Math\.random\(|tf\.(random|truncatedNormal|dropout|multinomial)/.test(
      readFileSync(join(root, path), "utf8"),
    ),
  );
  t.same(users, []);
  t.end();
});

/** Names of built-in components that are words of the core too: a contract's kind, a distribution, what one says. */
const WORDS = new Set(
  (
    "classifier dsgan folder generate geometry images line memory mixture normal original ring run square supervised trained " +
    "uniform weighted weights"
  ).split(" "),
);
/** Where such a word stands alone, it is one of these values and no component. */
const VALUES = new Set(["classifier", "dsgan", "normal", "run", "uniform"]);

t.test("the core names no plugin", async (t) => {
  const registry = await assemble(builtinPlugins);
  const names = registry.contracts().flatMap((contract) => registry.all(contract).map(({ name }) => name));
  t.ok(names.length > 50, "components were found");
  const named: string[] = [];
  for (const path of globSync("core/**/*.ts", { cwd: root })) {
    const code = readFileSync(join(root, path), "utf8").replace(
      /\/\*[\s\S]*?\*\/|^\s*\/\/.*$|^import .*$|from "\.[^"]*"/gm,
      "",
    );
    for (const [literal] of code.matchAll(/"(?:[^"\\\n]|\\.)*"|`[^`]*`/g)) {
      const text = literal.slice(1, -1).replaceAll("@tensorflow/", "");
      const isNamed = (name: string): boolean =>
        WORDS.has(name)
          ? text === name && !VALUES.has(name)
          : new RegExp(`(^|[^\\w-])${name}($|[^\\w-])`).test(text);
      for (const name of names.filter(isNamed)) named.push(`${path}: ${name} in ${literal}`);
    }
  }
  t.same(named, []);
  const [engine] = registry.all(Engines);
  t.equal(
    engine?.name,
    "auto",
    "the first engine of the list, which scenarios run on unless they name another",
  );
});
