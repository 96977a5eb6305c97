/**
 * How a run's files name the components that it is made of.
 *
 * @module
 */
import { originOf } from "../plugin/context.ts";
import type { Json } from "./state.ts";

/**
 * What to write down of a component: the complete reference that it was created from, or its name where a program made
 * it by itself.
 */
export function identify(component: { readonly name: string }): Json {
  return (originOf(component) as Json | undefined) ?? component.name;
}
