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
  readonly kind: "engine" | "pytorch";
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

/** PyTorch running a case; `DSGAN_PYTHON` names the interpreter, `python3` unless set. */
export function pytorchEntrant(name: string, threads: number, ...check: string[]): Entrant {
  const command = [python(), here("peers/pytorch.py"), name, String(threads), ...check];
  return { kind: "pytorch", name: `pytorch-${threads}`, command };
}

/** Why there is no PyTorch, or undefined where there is. */
export async function pytorchMissing(): Promise<string | undefined> {
  const child = spawn(python(), ["-c", "import torch"], { stdio: "ignore" });
  const code = await new Promise((resolve) => child.on("close", resolve).on("error", () => resolve(-1)));
  return code === 0
    ? undefined
    : `${python()} -c 'import torch' fails: pip install torch==2.13.0, or name another interpreter in DSGAN_PYTHON`;
}

function python(): string {
  return process.env.DSGAN_PYTHON ?? "python3";
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
