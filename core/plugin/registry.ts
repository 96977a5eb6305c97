/**
 * The registry: which components there are. tsyringe keeps and resolves them; this is its typed face.
 *
 * @module
 */
import type { DependencyContainer } from "tsyringe";
import type { Component, Registry } from "./component.ts";
import type { Contract } from "./contract.ts";
import { InputError } from "./errors.ts";
import { unknownName } from "./suggest.ts";

const CONTRACTS = Symbol.for("dsgan:contracts");

/** Adds a component to a container. */
export function register(container: DependencyContainer, component: Component): void {
  const { contract } = component;
  container.register(contract.token, { useValue: component });
  container.register(CONTRACTS, { useValue: contract });
}

/** The registry of a container. */
export function registryOf(container: DependencyContainer): Registry {
  const resolve = <T>(token: symbol): T[] =>
    container.isRegistered(token, true) ? container.resolveAll<T>(token) : [];
  const all = <T>(contract: Contract<T>): readonly Component<T>[] => resolve(contract.token);
  return {
    container,
    all,
    contracts() {
      const byKind = new Map(
        resolve<Contract<unknown>>(CONTRACTS).map((contract) => [contract.kind, contract]),
      );
      return [...byKind.keys()].sort().map((kind) => byKind.get(kind)!);
    },
    find(contract, name) {
      const known = all(contract);
      const found = known.find((component) => component.name === name);
      if (found !== undefined) return found;
      const names = known.map((component) => component.name);
      throw new InputError(unknownName(contract.kind, name, names));
    },
  };
}
