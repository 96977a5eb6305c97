/** Commands that the documentation shows exist, with their options; scenarios they name load, with their overrides. */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import t from "tap";
import { loadScenario, type Override } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { argumentsOfDsgan, type CommandLine, commandsOf } from "./commands.ts";
import { pages, root } from "./pages.ts";

const commands = pages().flatMap(commandsOf);
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

const helps = new Map<string, string>();

/** The help of a command of dsgan; that of dsgan itself where it has no such command. */
function helpOf(words: readonly string[]): string {
  const command = words.join(" ");
  const known = helps.get(command);
  if (known !== undefined) return known;
  const help = execFileSync(process.execPath, ["server/cli/main.ts", ...words, "--help"], {
    cwd: root,
    encoding: "utf8",
  });
  helps.set(command, help);
  return help;
}

/** What is wrong with arguments of dsgan. */
function faultsOf(args: readonly string[]): string[] {
  const [command = "", second = ""] = args;
  if (command.startsWith("-") || command.startsWith("<") || command === "…") return [];
  const isBelow =
    command === "data" ||
    command === "new" ||
    (command === "sweep" && ["status", "cancel", "resume"].includes(second));
  const path = isBelow ? [command, second].filter((word) => /^[a-z]+$/.test(word)) : [command];
  const help = helpOf(path);
  if (!help.startsWith(`Usage: dsgan ${path.join(" ")}`)) return [`dsgan has no command "${path.join(" ")}"`];
  const flags = args.flatMap((word) => /^--[a-z][a-z-]*/.exec(word) ?? []);
  return flags
    .filter((flag) => !new RegExp(`${flag}\\b`).test(help))
    .map((flag) => `dsgan ${path.join(" ")} has no ${flag}`);
}

/** The file of a packaged scenario, or of one of the repository; undefined for a reader's own. */
function fileOf(name: string): string | undefined {
  if (existsSync(join(root, name))) return name;
  return globSync("scenarios/**/*.yaml", { cwd: root }).find(
    (path) => path === `scenarios/${name}.yaml` || basename(path, ".yaml") === name,
  );
}

/** Names of scenarios that a reader is to write. */
const READERS = /[<*$]|^(my[-.]|hinge|lean|mean|.*\.yaml$)/;

function overridesOf(args: readonly string[]): Override[] {
  return args.flatMap((word, i) => {
    if (word !== "--set") return [];
    const [path, ...value] = (args[i + 1] ?? "").split("=");
    return [{ path: path!, value: value.join("=") }];
  });
}

t.test("commands of dsgan and their options exist", (t) => {
  const lines = commands.flatMap((line) => (argumentsOfDsgan(line)?.length ? [line] : []));
  t.ok(lines.length > 50, `${lines.length} commands`);
  const faults = lines.flatMap((line) =>
    faultsOf(argumentsOfDsgan(line)!).map((fault) => `${line.page}: ${fault}`),
  );
  t.same([...new Set(faults)], []);
  t.end();
});

t.test("scenarios that commands run are there, and take their overrides", async (t) => {
  for (const line of commands) {
    const [command, name, ...rest] = argumentsOfDsgan(line) ?? [];
    if (
      command !== "run" ||
      name === undefined ||
      name.startsWith("-") ||
      (READERS.test(name) && fileOf(name) === undefined)
    )
      continue;
    const file = fileOf(name);
    const title = `${line.page}: dsgan run ${[name, ...rest].join(" ")}`;
    if (file === undefined) {
      t.fail(`${title}: there is no such scenario`);
      continue;
    }
    const overrides = overridesOf(rest).filter(({ value }) => !/[<…]/.test(value));
    const base = pathToFileURL(join(root, file));
    await loadScenario(readFileSync(base, "utf8"), { base, file, overrides, plugins: builtinPlugins }).then(
      () => t.pass(title),
      (error: Error) => t.fail(`${title}: ${error.message}`),
    );
  }
});

t.test("scripts that npm runs are in package.json", (t) => {
  const run = ({ words }: CommandLine): string | undefined =>
    words[0] === "npm" && words[1] === "run"
      ? words.find((word, i) => i > 1 && !word.startsWith("-"))
      : undefined;
  const names = commands.flatMap((line) => run(line) ?? []);
  t.ok(names.length > 5, `${names.length} commands`);
  t.same(
    names.filter((name) => !(name in scripts)),
    [],
  );
  t.end();
});
