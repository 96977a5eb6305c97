/**
 * References: how a scenario names a component. An object with `use` and the component's options, or the bare name
 * where all options may keep their defaults.
 *
 * @module
 */
import { z } from "zod";
import type { Component, Ref, Refs, Registry } from "./component.ts";
import type { Contract } from "./contract.ts";
import { guarded } from "./guard.ts";
import { blankHint, preview } from "./messages.ts";
import { writtenOptions } from "./options.ts";
import { unknownName } from "./suggest.ts";

/** An object naming a component of one contract, told apart by `use`. */
type RefObject = z.ZodType<Ref>;

const contracts = new WeakMap<object, Contract<unknown>>();

/** The contract of a reference that a schema of {@link refsOf} has checked; undefined for any other value. */
export function contractOf(value: unknown): Contract<unknown> | undefined {
  return typeof value === "object" && value !== null ? contracts.get(value) : undefined;
}

/** Schemas that check references to the components of a registry and fill in their options. */
export function refsOf(registry: Registry): Refs {
  return build(registry, (object, contract) =>
    z.preprocess(
      (given) => (typeof given === "string" ? { use: given } : given),
      object.check(({ value }) => void contracts.set(value, contract)),
    ),
  );
}

/** The same references as a scenario may write them: what a published schema describes. */
export function writtenRefsOf(registry: Registry): Refs {
  return build(registry, (object, contract, all) => {
    const bare = all.filter(
      (component) => optionsOf(component, GIVEN).safeParse({ use: component.name }).success,
    );
    const summaries = bare.map(({ name, summary }) => `${name}: ${summary}`).join("\n");
    const name = z.enum(bare.map(({ name }) => name)).describe(summaries);
    const schema = (bare.length === 0 ? object : z.union([name, object])) as z.ZodType as RefObject;
    return schema.meta({ id: contract.kind });
  });
}

/**
 * References that take whatever is there: whether a component's options have defaults is told without a look at the
 * components that they name, which may name components of the same contract.
 */
const GIVEN = (() => z.custom((value) => value !== undefined)) as unknown as Refs;

function build(
  registry: Registry,
  wrap: (object: RefObject, contract: Contract<unknown>, all: readonly Component[]) => RefObject,
): Refs {
  const known = new Map<string, RefObject>();
  const refs = (contract: Contract<unknown>): RefObject => {
    const before = known.get(contract.kind);
    if (before !== undefined) return before;
    let made: RefObject | undefined; // once: a component may refer to others of its own contract
    const schema = z.lazy(() => {
      if (made !== undefined) return made;
      const all = registry.all(contract);
      made = wrap(refObject(contract, all, refs as Refs), contract, all);
      return made;
    });
    known.set(contract.kind, schema);
    return schema;
  };
  return refs as Refs;
}

function refObject(contract: Contract<unknown>, all: readonly Component[], refs: Refs): RefObject {
  if (all.length === 0) {
    return z.never({
      error: `no ${contract.kind} is registered: list a plugin that brings one`,
    }) as z.ZodType as RefObject;
  }
  const names = all.map(({ name }) => name);
  const objects = all.map((component) => optionsOf(component, refs));
  return z.discriminatedUnion("use", objects as [z.ZodObject<{ use: z.ZodLiteral<string> }>], {
    error: ({ input }) => {
      const use = typeof input === "object" && input !== null ? (input as Partial<Ref>).use : undefined;
      if (typeof use === "string") return unknownName(contract.kind, use, names);
      const wanted = `expected the name of ${article(contract.kind)}, or a mapping with "use"`;
      const seen = input === undefined ? `is missing: ${wanted}` : `${wanted}, got ${preview(input)}`;
      return `${seen}${blankHint(input)}. Registered: ${[...names].sort().join(", ")}`;
    },
  }) as z.ZodType as RefObject;
}

/** The options of a component with `use` before them, refusing names that are not among them. */
function optionsOf(component: Component, refs: Refs): z.ZodType {
  const described = [component.summary, component.reference].filter((text) => text !== undefined).join("\n");
  const use = z.literal(component.name).describe(component.summary);
  return guarded(writtenOptions(component.options(refs), use).describe(described), component);
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}
