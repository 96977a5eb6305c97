/**
 * `dsgan schema`: the JSON Schema of scenario files, for editors.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { assemble, InputError, messageOf, scenarioJsonSchema } from "../../core/mod.ts";
import type { Host } from "./host.ts";

/** Prints the schema, or writes it to a file. @returns the exit code */
export async function schemaCommand({ write }: { readonly write?: string }, host: Host): Promise<number> {
  const schema = `${JSON.stringify(scenarioJsonSchema(await assemble(host.plugins)), null, 2)}\n`;
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
