/**
 * What the options of every component must be. Plugin authors call this from their own tests.
 *
 * @module
 */
import { type Component, type Refs, z } from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/** A node of a JSON Schema. */
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Every option, at any depth, has a description in the published JSON Schema. */
export function checkOptions<T>(t: Tester, component: Component<T>, refs: Refs): void {
  t.ok(component.summary, `${component.name}: has a summary`);
  const schema = z.toJSONSchema(component.options(refs), { io: "input" });
  t.same(undescribed(schema as Schema, component.name), [], `${component.name}: every option is described`);
}

/** Paths of the options without a description. */
function undescribed(node: Schema, path: string): string[] {
  if (typeof node !== "object" || node === null) return [];
  const here = Object.entries(node.properties ?? {}).flatMap(([option, { description }]) =>
    description === undefined ? [`${path}.${option}`] : [],
  );
  return [...here, ...Object.entries(node).flatMap(([key, inner]) => undescribed(inner, `${path}.${key}`))];
}
