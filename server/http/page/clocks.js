/** When the steps of a stage were reached: from steps to seconds, and back. */

/** @typedef {{ stage: string, x: readonly number[], seconds: readonly number[] }} Clock */

/** Seconds at which a step was reached. @param {Clock} clock @param {number} step */
export function timeAt({ x, seconds }, step) {
  let high = x.findIndex((at) => at >= step);
  if (high < 0) high = x.length - 1;
  const low = Math.max(0, high - 1);
  const [from = 0, to = 0, begin = 0, end = 0] = [x[low], x[high], seconds[low], seconds[high]];
  return to === from ? end : begin + ((step - from) / (to - from)) * (end - begin);
}

/**
 * The steps of each stage that were reached in a stretch of time, and those just beside it: a line goes on to the edge.
 * @param {readonly Clock[]} clocks @param {number} from seconds @param {number} to
 * @returns {{ stage: string, from: number, to: number }[]} without the stages of another time
 */
export function stretchesOf(clocks, from, to) {
  return clocks.flatMap(({ stage, x, seconds }) => {
    if ((seconds[0] ?? Number.POSITIVE_INFINITY) > to || (seconds.at(-1) ?? 0) < from) return [];
    const first = seconds.findLastIndex((at) => at <= from);
    const last = seconds.findIndex((at) => at >= to);
    return [{ stage, from: x[Math.max(0, first)] ?? 0, to: x[last < 0 ? x.length - 1 : last] ?? 0 }];
  });
}
