/** Queues of jobs. */
import t from "tap";
import { localJobs, pgBossJobs } from "../../plugins/jobs/mod.ts";
import { checkJobs } from "../conformance/jobs.ts";
import { lacksPostgres, startPostgres } from "../postgres.ts";

t.setTimeout(600_000); // a silent worker is waited for

await t.test("localJobs() keeps the contract", async (t) => {
  await checkJobs(t, () => {
    const jobs = localJobs();
    return { open: () => jobs, losesSilent: false };
  });
});

await t.test("pgBossJobs() keeps the contract", { skip: lacksPostgres() ?? false }, async (t) => {
  const server = await startPostgres();
  try {
    await checkJobs(t, async () => {
      const url = await server.database();
      return { open: (machine) => pgBossJobs({ url, silence: 10, poll: 0.3 }, machine), losesSilent: true };
    });
  } finally {
    await server.end();
  }
});
