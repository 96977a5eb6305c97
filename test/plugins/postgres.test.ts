import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import postgres from "postgres";
import { lastValueFrom } from "rxjs";
import t from "tap";
import {
  assemble,
  contextOf,
  loadScenario,
  RunError,
  type RunEvent,
  run,
  type Store,
  storeAt,
  thisMachine,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import plugin, { postgresStore } from "../../plugins/stores/postgres/postgres.ts";
import { checkLeases } from "../conformance/leases.ts";
import { checkStore } from "../conformance/store.ts";
import { lacksPostgres, startPostgres } from "../postgres.ts";

const LEASE = 1000;

const reason = lacksPostgres();
if (reason !== undefined) t.plan(0, reason);
else {
  const server = await startPostgres();
  t.teardown(() => server.end());
  for (const spool of ["off", t.testdir()]) {
    const name = spool === "off" ? "without a spool" : "with a spool";
    await t.test(`postgresStore() keeps the contract, ${name}`, async (t) => {
      await checkStore(t, async () => postgresStore({ url: await server.database(), spool }));
      await checkLeases(t, {
        lease: LEASE,
        runs() {
          const url = server.database();
          return async (machine) => postgresStore({ url: await url, spool }, { machine, lease: LEASE });
        },
      });
    });
  }

  /** Asks a database directly. */
  const asked = async (url: string, statement: string): Promise<readonly Record<string, unknown>[]> => {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    try {
      return await sql.unsafe(statement);
    } finally {
      await sql.end();
    }
  };
  const event: RunEvent = { seq: 1, time: "2026-11-22T10:00:00.000Z", type: "stage", stage: "train" };

  await t.test("the plugin has the locations of its schemes", async (t) => {
    const url = await server.database();
    const context = contextOf(await assemble([plugin]), new URL("file:///nowhere/"));
    for (const location of [`${url}?spool=off`, url.replace("postgres:", "postgresql:")]) {
      const store = await storeAt(location, context);
      t.equal(store.name, "postgres");
      const writer = await store.create("demo");
      t.equal(
        writer.location,
        `postgres://postgres@127.0.0.1:${new URL(url).port}${new URL(url).pathname}#${writer.id}`,
      );
      t.equal((await store.open(writer.id)).location, writer.location);
      t.equal(
        writer.flush === undefined,
        location.endsWith("spool=off"),
        "a spool unless the address says otherwise",
      );
      await writer.close();
    }
    for (const bad of ["postgres", "http://geheim@host/db", "postgres://u:ge/heim@host"]) {
      const found = t.throws(() => postgresStore({ url: bad }), { name: "InputError" }) as Error;
      t.notMatch(found.message, /geheim|heim@/);
    }
  });

  await t.test("processes that begin at once make the tables once", async (t) => {
    const url = await server.database();
    const stores = Array.from({ length: 10 }, () => postgresStore({ url, spool: "off" }));
    const writers = await Promise.all(stores.map((store) => store.create("demo")));
    t.equal((await stores[0]!.list()).length, 10);
    t.strictSame(
      (await asked(url, "select number from dsgan.version")).map(({ number }) => number),
      [1],
    );
    await Promise.all(writers.map((writer) => writer.close()));
    await asked(url, "insert into dsgan.version (number) values (99)");
    await t.rejects(postgresStore({ url }).list(), {
      name: "InputError",
      message: /a newer dsgan .* update dsgan/,
    });
  });

  await t.test("what cannot be used is said, with advice and without the password", async (t) => {
    const url = await server.database();
    const shut = createServer().listen(0, "127.0.0.1");
    await new Promise((listening) => shut.once("listening", listening));
    const { port } = shut.address() as { port: number };
    shut.close();
    await asked(url, "create database latin encoding 'LATIN1' template template0");
    await asked(url, "create role guest login");
    await asked(url, "create role crowd login connection limit 0");
    const cases: readonly [string, RegExp][] = [
      [`postgres://u:secret@127.0.0.1:${port}/db`, /ECONNREFUSED.*Is the server up/],
      [`${url}-absent`, /does not exist.*createdb -E UTF8/],
      [url.replace(/test\d+$/, "latin"), /encoding is LATIN1.*createdb -E UTF8/],
      [url.replace("postgres:secret", "nobody:secret"), /nobody.*user and password/],
      [url.replace("postgres:secret", "guest:secret"), /permission denied.*allowed to make a schema/],
      [url.replace("postgres:secret", "crowd:secret"), /too many connections.*Raise the limit/],
      ["postgres:///db?host=/absent/secret", /ENOENT.*Is the server up/],
    ];
    for (const [bad, message] of cases) {
      for (const call of [
        (s: Store) => s.list(),
        (s: Store) => s.create("demo"),
        (s: Store) => s.resume("demo"),
      ]) {
        const error = await call(postgresStore({ url: bad, spool: "off" })).catch((error: Error) => error);
        t.match(error, { name: "InputError", message });
        t.notMatch(String((error as Error).message), ":secret");
      }
    }
  });

  await t.test("what the server refuses for good is a RunError, with a spool as without", async (t) => {
    for (const spool of ["off", t.testdir()]) {
      const url = await server.database();
      const writer = await postgresStore({ url, spool }).create("demo");
      await asked(url, "drop table dsgan.events");
      const failed = writer.append(event).then(() => writer.flush?.());
      const error = (await t.rejects(failed, {
        name: "RunError",
        message: /cannot write .*events.*does not exist/,
      })) as Error;
      t.notOk(error instanceof Error && /secret/.test(String(error.stack)));
      await t.rejects(writer.flush?.() ?? writer.append(event), RunError);
      await writer.close().catch(() => {});
    }
  });

  await t.test("events of numbers that are there are refused, unless they are the same ones", async (t) => {
    const store = postgresStore({ url: await server.database(), spool: "off" });
    const writer = await store.create("demo");
    await writer.append(event);
    await writer.append(event); // as one whose answer was lost
    await t.rejects(writer.append({ ...event, stage: "other" }), {
      name: "RunError",
      message: /other events/,
    });
    t.strictSame(await (await store.open(writer.id)).events(), [event]);
    await writer.close();
  });

  await t.test("a run has nothing in the database but what readers see", async (t) => {
    const url = await server.database();
    const store = postgresStore({ url, spool: "off" });
    const writer = await store.create("demo");
    const long = new Uint8Array(3 * 2 ** 20);
    for (let i = 0; i < 3; i++) await writer.write("a.bin", long);
    await writer.write("b.bin", long);
    await writer.remove("b.bin");
    const counted = async (): Promise<unknown> =>
      (
        await asked(url, "select count(*)::int as chunks, sum(length(data))::int as bytes from dsgan.chunks")
      )[0];
    t.strictSame(await counted(), { chunks: 3, bytes: long.length });
    await asked(url, `insert into dsgan.chunks select number, '${randomUUID()}', 0, 'half' from dsgan.runs`);
    await writer.close();
    await (await store.resume(writer.id)).close();
    t.strictSame(
      await counted(),
      { chunks: 3, bytes: long.length },
      "what a crash left of a file is removed",
    );
    await asked(url, "delete from dsgan.runs");
    t.strictSame(await counted(), { chunks: 0, bytes: null });
  });

  await t.test("resume() waits whether a writer on another machine still lives", async (t) => {
    const url = await server.database();
    const other = { ...thisMachine, every: () => () => {} }; // one that has died: it renews nothing
    const writer = await postgresStore({ url, spool: "off" }, { machine: other, lease: LEASE }).create(
      "demo",
    );
    await asked(url, `update dsgan.runs set holder = holder || '{"machine": "another", "host": "far"}'`);
    const store = postgresStore({ url, spool: "off" }, { lease: LEASE });
    t.match(await (await store.open(writer.id)).owner(), { host: "far", isHere: false });
    const second = await store.resume(writer.id);
    t.equal(second.epoch, 2);
    await asked(url, `update dsgan.runs set holder = holder || '{"machine": "another", "host": "far"}'`);
    await t.rejects(
      store.resume(writer.id),
      { name: "InputError", message: /by process \d+ on far/ },
      "this one renews",
    );
    await second.close();
  });

  await t.test("no file and no event of a run has the password", async (t) => {
    const url = await server.database();
    const store = postgresStore({ url, spool: t.testdir() });
    const file = new URL("../fixtures/short.yaml", import.meta.url);
    const overrides = [{ path: "application.steps", value: "3" }];
    const loaded = await loadScenario(readFileSync(file, "utf8"), {
      base: file,
      file: "short.yaml",
      plugins: builtinPlugins,
      overrides,
    });
    await lastValueFrom(run(loaded, { store }));
    const rows = [
      ...(await asked(url, "select line as text from dsgan.events")),
      ...(await asked(url, "select encode(data, 'escape') as text from dsgan.chunks")),
    ];
    t.ok(rows.length > 3);
    for (const { text } of rows) t.notMatch(String(text), "secret");
  });
}
