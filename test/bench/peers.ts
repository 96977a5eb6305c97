/**
 * The peers: what else computes the cases, in Python. `DSGAN_PYTHON` names the interpreter, `python3` unless set.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Entrant } from "./participant.ts";
import type { BenchCase, PeerName } from "./workload.ts";

interface Peer {
  /** The Python module without which it can't run, and how to get it. */
  readonly needs: string;
  readonly install: string;
  readonly script: string;
  /** What the script is told behind the case and the number of threads. */
  readonly form: readonly string[];
}

const pytorch = (form: string): Peer => ({
  needs: "torch",
  install: "pip install torch==2.13.0",
  script: "pytorch.py",
  form: [form],
});

const attacks = (library: string, module: string, form: string): Peer => ({
  needs: module,
  install: "see .ci/run",
  script: "attacks.py",
  form: [library, form],
});

/** Every peer by name. */
const PEERS: Readonly<Record<PeerName, Peer>> = {
  pytorch: pytorch("eager"),
  "pytorch-channels-last": pytorch("channels-last"),
  "pytorch-compiled": pytorch("compiled"),
  jax: { needs: "jax", install: "pip install jax", script: "jax_peer.py", form: [] },
  foolbox: attacks("foolbox", "foolbox", "eager"),
  "foolbox-channels-last": attacks("foolbox", "foolbox", "channels-last"),
  torchattacks: attacks("torchattacks", "torchattacks", "eager"),
  "torchattacks-channels-last": attacks("torchattacks", "torchattacks", "channels-last"),
  autoattack: attacks("autoattack", "pyautoattack", "eager"),
  "autoattack-channels-last": attacks("autoattack", "pyautoattack", "channels-last"),
};

/** The names of all peers. */
export const peerNames = Object.keys(PEERS) as PeerName[];

/** Threads with which each peer runs; the best counts. */
const THREADS = [1, 2];

/** A peer running a case. @param rest the file that is shared, or steps and the file that losses are to come from */
export function peerEntrant(bench: string, peer: PeerName, threads: number, ...rest: string[]): Entrant {
  const { script, form } = PEERS[peer];
  const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  return {
    kind: "peer",
    name: `${peer}-${threads}`,
    command: [python(), path, bench, String(threads), ...form, ...rest],
  };
}

/** The peers of a case, each with one thread and with two, that are among some. */
export function peerEntrants(
  { name, peers }: BenchCase,
  among: readonly PeerName[],
  ...rest: string[]
): Entrant[] {
  return peers
    .filter((peer) => among.includes(peer))
    .flatMap((peer) => THREADS.map((threads) => peerEntrant(name, peer, threads, ...rest)));
}

/** Whether Python has a module: asked once, since peers share theirs. */
const importable = new Map<string, Promise<boolean>>();
function imports(name: string): Promise<boolean> {
  const child = spawn(python(), ["-c", `import ${name}`], { stdio: "ignore" });
  return new Promise((resolve) =>
    child.on("close", (code) => resolve(code === 0)).on("error", () => resolve(false)),
  );
}

/** Why a peer can't run here, or undefined where it can. */
export async function peerMissing(peer: PeerName): Promise<string | undefined> {
  const { needs, install } = PEERS[peer];
  const known = importable.get(needs) ?? imports(needs);
  importable.set(needs, known);
  return (await known)
    ? undefined
    : `${python()} -c 'import ${needs}' fails: ${install}, or name another interpreter in DSGAN_PYTHON`;
}

function python(): string {
  return process.env.DSGAN_PYTHON ?? "python3";
}
