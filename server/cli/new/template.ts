/**
 * What differs from contract to contract in a new plugin.
 *
 * @module
 */

/** The parts of a new plugin that depend on its contract; `NAME` stands for the plugin's name. */
export interface Template {
  /** The contract's constant in `dsgan`, e.g. `Objectives`. */
  readonly contract: string;
  /** Where the constant comes from, `dsgan` unless given. */
  readonly from?: string;
  /** What the component is, in words, e.g. `an objective`. */
  readonly what: string;
  /** The source of the plugin. */
  readonly source: string;
  /** How many components the source exports, as a list; one alone unless given. */
  readonly several?: number;
  /** The application of a scenario that uses it, as YAML. */
  readonly application: string;
  /** Names that the test imports from `dsgan/testing` for its check, and from `dsgan`. */
  readonly imports: { readonly testing: readonly string[]; readonly dsgan: readonly string[] };
  /** The body of the test that checks the contract: has `t`, `context` and `NAME`. */
  readonly check: string;
  /** Expectations of the scenario, as YAML; none where the scenario measures nothing. */
  readonly expect?: string;
}

/** A training of seconds on the ring, as YAML. @param changed lines that replace those of the same option, or are added */
export function shortTraining(changed: Readonly<Record<string, string>> = {}): string {
  const options = {
    target: "{ use: convolution, data: ring, noise: { normal: 0.4 }, alpha: 0.8 }",
    generator: "{ use: mlp, hidden: [16] }",
    critic: "{ use: mlp, hidden: [16] }",
    latent: "{ size: 2 }",
    k: "1",
    m: "32",
    steps: "50",
    samples: "100",
    measures: "[]",
    ...changed,
  };
  return ["use: generate", ...Object.entries(options).map(([name, value]) => `${name}: ${value}`)].join("\n");
}
