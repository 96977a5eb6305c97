/**
 * Processes that run a case: ours, one an engine, and the peers'. They speak lines of JSON (see `child.ts`).
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** How to start a participant. */
export interface Entrant {
  readonly kind: "engine" | "peer";
  readonly name: string;
  readonly command: readonly string[];
}

/** What a participant says when it has warmed up. */
export interface Ready {
  readonly name: string;
  readonly device: string;
  /** Parameters of each network. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Time of one step, for choosing how many make a block. */
  readonly ms: number;
  /** Floating-point operations of the matrix products and convolutions of one step, from who can count them. */
  readonly flops?: number;
}

/** A participant at the ready. */
export interface Participant extends Ready {
  readonly kind: Entrant["kind"];
  /** Mean time of so many steps, in milliseconds. */
  run(steps: number): Promise<number>;
  stop(): void;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** An engine running a case. */
export function engineEntrant(name: string, engine: string, ...check: string[]): Entrant {
  const command = [process.execPath, here("child.ts"), name, engine, ...check];
  return { kind: "engine", name: engine, command };
}

/** Starts an entrant and waits for its warm-up. @throws Error with what it says went wrong */
export async function start(entrant: Entrant): Promise<Participant> {
  const { next, child } = speak(entrant);
  const { ready } = (await next()) as { ready: Ready };
  return {
    ...ready,
    kind: entrant.kind,
    async run(steps) {
      child.stdin!.write(`run ${steps}\n`);
      return ((await next()) as { ms: number }).ms;
    },
    stop: () => void child.stdin!.end(),
  };
}

/** The losses that an entrant answers when it is started with steps and a file. */
export async function lossesOf(entrant: Entrant): Promise<number[][]> {
  return ((await speak(entrant).next()) as { losses: number[][] }).losses;
}

/** Starts a process; `next` is its next answer. */
function speak({ name, command }: Entrant): { child: ChildProcess; next: () => Promise<unknown> } {
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  let complaint = "";
  child.stderr!.on("data", (text) => {
    complaint += text;
  });
  const failed = new Promise<never>((_, reject) => {
    child.on("error", (error) => reject(new Error(`${name}: ${error.message}`)));
    child.on("close", (code, signal) =>
      reject(new Error(`${name} ended (${signal ?? code}): ${complaint.trim().split("\n").at(-1) ?? ""}`)),
    );
  });
  failed.catch(() => undefined); // of no interest once nobody asks
  const answers = createInterface(child.stdout!)[Symbol.asyncIterator]();
  const heard = async (): Promise<unknown> => {
    for (;;) {
      const { value, done } = await answers.next();
      if (done === true) return await failed;
      if (!value.startsWith("{")) continue; // tfjs greets on the same stream
      const message = JSON.parse(value) as { error?: string };
      if (message.error !== undefined) throw new Error(`${name}: ${message.error}`);
      return message;
    }
  };
  return { child, next: () => Promise.race([heard(), failed]) };
}
