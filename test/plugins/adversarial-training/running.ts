/** Runs adversarial training of digits, small in every respect. */
import { lastValueFrom, tap, toArray } from "rxjs";
import {
  assemble,
  contextOf,
  isOfApplication,
  loadScenario,
  openTrained,
  type RunEvent,
  run,
  type Store,
  Stores,
} from "../../../core/mod.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";

const base = new URL(import.meta.url);
export const registry = await assemble(builtinPlugins);
export const context = contextOf(registry, base);

/** Digits, small in every respect. */
export const tiny = {
  use: "adversarial-training",
  ...{ recipe: "mnist", data: { use: "mnist", range: "unit" }, images: 100, r: [0.1, 0.2], w: [1], m: 20 },
  classifier: { use: "mlp", hidden: [12] },
  baseline: { epochs: 2 },
  gan: { generator: { use: "mlp", hidden: [8] }, critic: { use: "mlp", hidden: [8] }, k: 1, m: 10, steps: 4 },
  fineTuning: { epochs: 1 },
  compare: ["noisy", "control", "madry"],
  madry: { attack: { use: "pgd", steps: 2 } },
  evaluation: {
    ...{
      n: 20,
      batch: 20,
      attacks: ["fgsm", { use: "deepfool", steps: 5 }],
      epsilons: { linf: [0.05, 0.1], l2: [1] },
    },
    adaptiveAttacks: [
      { use: "apgd", steps: 4 },
      { use: "fgsm", loss: "log-odds" },
    ],
    adaptiveEpsilons: { linf: [0.05, 0.1] },
  },
};

/** One run, and what it left; in memory unless a store is given. */
export async function runOnce(
  more: object = {},
  {
    to,
    seed = 1,
    resume,
    watch,
  }: {
    to?: Store;
    seed?: number;
    resume?: string;
    watch?: (event: RunEvent, stop: AbortController) => void;
  } = {},
) {
  const text = JSON.stringify({
    ...{ name: "tiny", engine: "cpu", seed, application: { ...tiny, ...more }, checkpoint: { steps: 3 } },
  });
  const loaded = await loadScenario(text, { base, file: "test", plugins: builtinPlugins });
  const store = to ?? (await context.create(Stores, { use: "memory" }));
  const stop = new AbortController();
  const events = await lastValueFrom(
    run(loaded, { store, signal: stop.signal, ...(resume !== undefined && { resume }) }).pipe(
      tap((event) => watch?.(event, stop)),
      toArray(),
    ),
  );
  const [id] = await store.list();
  const ended = events.at(-1)!;
  return {
    ...{ events, id: id!, store },
    ended: ended.type === "ended" ? ended : undefined,
    metrics: { ...(await (await store.open(id!)).result())?.metrics },
    async weights() {
      const { names, open } = await openTrained(await store.open(id!), loaded);
      const all: [string, number[]][] = [];
      for (const name of names) {
        const { network, tensors } = await open(name);
        network.dispose();
        for (const [part, { values }] of tensors) all.push([`${name}/${part}`, [...values]]);
      }
      return Object.fromEntries(all);
    },
    file: async (path: string) =>
      new TextDecoder().decode(await (await store.open(id!)).read(`artifacts/${path}`)),
  };
}
/** What the application told, without numbers and times. */
export const bodies = (events: readonly RunEvent[]): unknown[] =>
  events.filter(isOfApplication).map(({ seq, time, ...body }) => body);
