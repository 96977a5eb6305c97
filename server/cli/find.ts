/**
 * From what a user calls a scenario to its text.
 *
 * @module
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError, messageOf } from "../../core/plugin/errors.ts";
import { nearest } from "../../core/plugin/suggest.ts";
import { type PackagedScenario, packagedScenarios, packagedSweeps } from "./package.ts";

/** A scenario file. */
export interface ScenarioFile {
  /** As it is named in messages: what the user gave, or the path of a packaged scenario. */
  readonly file: string;
  readonly text: string;
  /** Its location. */
  readonly base: URL;
}

/**
 * Reads the scenario that a path or the name of a packaged scenario means. A file goes before a name.
 * @throws InputError where there is none, with the nearest name that there is
 */
export function findScenario(given: string): ScenarioFile {
  const stat = statSync(given, { throwIfNoEntry: false });
  if (stat?.isDirectory()) {
    const inside = readdirSync(given).filter((name) => /\.(ya?ml|json)$/.test(name));
    const list = inside.length === 0 ? "It holds no scenario" : `Name a file in it: ${inside.join(", ")}`;
    throw new InputError(`${given} is a folder. ${list}`);
  }
  if (stat !== undefined) return read(given, given);
  const packaged = [...packagedScenarios(), ...packagedSweeps()];
  const found = named(given, packaged);
  if (found !== undefined) return read(found.path, found.path);

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

function read(path: string, file: string): ScenarioFile {
  try {
    return { file, text: readFileSync(path, "utf8"), base: pathToFileURL(resolve(path)) };
  } catch (error) {
    throw new InputError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
