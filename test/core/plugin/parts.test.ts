/** Factories whose options refer to components: what programs give them. */
import t from "tap";
import { type Dataset, Datasets, type Parts, parseParts, type Refs, z } from "../../../core/mod.ts";

const options = (refs: Refs) =>
  z.strictObject({
    data: refs(Datasets),
    others: z
      .array(z.strictObject({ data: refs(Datasets), weight: z.number().positive().default(1) }))
      .min(1),
    spare: refs(Datasets).optional(),
    usual: refs(Datasets).prefault({ use: "moons" }),
    range: z.tuple([z.number(), z.number()]).optional(),
    alpha: z.number().lt(1).default(0.8),
  });

const data: Dataset = { name: "ones", shape: [1], sample: (key, n) => key.uniform([n, 1], 1, 1) };
const whole: Parts<typeof options> = { data, others: [{ data }, { data, weight: 2 }], usual: data };

t.test("parseParts() fills in defaults, and passes on the very parts that it is given", async (t) => {
  const parts = parseParts("mixed", options, { ...whole, range: [0, 1] });
  t.equal(parts.data, data);
  t.equal(parts.others[1]!.data, data);
  t.same(
    parts.others.map(({ weight }) => weight),
    [1, 2],
  );
  t.equal(parts.alpha, 0.8);
  t.same(parts.range, [0, 1]);
  t.notOk("spare" in parts);
  const { sample } = parts.data; // typed as what the component makes
  t.equal(sample, data.sample);
});

t.test("parseParts() names every option at fault", async (t) => {
  const given = { ...whole, alpha: 1, others: [{ data, weight: 0 }], more: 1 };
  for (const message of [
    /mixed\.alpha: expected less than 1, got 1/,
    /mixed\.others\.0\.weight: .*got 0/,
    /mixed\.more: unknown name/,
  ]) {
    t.throws(() => parseParts("mixed", options, given), { name: "InputError", message });
  }
  for (const wrong of ["moons", { use: "moons" }, 3, null, undefined]) {
    t.throws(() => parseParts("mixed", options, { ...whole, data: wrong }), {
      name: "InputError",
      message: /mixed\.data: .*an object that a component makes/,
    });
  }
  const { usual: _, ...without } = whole;
  t.throws(() => parseParts("mixed", options, without), { message: /mixed\.usual: .*component makes/ });
});

t.test("Parts say what may be left out", async (t) => {
  // @ts-expect-error data has no default
  const none: Parts<typeof options> = { others: [{ data }], usual: data };
  // @ts-expect-error a name is no dataset
  const named: Parts<typeof options> = { ...whole, data: "moons" };
  // @ts-expect-error a list of one is no range
  const short: Parts<typeof options> = { ...whole, range: [1] };
  t.ok([none, named, short]);
});
