/**
 * Contracts: the kinds of things that plugins supply. The core defines some, and any plugin may define more.
 *
 * @module
 */

import { InputError } from "./errors.ts";

/** A kind of thing that plugins supply. */
export interface Contract<T> {
  /** Its name in messages, listings and schemas, e.g. `objective`. Two contracts of one kind are the same contract. */
  readonly kind: string;
  /** What its components do, in one line. */
  readonly summary?: string;
  /**
   * Whether creating a component reads data, which may be large or absent: `dsgan validate` creates every component
   * that a scenario names but those.
   */
  readonly readsData?: boolean;
  /** Token under which the container keeps its components. */
  readonly token: symbol;
  /** Never present: carries the type. */
  readonly type?: T;
}

/**
 * Makes a contract.
 * @param kind lower case, words joined by dashes
 * @param summary what its components do, in one line
 * @param traits see {@link Contract}
 * @throws InputError for a kind of another form: it stands in messages, tables and schemas
 * @example
 * ```ts
 * import { contract } from "dsgan";
 *
 * interface Ranking {
 *   rank(rows: Float32Array): Float32Array;
 * }
 * export const Rankings = contract<Ranking>("ranking", "Says which rows come first");
 * ```
 */
export function contract<T>(
  kind: string,
  summary?: string,
  traits: Pick<Contract<T>, "readsData"> = {},
): Contract<T> {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(kind)) {
    throw new InputError(
      `contract ${JSON.stringify(kind)}: its kind must be lower case, words joined by dashes, such as "ssl-method"`,
    );
  }
  return { kind, token: Symbol.for(`dsgan:${kind}`), ...(summary !== undefined && { summary }), ...traits };
}
