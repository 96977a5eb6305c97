/**
 * From what a user calls a scenario to its text.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { InputError, messageOf } from "../../core/plugin/errors.ts";
import { nearest } from "../../core/plugin/suggest.ts";
import { decodeText } from "../../core/scenario/encoding.ts";
import { expanded, type SourceText } from "../../core/scenario/expand.ts";
import { type PackagedScenario, packagedScenarios, packagedSweeps } from "./package.ts";
import { place } from "./words.ts";

/**
 * A scenario file. It is named in messages as the user gave it, `-` for standard input, or by the path of a packaged
 * scenario.
 */
export type ScenarioFile = SourceText;

/** What stands for standard input. */
const STDIN = "-";

/**
 * Reads the scenario that a path or the name of a packaged scenario means, with what it extends and takes from the
 * environment. A file goes before a name; `-` is standard input.
 * @throws InputError where there is none, with the nearest name that there is
 */
export function findScenario(given: string): ScenarioFile {
  return expanded(found(given), {
    env: process.env,
    read: (name, from) => {
      const path = isAbsolute(name) ? name : resolve(dirname(fileURLToPath(from)), name);
      return existsSync(path) ? readText(path, place(path)) : found(name);
    },
    rebase: (path, from, to) => {
      const file = resolve(dirname(fileURLToPath(from)), path);
      const moved = relative(dirname(fileURLToPath(to)), file)
        .split(sep)
        .join("/");
      return moved.startsWith(".") ? moved : `./${moved}`;
    },
  });
}

function found(given: string): ScenarioFile {
  if (given === STDIN) return { file: STDIN, text: stdin(), base: pathToFileURL(resolve("stdin")) };
  const stat = statSync(given, { throwIfNoEntry: false });
  if (stat?.isDirectory()) {
    const inside = readdirSync(given).filter((name) => /\.(ya?ml|json)$/.test(name));
    const list = inside.length === 0 ? "It holds no scenario" : `Name a file in it: ${inside.join(", ")}`;
    throw new InputError(`${given} is a folder. ${list}`);
  }
  if (stat !== undefined) return readText(given, given);
  const packaged = [...packagedScenarios(), ...packagedSweeps()];
  const there = named(given, packaged);
  if (there !== undefined) return readText(there.path, there.path);

  const inside = packaged.filter(({ name }) => name.startsWith(`${given.replace(/\/$/, "")}/`));
  if (inside.length > 0) {
    throw new InputError(
      `${given} is a folder. Name a scenario in it: ${inside.map(({ name }) => name).join(", ")}`,
    );
  }
  // The name alone may be what is misspelt, or the folder before it.
  const wanted = given.replace(/^(\.\/)?(scenarios\/)?/, "").replace(/\.(ya?ml|json)$/, "");
  const names = packaged.map(({ name }) => name);
  const near =
    nearest(wanted, names) ??
    names.find(
      (name) =>
        basename(name) ===
        nearest(
          basename(wanted),
          names.map((n) => basename(n)),
        ),
    );
  const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
  throw new InputError(
    `there is no scenario file ${given}${hint || "."} \`dsgan list scenarios\` shows those packaged`,
  );
}

/** The packaged scenario of a name such as `smoke/ring`, or `ring` where only one folder has it. */
function named(given: string, packaged: readonly PackagedScenario[]): PackagedScenario | undefined {
  const exact = packaged.find(({ name }) => name === given);
  const alike = packaged.filter(({ name }) => basename(name) === given);
  return exact ?? (alike.length === 1 ? alike[0] : undefined);
}

function readText(path: string, file: string): ScenarioFile {
  return { file, text: decodeText(bytesOf(path, path), file), base: pathToFileURL(resolve(path)) };
}

/** @param source a path or a file descriptor */
function bytesOf(source: string | number, name: string): Uint8Array {
  try {
    return readFileSync(source);
  } catch (error) {
    throw new InputError(`cannot read ${name}: ${messageOf(error)}`, { cause: error });
  }
}

let typed: string | undefined;

/** What comes in by standard input, which can be read once. */
function stdin(): string {
  typed ??= decodeText(bytesOf(0, "standard input"), STDIN);
  return typed;
}
