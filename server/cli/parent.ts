/**
 * Who started this process. A terminal's Ctrl-C reaches a command whatever started it; a signal to npm does not: npm ends, or
 * the shell that it started, and the command would go on alone.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** Taken as early as can be: whoever started us may be gone before a command begins. */
const first = process.ppid;

const LOOK_EVERY_MS = 300;
/** Shells that npm starts scripts in, which may outlive it. */
const SHELL = /^(ba|da|a|k|z)?sh$/;

interface ProcessStat {
  readonly name: string;
  readonly parent: number;
  readonly session: number;
}

/**
 * Calls a function once npm, or the shell between npm and us, is gone, where npm has started us. Linux tells that; elsewhere
 * nobody is watched. A process that leads a session was let go on purpose.
 * @returns ends that
 */
export function watchNpm(gone: () => void): () => void {
  const { npm_lifecycle_event, npm_command } = process.env;
  const own = statOf(process.pid);
  if ((npm_lifecycle_event ?? npm_command) === undefined || own?.session === process.pid) return () => {};
  const shell = statOf(first);
  const above = shell !== undefined && SHELL.test(shell.name) ? shell.parent : undefined;
  if (own === undefined) return () => {};
  const timer = setInterval(() => {
    const isHere = process.ppid === first && (above === undefined || statOf(first)?.parent === above);
    if (isHere) return;
    clearInterval(timer);
    gone();
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** What Linux tells of a process; undefined where there is none, and on other systems. */
function statOf(pid: number): ProcessStat | undefined {
  try {
    // `pid (name) state ppid pgrp session …`; the name may have blanks and parentheses.
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [, parent, , session] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    return { name, parent: Number(parent), session: Number(session) };
  } catch {
    return undefined;
  }
}
