/**
 * Networks that an earlier run has trained, in place of a training.
 *
 * @module
 */
import {
  type ApplicationEvent,
  assign,
  type EarlierRun,
  InputError,
  type Network,
  type NetworkPlan,
  openEarlier,
  originOf,
  type RunContext,
} from "../../../core/mod.ts";

/** Names of the networks that an earlier run has. */
export async function earlierNames(from: EarlierRun, context: RunContext): Promise<readonly string[]> {
  return (await openEarlier(from, context)).names;
}

/** Gives a network what an earlier run has trained under the same name. @throws InputError where that does not fit */
export async function* takeEarlier(
  name: string,
  { network, plan }: { readonly network: Network; readonly plan: NetworkPlan },
  from: EarlierRun,
  context: RunContext,
): AsyncGenerator<ApplicationEvent, undefined> {
  const { run, open } = await openEarlier(from, context);
  yield { type: "stage", stage: `${name}, of run ${run}` };
  const { network: found, record, tensors } = await open(name);
  found.dispose();
  const [here, there] = [originOf(plan), record.plan].map((ref) => JSON.stringify(ref));
  if (here !== undefined && here !== there) {
    throw new InputError(
      `run ${run}: its "${name}" is ${there}, this scenario's ${here}: give the network that it had`,
    );
  }
  const variables = [...network.parameters, ...network.state];
  for (const [part, variable] of variables) {
    const stored = tensors.get(part);
    if (
      variables.length !== tensors.size ||
      stored === undefined ||
      `${stored.shape}` !== `${variable.shape}`
    ) {
      throw new InputError(
        `run ${run}: its "${name}" is of another architecture than this scenario's ` +
          `(${part} is [${variable.shape}] here, ${stored ? `[${stored.shape}]` : "absent"} there): give the networks that it had`,
      );
    }
    assign(variable, stored, `${name}/${part}`);
  }
  return undefined;
}
