/**
 * Components: named implementations of a contract. A component is said once: the schema of its options gives their
 * types, checks and defaults, the JSON Schema that editors complete from, and the table on its page.
 *
 * @module
 */

import type { DependencyContainer, InjectionToken } from "tsyringe";
import { z } from "zod";
import type { Contract } from "./contract.ts";

export type { DependencyContainer };

/** The options of a component that has none. */
const NONE = z.strictObject({});

declare const made: unique symbol;

/** How a scenario names a component: its name and its options. */
export interface Ref<T = unknown> {
  readonly use: string;
  readonly [option: string]: unknown;
  /** Never present: carries the type of what the component makes. */
  readonly [made]?: T;
}

/**
 * Gives the schema of a reference to a component of a contract, for use inside an options schema. A reference may be
 * written as the bare name of the component.
 */
export type Refs = <T>(contract: Contract<T>) => z.ZodType<Ref<T>>;

/** The schema of a component's options, or a function that makes it where options refer to other components. */
export type OptionsSchema<S extends z.ZodType = z.ZodType> = S | ((refs: Refs) => S);

/** Options as {@link Context.build} gives them: each reference is replaced by what its component made. */
export type Built<O> = O extends (refs: Refs) => infer S
  ? S extends z.ZodType
    ? BuiltValue<z.output<S>>
    : never
  : O extends z.ZodType
    ? BuiltValue<z.output<O>>
    : BuiltValue<O>;

type BuiltValue<V> =
  V extends Ref<infer T> ? T : V extends object ? { readonly [K in keyof V]: BuiltValue<V[K]> } : V;

/**
 * Options as a program gives them: what has a default may be left out, and each reference is replaced by what its
 * component would make.
 */
export type Parts<O extends (refs: Refs) => z.ZodType> = Given<z.input<ReturnType<O>>, Built<O>>;

/** Of the type `I` that a schema takes, the parts that are references (whatever is unknown) replaced by those of `B`. */
type Given<I, B> = unknown extends I
  ? B
  : I extends readonly unknown[]
    ? number extends I["length"]
      ? readonly Given<I[number], B extends readonly unknown[] ? B[number] : never>[]
      : I
    : I extends object
      ? { readonly [K in keyof I]: K extends keyof B ? Given<I[K], B[K]> : I[K] }
      : I;

/** How users name a component and its options in one word, such as on the command line. */
export interface ComponentLocation {
  /** Schemes of the URLs that are its own, lower case, without the colon; an empty one stands for words without any. */
  readonly schemes: readonly string[];
  /** The options that such a word stands for. */
  options(location: string): Readonly<Record<string, unknown>>;
}

/** A named implementation of a contract. */
export interface Component<T = unknown, S extends z.ZodType = z.ZodType> {
  readonly contract: Contract<T>;
  /** What a scenario calls it; unique within its contract. */
  readonly name: string;
  /** One line, shown by `dsgan list`. */
  readonly summary: string;
  /** The paper it comes from. */
  readonly reference?: string;
  /** Of a component that users name in one word. */
  readonly location?: ComponentLocation;
  /** The schema of its options. */
  options(refs: Refs): S;
  // biome-ignore lint/suspicious/noExplicitAny: `component` has checked the type of the options
  create(options: any, context: Context): T | Promise<T>;
}

/** The components that plugins have brought. */
export interface Registry {
  /** Every contract that has a component, sorted by kind. */
  contracts(): readonly Contract<unknown>[];
  /** All components of a contract, in the order of their plugins. */
  all<T>(contract: Contract<T>): readonly Component<T>[];
  /** The component of a name. @throws InputError listing what is registered */
  find<T>(contract: Contract<T>, name: string): Component<T>;
  /** Where plugins register services, and components resolve them. */
  readonly container: DependencyContainer;
}

/** What a component is created with. */
export interface Context {
  /**
   * Creates the component that a reference names.
   * @param ref its name and options, or its name alone; what is left out takes its default
   * @throws InputError where there is no such component, or its options are not what its schema asks for
   */
  create<T>(contract: Contract<T>, ref: Ref | string): Promise<T>;
  /**
   * Creates every component that checked options refer to, one after another.
   * @param options as `create` of a component is given them
   */
  build<O>(options: O): Promise<Built<O>>;
  /** All components of a contract. */
  all<T>(contract: Contract<T>): readonly Component<T>[];
  /** The location that a path in the scenario means: relative paths start at the scenario file. */
  locate(path: string): URL;
  /** A service that a plugin has registered. @throws Error where there is none */
  service<T>(token: InjectionToken<T>): T;
  readonly registry: Registry;
  /** tsyringe's container, for whatever else services need. */
  readonly container: DependencyContainer;
}

/** What {@link component} is given. */
export interface ComponentDescription<T, S extends z.ZodType, R extends T = T> {
  readonly name: string;
  readonly summary: string;
  readonly reference?: string;
  /** Of a store: which locations are its own. */
  readonly location?: ComponentLocation;
  /** A `z.strictObject`, which may be refined or transformed. Absent: the component has no options. */
  readonly options?: OptionsSchema<S>;
  /** @param options checked, every default filled in */
  readonly create: (options: z.output<S>, context: Context) => R | Promise<R>;
}

/**
 * Describes a component. The contract types what `create` returns, the schema types its options.
 * @example
 * ```ts
 * import { component, Objectives, tf, z } from "dsgan";
 *
 * export default component(Objectives, {
 *   name: "mean-difference",
 *   summary: "The difference of the critic's means",
 *   options: z.strictObject({ scale: z.number().positive().default(1).describe("Factor of both losses.") }),
 *   create: ({ scale }) => ({
 *     name: "mean-difference",
 *     criticOutput: "score",
 *     criticLoss(critic, real, fake) {
 *       const terms = fake.map(({ weight, x }) => tf.mul(weight, tf.mean(critic(x))));
 *       return tf.mul(scale, tf.sub(tf.addN(terms), tf.mean(critic(real)))).asScalar();
 *     },
 *     generatorLoss: (critic, generated) => tf.mul(-scale, tf.mean(critic(generated))).asScalar(),
 *   }),
 * });
 * ```
 */
export function component<
  T,
  S extends z.ZodType = z.ZodObject<Record<never, never>>,
  const R extends T = T, // const, so that a literal such as "score" is not taken for any string
>(contract: Contract<T>, description: ComponentDescription<T, S, R>): Component<T, S> {
  const { options = NONE as unknown as S, ...rest } = description;
  return { contract, ...rest, options: typeof options === "function" ? options : () => options };
}
