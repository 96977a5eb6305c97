/** The suite for stores finds what is wrong with them: each is run on a store with one fault. */
import type { Machine, RunWriter, Store } from "../../core/mod.ts";
import { InputError, thisMachine } from "../../core/mod.ts";
import { type MemoryRuns, memoryStore } from "../../plugins/stores/memory/memory.ts";
import { checkLeases, checkWriters } from "../conformance/leases.ts";
import { faults } from "./faults.ts";

type MakeStore = () => Store;

/** A store whose writers differ from those in memory. */
const withWriters =
  (change: (writer: RunWriter) => Partial<RunWriter>): (() => MakeStore) =>
  () =>
  () => {
    const store = memoryStore();
    const changed = (writer: RunWriter): RunWriter => ({ ...writer, ...change(writer) });
    return {
      ...store,
      create: async (...given) => changed(await store.create(...given)),
      resume: async (...given) => changed(await store.resume(...given)),
    };
  };

/** A store that differs from one in memory. */
const withStore =
  (change: (store: Store) => Partial<Store>): (() => MakeStore) =>
  () =>
  () => {
    const store = memoryStore();
    return { ...store, ...change(store) };
  };

const quietly = async (call: Promise<void>): Promise<void> => await call.catch(() => {});

faults("checkWriters()", memoryStore as MakeStore, checkWriters, {
  "a replaced writer whose events are kept": [
    withWriters((writer) => ({ append: (event) => quietly(writer.append(event)) })),
    /append is refused/,
  ],
  "a replaced writer that writes": [
    withWriters((writer) => ({ write: (path, data) => quietly(writer.write(path, data)) })),
    /write, of the result is refused/,
  ],
  "a replaced writer that removes": [
    withWriters((writer) => ({ remove: (path) => quietly(writer.remove(path)) })),
    /remove is refused/,
  ],
  "a replaced writer that closes": [
    withWriters((writer) => ({ close: () => quietly(writer.close()) })),
    /close is refused/,
  ],
  "a signal that says nothing": [
    withWriters(() => ({ lost: new AbortController().signal })),
    /its signal tells it/,
  ],
  "writers of one number": [withWriters(() => ({ epoch: 1 })), /each writer has a higher number/],
  "an id that is given twice": [
    withStore((store) => ({
      create: (scenario, { id } = {}) => store.create(scenario, { id }).catch(() => store.create(scenario)),
    })),
    /while it is written/,
  ],
  "an id that is not looked at": [
    withStore((store) => ({
      create: (scenario, { id } = {}) => store.create(scenario, { id: id?.replaceAll(/\W/g, "_") || "none" }),
    })),
    /"a\/b"/,
  ],
  "an id that is passed over": [
    withStore((store) => ({ create: (scenario) => store.create(scenario) })),
    /Sweep-1/,
  ],
  "a holder that is taken for dead": [
    withStore((store) => ({
      async resume(id) {
        const owner = await (await store.open(id)).owner();
        return await store.resume(id, { gone: owner?.epoch });
      },
    })),
    /another one was meant|one has it/,
  ],
  "a dead holder that is waited for": [
    withStore((store) => ({ resume: (id) => store.resume(id) })),
    /being written by/,
  ],
});

const LEASE = 200;
type Runs = () => (machine: Machine) => Store;
const leased = { lease: LEASE };
const sound: Runs = () => {
  const runs: MemoryRuns = new Map();
  return (machine) => memoryStore({ ...leased, machine, runs });
};

/** Stores on one memory, each seeing machines that differ from the given ones. */
const onMachine =
  (change: (machine: Machine) => Machine): (() => Runs) =>
  () =>
  () => {
    const open = sound();
    return (machine) => open(change(machine));
  };

faults("checkLeases()", sound, (t, runs) => checkLeases(t, { ...leased, runs }), {
  "a lease that nobody renews": [
    onMachine((machine) => ({ ...machine, every: () => () => {} })),
    /before its lease has lapsed/,
  ],
  "a lease that is renewed by another than its holder": [
    onMachine((machine) => ({ ...machine, every: thisMachine.every })),
    /it is taken over/,
  ],
  "clocks that are compared": [
    () => () => {
      const open = sound();
      return (machine) => {
        const store = open(machine);
        return {
          ...store,
          async open(id) {
            const reader = await store.open(id);
            const owner = async () => {
              const found = await reader.owner();
              const until = found && new Date(Date.parse(found.since) + LEASE).toISOString();
              return found && { ...found, until: until! };
            };
            return { ...reader, owner };
          },
        };
      };
    },
    /until .*, as seen at/,
  ],
  "a lapsed run that is never taken over": [
    () => () => {
      const open = sound();
      return (machine) => ({
        ...open(machine),
        resume: (id) => Promise.reject(new InputError(`run ${id} is being written by somebody`)),
      });
    },
    /it is taken over/,
  ],
  "several who take one run over": [
    () => () => {
      const open = sound();
      return (machine) => {
        const store = open(machine);
        return {
          ...store,
          async resume(id, options) {
            const owner = await (await store.open(id)).owner();
            if (owner !== undefined) return await store.resume(id, options);
            await new Promise((done) => setTimeout(done, LEASE / 5));
            const now = await (await store.open(id)).owner();
            return await store.resume(id, { gone: now?.epoch });
          },
        };
      };
    },
    /4/,
  ],
});
