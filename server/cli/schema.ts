/**
 * `dsgan schema`: the JSON Schema of scenario and sweep files, for editors.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { InputError, messageOf, scenarioJsonSchema, sweepJsonSchema } from "../../core/mod.ts";
import type { Host } from "./host.ts";
import { print } from "./output.ts";
import { type PluginOptions, registryFor } from "./plugins.ts";

/** Options of `dsgan schema`. */
export interface SchemaOptions extends PluginOptions {
  readonly write?: string;
  /** The schema of sweep files instead. */
  readonly sweep?: boolean;
}

/**
 * Prints the schema, or writes it to a file. With a scenario or plugins it knows their components and no others;
 * without, it leaves scenarios that list plugins alone.
 * @returns the exit code
 */
export async function schemaCommand(
  scenario: string | undefined,
  { write, plugin, sweep }: SchemaOptions,
  host: Host,
): Promise<number> {
  const registry = await registryFor(host, { ...(plugin && { plugin }) }, scenario);
  const open = scenario === undefined && plugin === undefined;
  const made = sweep ? sweepJsonSchema(registry) : scenarioJsonSchema(registry, { open });
  const schema = `${JSON.stringify(made, null, 2)}\n`;
  if (write === undefined) {
    print(schema);
    return 0;
  }
  try {
    writeFileSync(write, schema);
  } catch (error) {
    throw new InputError(`--write ${write}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
  return 0;
}
