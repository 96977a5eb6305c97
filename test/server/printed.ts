/**
 * What commands print that a test runs within its own process. Nothing is taken off standard output itself: tap writes
 * there, and a test file whose lines are lost fails without a word.
 *
 * @module
 */
import { printTo } from "../../server/cli/output.ts";

/** What is printed while something is done, and what came of it. */
export async function printedBy<T>(work: () => Promise<T>): Promise<{ out: string; value: T }> {
  let out = "";
  const end = printTo((text) => {
    out += text;
  });
  try {
    const value = await work();
    return { out, value };
  } finally {
    end();
  }
}
