/** Queues of jobs. */
import t from "tap";
import { localJobs } from "../../plugins/jobs/mod.ts";
import { checkJobs } from "../conformance/jobs.ts";

await t.test("localJobs() keeps the contract", async (t) => {
  await checkJobs(t, () => {
    const jobs = localJobs();
    return { open: () => jobs, losesSilent: false };
  });
});
