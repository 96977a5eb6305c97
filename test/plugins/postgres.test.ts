import t from "tap";
import { postgresStore } from "../../plugins/stores/postgres/postgres.ts";
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
}
