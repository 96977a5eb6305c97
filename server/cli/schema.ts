/**
 * `dsgan schema`: the JSON Schema of scenario files, for editors.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { InputError, messageOf, scenarioJsonSchema } from "../../core/mod.ts";
import type { Host } from "./host.ts";
import { type PluginOptions, registryFor } from "./plugins.ts";

/** Options of `dsgan schema`. */
export interface SchemaOptions extends PluginOptions {
  readonly write?: string;
}

/**
 * Prints the schema, or writes it to a file. With a scenario or plugins it knows their components and no others;
 * without, it leaves scenarios that list plugins alone.
 * @returns the exit code
 */
export async function schemaCommand(
  scenario: string | undefined,
  { write, plugin }: SchemaOptions,
  host: Host,
): Promise<number> {
  const registry = await registryFor(host, { ...(plugin && { plugin }) }, scenario);
  const open = scenario === undefined && plugin === undefined;
  const schema = `${JSON.stringify(scenarioJsonSchema(registry, { open }), null, 2)}\n`;
  if (write === undefined) {
    process.stdout.write(schema);
    return 0;
  }
  try {
    writeFileSync(write, schema);
  } catch (error) {
    throw new InputError(`--write ${write}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
  return 0;
}
