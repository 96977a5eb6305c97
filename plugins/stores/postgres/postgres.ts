/**
 * Runs kept in a PostgreSQL database, for any number of machines.
 *
 * @module
 */
import {
  checkRunId,
  component,
  InputError,
  isRunId,
  LEASE_MS,
  type Machine,
  parseOptions,
  RunExists,
  type RunReader,
  type RunWriter,
  type Store,
  Stores,
  thisMachine,
  z,
} from "../../../core/mod.ts";
import { moment } from "../moment.ts";
import { spooled } from "../spool/spool.ts";
import { type Address, addressOf, SPOOL } from "./address.ts";
import { type Database, databaseAt } from "./database.ts";
import { type Holder, holdLease, type LeaseOptions, newHolder, take } from "./lease.ts";
import { glancesAt, readerOf } from "./reader.ts";
import { codeOf, mayPass, reasonOf } from "./trouble.ts";
import { writerOf } from "./writer.ts";

const options = z.strictObject({
  url: z
    .string()
    .min(1)
    .default("postgres://localhost:5432/dsgan")
    .describe(
      "Address of the database: `postgres://user:password@host:port/name`. `?sslmode=require` and the like may follow, and " +
        "`spool=…` and `lease=…` as below. The environment's `PGPASSWORD` serves where the address has no password.",
    ),
  spool: z
    .string()
    .min(1)
    .default(SPOOL.usual)
    .describe(
      "Folder for what is not shipped yet; `auto`: a folder of the system's temporary ones; `off`: none, a training then " +
        "waits for the server at every event.",
    ),
  lease: z
    .int()
    .min(3)
    .max(3600)
    .default(LEASE_MS / 1000)
    .describe("Seconds without a sign of life after which a run may be another writer's."),
});

/** Options of {@link postgresStore}. */
export type PostgresOptions = z.input<typeof options>;

/** How a store is used: tests alone need others than the defaults. */
export interface PostgresSetting {
  readonly machine?: Machine;
  /** Milliseconds that a lease lasts unless it is renewed. Statements are tried again for as long. */
  readonly lease?: number;
  /** See the spool's options. */
  readonly attempts?: number;
}

/**
 * A store of the runs in a database, which any number of processes and machines share. Nothing is connected before the
 * store is used. Its methods throw an InputError where the database cannot be used or there is no such run; what a writer
 * cannot write is a RunError. No message has the password in it.
 * @throws InputError where an option is out of its range, or the address is none
 */
export function postgresStore(
  given: PostgresOptions = {},
  { machine = thisMachine, lease: own, attempts }: PostgresSetting = {},
): Store {
  const { url, spool, lease: usual } = parseOptions("postgres", options, given);
  const address = addressOf(url, spool);
  const { lease: seconds } = parseOptions("postgres", options, { lease: address.lease ?? usual });
  const store = directStore(address, { machine, lease: own ?? seconds * 1000 });
  if (address.spool === undefined) return store;
  return spooled(store, {
    folder: address.spool,
    isLasting: (error) => !mayPass((error as Error).cause),
    ...(attempts !== undefined && { attempts }),
  });
}

/** The store without a spool. */
function directStore(address: Address, leasing: LeaseOptions): Store {
  const plain = databaseAt(address);
  const database = told(plain);
  const { machine, lease } = leasing;
  const absent = (id: string): InputError =>
    new InputError(
      `no run ${JSON.stringify(id)} in ${address.shown}; \`dsgan list runs\` shows those there are`,
    );
  const requireId = (id: string): void => {
    if (!isRunId(id)) throw absent(id);
  };
  const held = (id: string, epoch: number): RunWriter =>
    writerOf(id, plain, holdLease(id, epoch, plain, leasing), lease);
  /** Begins a run of an id. @returns whether there was none before */
  const begin = async (id: string, scenario: string, began: string | undefined): Promise<boolean> => {
    const holder = newHolder(machine);
    const [row] = await database.ask(
      (sql) => sql<{ holder: Holder | null }[]>`
        with made as (
          insert into dsgan.runs (id, scenario, began, holder, until)
          values (${id}, ${scenario}, coalesce(${began ?? null}::text::timestamptz, clock_timestamp()),
            ${JSON.stringify(holder)}::text::jsonb, clock_timestamp() + ${lease}::float8 * interval '1 ms')
          on conflict (id) do nothing returning holder
        )
        select holder from made union all select holder from dsgan.runs where id = ${id} limit 1`,
    );
    return row?.holder?.token === holder.token; // made now, or by a statement whose answer was lost
  };
  return {
    name: "postgres",
    async create(scenario, { id, began } = {}) {
      if (id !== undefined) checkRunId(id);
      for (;;) {
        const name = id ?? checkRunId(`${checkRunId(scenario)}-${moment(machine.now())}`);
        if (await begin(name, scenario, began)) return held(name, 1);
        if (id !== undefined) throw new RunExists(id);
      }
    },
    async resume(id, { gone } = {}) {
      requireId(id);
      const epoch = await take(id, database, leasing, gone, () => absent(id));
      await removeUnseen(id, database);
      return held(id, epoch);
    },
    async list() {
      const rows = await database.ask(
        (sql) => sql<{ id: string }[]>`select id from dsgan.runs order by began desc, number desc`,
      );
      return rows.map(({ id }) => id);
    },
    async glance(id) {
      const [glance] = isRunId(id) ? await glancesAt([id], database) : [];
      if (glance === undefined) throw absent(id);
      return glance;
    },
    glances: (ids) => glancesAt(ids, database),
    async open(id): Promise<RunReader> {
      requireId(id);
      const reader = readerOf(id, database, machine, () => absent(id));
      await reader.extent(); // whether it is there
      return reader;
    },
    async remove(id, { force = false } = {}) {
      requireId(id);
      const [removed] = await database.ask(
        (sql) => sql<{ id: string }[]>`
          delete from dsgan.runs
          where id = ${id} and (${force}::boolean or holder is null or until <= clock_timestamp()) returning id`,
      );
      if (removed !== undefined) return;
      const reader = readerOf(id, database, machine, () => absent(id));
      await reader.extent(); // whether it is there
      const owner = await reader.owner();
      const by = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.host}`;
      throw new InputError(`run ${id} is being written by ${by}. Stop that one first`);
    },
  };
}

/** Removes what a writer before has sent of files that it did not finish. */
async function removeUnseen(id: string, database: Database): Promise<void> {
  await database.ask(
    (sql) => sql`
      delete from dsgan.chunks using dsgan.runs
      where runs.id = ${id} and chunks.run = runs.number
        and not exists (select from dsgan.files where files.run = chunks.run and files.upload = chunks.upload)`,
  );
}

/** A database whose errors are for users, with that of the server or the network as their cause. */
function told(database: Database): Database {
  return {
    ...database,
    ask: (statement, asking) =>
      database.ask(statement, asking).catch((error) => {
        if (error instanceof InputError) throw new InputError(`${database.shown}: ${error.message}`);
        throw new InputError(
          `cannot use the runs in ${database.shown}: ${reasonOf(error)}. ${adviceOn(error)}`,
          { cause: error, mayPass: mayPass(error) },
        );
      }),
  };
}

function adviceOn(error: unknown): string {
  const code = codeOf(error);
  if (code === "3D000") return "`createdb -E UTF8 -T template0 <name>` makes a database";
  if (code === "42501") return "Whoever uses it first must be allowed to make a schema in it";
  if (code === "42704") return "Is what follows `?` in its address spelt right?";
  if (code?.startsWith("28")) return "Check user and password";
  if (code === "53300") return "Raise the limit: that of the server is `max_connections`";
  if (mayPass(error)) return "Is the server up, and reached from here?";
  return "It takes a PostgreSQL of version 13 or later";
}

/** Named `{ use: postgres, url: "postgres://host/dsgan" }`. */
export default component(Stores, {
  name: "postgres",
  summary: "Keeps runs in a PostgreSQL database, for many machines",
  location: { schemes: ["postgres", "postgresql"], options: (url) => ({ url }) },
  options,
  create: (given) => postgresStore(given),
});
