/**
 * A run of one method, or of two for comparison: each is initialised, trained and judged on the same terms.
 *
 * @module
 */
import { type ApplicationEvent, type Numbers, type RunContext, splitRows } from "../../../core/mod.ts";
import { initialize } from "./initialize.ts";
import { judge } from "./judge.ts";
import type { BadGanSslParts } from "./options.ts";
import { type StageContext, startStage } from "./stage.ts";
import { train } from "./training.ts";

/** Runs the method and, where there is one, that which it is compared with. */
export async function* runVariants(
  parts: BadGanSslParts,
  context: RunContext,
): AsyncGenerator<ApplicationEvent> {
  const { state } = context;
  const { method, against } = parts;
  const split = splitRows(parts.data, parts, context.key.fold("labels"));
  const cleanups: (() => void)[] = [];
  try {
    // Both start before either trains: what is wrong with the second is known at once.
    const scope = { parts, split, context };
    const first = await startStage({ ...scope, method, state, prefix: "" }, cleanups);
    const rival = { ...scope, state: state.scope("against"), prefix: "against." };
    const second = against && (await startStage({ ...rival, method: against }, cleanups));
    const results = yield* runStages(first);
    if (second === undefined) return;
    const theirs = yield* runStages(second);
    yield { type: "metrics", values: { gain: theirs.testErrors! - results.testErrors! } };
  } finally {
    for (const cleanup of cleanups.reverse()) cleanup();
  }
}

/** @returns the method's metrics, without the prefix */
async function* runStages(stage: StageContext): AsyncGenerator<ApplicationEvent, Numbers> {
  const { state } = stage;
  const key = stage.context.key.fold("bad-gan-ssl");
  yield* state.once("initialize", () => initialize(stage, key.fold("initialize")));
  const history = yield* state.once("train", (trainState) => train(stage, key.fold("train"), trainState));
  return yield* state.once("judge", () => judge(stage, history, key.fold("pictures")));
}
