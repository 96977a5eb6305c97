/**
 * Values of options, as the command line reads them.
 *
 * @module
 */
import { InvalidArgumentError, Option } from "commander";

export function whenAlone(): Option {
  return new Option("--when-alone <what>", "what a trainer does when this process is gone")
    .choices(["finish", "stop"])
    .default("stop", "stop: write a checkpoint and stop");
}

/** How long a trainer may take to stop. */
export function grace(): Option {
  return new Option("--grace <seconds>", "time that a trainer has to stop; then it is killed")
    .argParser(count)
    .default(30);
}

/** Where runs are kept. A URL may have a password, which others see on a command line, but not in the environment. */
export function runsOption(): Option {
  return new Option("--runs <place>", "where runs are kept: a folder, or a URL of a store")
    .env("DSGAN_RUNS")
    .argParser((place) => place || "runs")
    .default("runs");
}

/** Where jobs are kept. As that of runs, the place may have a password. */
export function jobsOption(what: string): Option {
  return new Option("--jobs <place>", what).env("DSGAN_JOBS");
}

/** Plugins beside the built-in ones, for the store of {@link runsOption}. */
export function storePlugin(): Option {
  return new Option(
    "--plugin <p>",
    "a plugin with the store of --runs: a path, URL or package; may be repeated",
  ).argParser(collect);
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** A TCP port. @throws InvalidArgumentError */
export function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError("expected a port, 0 to 65535.");
  return port;
}

/** A whole number from 1. @throws InvalidArgumentError */
export function positive(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < 1 || !Number.isSafeInteger(n)) {
    throw new InvalidArgumentError("Expected a whole number from 1.");
  }
  return n;
}

/** A number from 1, such as 1e10. @throws InvalidArgumentError */
export function large(text: string): number {
  const n = Number(text);
  if (text.trim() === "" || !Number.isFinite(n) || n < 1) {
    throw new InvalidArgumentError("Expected a number from 1, such as 1e10.");
  }
  return n;
}

/** A whole number from 0. @throws InvalidArgumentError */
export function count(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n)) {
    throw new InvalidArgumentError("Expected a whole number from 0.");
  }
  return n;
}

export function wholeNumber(text: string): string {
  if (/^-?\d+$/.test(text)) return text;
  throw new InvalidArgumentError("Expected a whole number.");
}
