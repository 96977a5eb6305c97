/**
 * References: how a scenario names a component. An object with `use` and the component's options, or the bare name
 * where all options may keep their defaults.
 *
 * @module
 */
import { z } from "zod";
import { preview } from "./messages.ts";
import {
  type Component,
  type Contract,
  components,
  type DependencyContainer,
  type Ref,
  type Refs,
} from "./plugin.ts";
import { unknownName } from "./suggest.ts";

/** An object naming a component of one contract, told apart by `use`. */
type RefObject = z.ZodType<Ref>;

/** Schemas that check references to the components of a container and fill in their options. */
export function refsOf(container: DependencyContainer): Refs {
  return build(container, (object) =>
    z.preprocess((given) => (typeof given === "string" ? { use: given } : given), object),
  );
}

/** The same references as a scenario may write them: what a published schema describes. */
export function writtenRefsOf(container: DependencyContainer): Refs {
  return build(container, (object, of, all) => {
    const bare = all.filter(({ name }) => object.safeParse({ use: name }).success);
    const summaries = bare.map(({ name, summary }) => `${name}: ${summary}`).join("\n");
    const name = z.enum(bare.map(({ name }) => name)).describe(summaries);
    const schema = (bare.length === 0 ? object : z.union([name, object])) as z.ZodType as RefObject;
    return schema.meta({ id: of.kind });
  });
}

function build(
  container: DependencyContainer,
  wrap: (object: RefObject, of: Contract<unknown>, all: readonly Component<unknown>[]) => RefObject,
): Refs {
  const made = new Map<string, RefObject>();
  const refs: Refs = (of) => {
    const known = made.get(of.kind);
    if (known !== undefined) return known;
    const schema = z.lazy(() => {
      const all = components(container, of);
      return wrap(refObject(of, all, refs), of, all);
    });
    made.set(of.kind, schema);
    return schema;
  };
  return refs;
}

function refObject(of: Contract<unknown>, all: readonly Component<unknown>[], refs: Refs): RefObject {
  if (all.length === 0) {
    return z.never({
      error: `no ${of.kind} is registered: list a plugin that brings one`,
    }) as z.ZodType as RefObject;
  }
  const names = all.map(({ name }) => name);
  const objects = all.map((c) => optionsOf(c, refs));
  return z.discriminatedUnion("use", objects as [z.ZodObject<{ use: z.ZodLiteral<string> }>], {
    error: ({ input }) => {
      const use = typeof input === "object" && input !== null ? (input as Partial<Ref>).use : undefined;
      if (typeof use === "string") return unknownName(of.kind, use, names);
      const wanted = `expected the name of ${article(of.kind)}, or a mapping with "use"`;
      const seen = input === undefined ? `is missing: ${wanted}` : `${wanted}, got ${preview(input)}`;
      return `${seen}. Registered: ${[...names].sort().join(", ")}`;
    },
  }) as z.ZodType as RefObject;
}

/** The options of a component with `use` before them, refusing names that are not among them. */
function optionsOf(of: Component<unknown>, refs: Refs): z.ZodObject {
  const options = of.options(refs);
  const use = z.literal(of.name).describe(of.summary);
  const described = [of.summary, of.reference].filter((text) => text !== undefined).join("\n");
  return z
    .strictObject({ use, ...options.shape })
    .check(...((options.def.checks ?? []) as z.core.$ZodCheck<{ use: string }>[]))
    .describe(described);
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}
