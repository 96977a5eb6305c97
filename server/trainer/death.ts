/**
 * Why a process ended that sent no last message: from its exit code, its signal, and what it printed last.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process";

/** So many characters of what a process printed last are kept. */
const TAIL = 8192;

/**
 * Passes on what a process prints.
 * @returns the last of it
 */
export function tailOf({ stdout, stderr }: ChildProcess, output: NodeJS.WritableStream): () => string {
  let tail = "";
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output.write(text);
      tail = (tail + text).slice(-TAIL);
    });
  }
  return () => tail;
}

/** Why a trainer ended, as far as can be told. */
export function causeOfDeath(code: number | null, signal: NodeJS.Signals | null, tail: string): string {
  const what = "the process that trained";
  if (/(heap|process|Java[sS]cript) out of memory|Allocation failed/i.test(tail)) {
    return `${what} ran out of memory for JavaScript (--max-old-space-size)`;
  }
  const taken = /^it took \d+ MB of memory, and may take \d+$/m.exec(tail)?.[0];
  if (taken !== undefined) return `${what} was killed: ${taken}`;
  if (signal === "SIGKILL") {
    return `${what} was killed (SIGKILL): by somebody, or by the system, which does so when memory runs out`;
  }
  const last = tail.trim().split("\n").at(-1);
  const words = last ? `; it printed last: ${last}` : "";
  if (signal !== null) return `${what} crashed (${signal})${words}`;
  if (code === 0)
    return `${what} exited before its run ended: a plugin or an engine called process.exit${words}`;
  return `${what} exited with code ${code} before its run ended${words}`;
}
