/**
 * Recipes: what options are by default on a data set. Each method has its own; a recipe that it does not know asks for
 * the numbers.
 *
 * @module
 */
import { type Context, type Contract, InputError, meant, type Ref } from "../../core/mod.ts";

/**
 * What a recipe gives in place of the options K: numbers as they are, components as references.
 *
 * @example
 * ```ts
 * import type { NetworkPlan } from "dsgan";
 * import type { Recipe } from "dsgan/ssl";
 *
 * interface Options {
 *   readonly alpha?: number | undefined;
 *   readonly generator?: NetworkPlan | undefined;
 * }
 * const mnist: Recipe<Options, "alpha" | "generator"> = { alpha: 0.8, generator: { use: "ssl-mnist-generator" } };
 * console.log(mnist.alpha);
 * ```
 */
export type Recipe<O, K extends keyof O> = {
  readonly [P in K]-?: Exclude<O[P], undefined> extends { readonly name: string }
    ? Ref<Exclude<O[P], undefined>>
    : Exclude<O[P], undefined>;
};

/** Options that a recipe has completed: whatever it gives is there. */
export type Completed<O, R> = Omit<O, keyof R> & {
  readonly [P in keyof R]: R[P] | (P extends keyof O ? Exclude<O[P], undefined> : never);
};

/**
 * Fills in from a recipe what options leave out.
 * @param owner whose recipes these are, e.g. `ssl-method "dsgan"`, for messages
 * @param recipe name of the recipe
 * @param recipes what there is by name; all give the same options
 * @param options what is given; undefined means left out
 * @throws InputError for an unknown recipe, unless the options leave nothing out that a recipe would give
 *
 * @example
 * ```ts
 * import { completed } from "dsgan/ssl";
 *
 * const recipes = { mnist: { alpha: 0.8, beta: 0.3 }, cifar10: { alpha: 0.5, beta: 0.1 } };
 * console.log(completed("mine", "mnist", recipes, { beta: 0.2 })); // { alpha: 0.8, beta: 0.2 }
 * console.log(completed("mine", "iris", recipes, { alpha: 0.7, beta: 0.2 })); // { alpha: 0.7, beta: 0.2 }
 * ```
 */
export function completed<O extends object, R extends object>(
  owner: string,
  recipe: string,
  recipes: Readonly<Record<string, R>>,
  options: O,
): Completed<O, R> {
  const message = recipeFault(owner, recipe, recipes, options);
  if (message !== undefined) throw new InputError(message);
  const usual = Object.hasOwn(recipes, recipe) ? recipes[recipe] : {};
  return { ...usual, ...givenOf(options) } as Completed<O, R>;
}

/**
 * What is wrong where a recipe is unknown and options leave out what it would give; undefined where nothing is. For a
 * schema's refinement, so that a scenario is refused before it runs; the parameters are those of {@link completed}.
 */
export function recipeFault(
  owner: string,
  recipe: string,
  recipes: Readonly<Record<string, object>>,
  options: object,
): string | undefined {
  if (Object.hasOwn(recipes, recipe)) return undefined;
  const names = Object.keys(recipes).sort();
  const given = givenOf(options);
  const missing = Object.keys(recipes[names[0]!]!).filter((name) => !Object.hasOwn(given, name));
  if (missing.length === 0) return undefined;
  const hint = meant(recipe, names);
  return (
    `unknown recipe ${JSON.stringify(recipe)}${hint === "" ? ":" : hint} ${owner} has ${names.join(", ")}. ` +
    `Take one of these, or give ${missing.join(", ")}`
  );
}

/** The options that are not left out. */
function givenOf(options: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** The component that is given, or the one that a recipe refers to. */
export async function created<T extends object>(
  context: Context,
  contract: Contract<T>,
  given: T | Ref<T>,
): Promise<T> {
  return isRef(given) ? await context.create(contract, given) : given;
}

function isRef<T extends object>(given: T | Ref<T>): given is Ref<T> {
  return "use" in given && typeof given.use === "string";
}
