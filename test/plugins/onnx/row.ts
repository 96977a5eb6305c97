/** How rows of operators to try are written. */
import { type Attribute, floats, type Given, type NodeSpec } from "./writer.ts";

/** A graph to try. */
export interface Row {
  readonly name: string;
  readonly nodes: readonly NodeSpec[];
  readonly x: readonly number[];
  readonly constants: Readonly<Record<string, Given>>;
  readonly opset: number;
  /** Range of the values of x. */
  readonly range: readonly [number, number];
  /** Whether it has a slope to be compared. */
  readonly slope: boolean;
}

/** What rows may differ in from most. */
export interface Extra {
  readonly constants?: Readonly<Record<string, Given>>;
  readonly opset?: number;
  readonly range?: readonly [number, number];
  readonly slope?: boolean;
  readonly note?: string;
}

/** Numbers that follow no pattern, in [−1, 1). */
export function numbers(n: number, seed = 1): number[] {
  let state = seed * 2654435761;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) | 0;
    return Math.fround((state >>> 8) / 2 ** 23 - 1);
  });
}

/** Constants that follow no pattern. */
export const weights = (shape: readonly number[], seed = 1): Given =>
  floats(
    shape,
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
  );

/** One node with x and constants as its inputs, in order; "" leaves one out. */
export function row(
  op: string,
  x: readonly number[],
  attributes: Readonly<Record<string, Attribute>> = {},
  more: Readonly<Record<string, Given>> = {},
  { constants, opset = 17, range = [-2, 2], slope = true, note = "" }: Extra = {},
): Row {
  const told = Object.entries(attributes).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const inputs = ["x", ...Object.keys(more).map((name) => (name.startsWith("_") ? "" : name))];
  return {
    name: `${op} ${opset} [${x}] ${[...told, ...Object.keys(more), note].join(" ")}`.trim(),
    nodes: [{ op, inputs, attributes, name: `the ${op}` }],
    x,
    constants: { ...more, ...constants },
    ...{ opset, range, slope },
  };
}

/** Several nodes. */
export const graph = (
  name: string,
  x: readonly number[],
  nodes: readonly NodeSpec[],
  extra: Extra = {},
): Row => ({
  ...{ name, nodes, x, constants: extra.constants ?? {}, opset: extra.opset ?? 17 },
  ...{ range: extra.range ?? [-2, 2], slope: extra.slope ?? true },
});

/** Shape of images that most rows take. */
export const image: readonly number[] = [2, 4, 7, 6];
