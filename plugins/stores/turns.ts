/**
 * The order of a writer's calls.
 *
 * @module
 */

/**
 * Makes a function that runs calls one at a time, in the order in which they came. It settles as the call does; a call
 * that fails holds up none of those after it.
 */
export function turns(): (call: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (call) => {
    const turn = last.then(call);
    last = turn.catch(() => {});
    return turn;
  };
}
