/**
 * What commands print on standard output, and what becomes of it where it cannot be written.
 *
 * @module
 */
import { Console } from "node:console";
import { messageOf } from "../../core/plugin/errors.ts";

/** Where {@link print} prints: standard output as it was before a command claimed it, or what {@link printTo} names. */
let own: ((text: string) => void) | undefined;

/** Prints on standard output, claimed or not. */
export function print(text: string): void {
  if (own === undefined) process.stdout.write(text);
  else own(text);
}

/**
 * Keeps standard output for {@link print}: whatever plugins and engines print goes to standard error, so that a program that
 * reads the output finds nothing else in it.
 * @returns gives it back
 */
export function claimStdout(): () => void {
  if (own !== undefined) return () => {};
  const { stdout, stderr } = process;
  const [write, console] = [stdout.write, globalThis.console];
  own = (text) => void write.call(stdout, text);
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  globalThis.console = new Console(stderr);
  return () => {
    stdout.write = write;
    globalThis.console = console;
    own = undefined;
  };
}

/**
 * Has {@link print} print elsewhere, for a program that runs commands within its own process and has standard output for
 * itself. @returns ends it
 */
export function printTo(take: (text: string) => void): () => void {
  const before = own;
  own = take;
  return () => {
    own = before;
  };
}

/** Streams that could not be written. */
const broken = new Set<NodeJS.WriteStream>();

/**
 * Watches what becomes of the output. Whoever reads it may stop reading (`| head`), which changes nothing: the run goes on,
 * and is stored. So it does where the output cannot be written, such as on a full disk: that is told in a line, and
 * {@link isOutputBroken}.
 */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE" || broken.has(stream)) return;
      broken.add(stream);
      if (stream === process.stdout) {
        process.stderr.write(`dsgan: standard output cannot be written: ${messageOf(error)}\n`);
      }
    });
  }
}

/** Waits until the output is written as far as it can be. A pipe takes 64 kB at a time. */
export async function flushOutput(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise((turn) => setImmediate(turn)); // errors are told a turn later
    if (stream.writableLength === 0 || broken.has(stream)) continue;
    await new Promise<void>((taken) => {
      stream.once("error", () => taken());
      stream.write("", () => taken());
    });
  }
}

/** Whether output was lost that somebody was to have. */
export function isOutputBroken(): boolean {
  return broken.size > 0;
}
