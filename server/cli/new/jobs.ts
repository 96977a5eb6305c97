/**
 * The template of a queue of jobs.
 *
 * @module
 */
import { shortTraining, type Template } from "./template.ts";

export const jobs: Template = {
  contract: "Queues",
  what: "a queue of jobs",
  source: `/**
 * Gives jobs to workers: here another queue, told of each job that is put. Replace the functions of the inner queue one
 * by one by your own; the suite of the test says what each has to do.
 *
 * @module
 */
import { component, type Jobs, Queues, z } from "dsgan";

export default component(Queues, {
  name: "NAME",
  summary: "Another queue, with a line on stderr for each new job",
  options: (refs) =>
    z.strictObject({
      inner: refs(Queues).prefault({ use: "local" }).describe("Where the jobs go."),
      quiet: z.boolean().default(false).describe("Whether to print nothing."),
    }),
  async create(options, context): Promise<Jobs> {
    const { inner, quiet } = await context.build(options);
    return {
      ...inner,
      async put(jobs) {
        const added = await inner.put(jobs);
        if (!quiet) for (const id of added) console.error(\`job \${id} is queued\`);
        return added;
      },
    };
  },
});
`,
  application: shortTraining(),
  imports: { testing: ["checkJobs"], dsgan: [] },
  check: `await checkJobs(tester(t), async () => {
    const jobs = await context.create(Queues, { use: "NAME", quiet: true });
    return { open: () => jobs, losesSilent: false };
  });`,
};
