/**
 * What every source of classifiers must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import {
  type Classifier,
  type ClassifierPlace,
  type ClassifierSource,
  type Context,
  DEFAULT_SENTINELS,
  InputError,
  Key,
  type RunContext,
  type Store,
  tf,
  transientState,
} from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/** Has no runs, and takes none. */
const refuse = (): Promise<never> => Promise.reject(new InputError("this store keeps no runs"));
const EMPTY_STORE: Store = {
  name: "empty",
  create: refuse,
  resume: refuse,
  list: async () => [],
  glance: refuse,
  open: refuse,
  remove: refuse,
};

/**
 * Checks a source of classifiers: what it opens for a place is a differentiable map from images to logits.
 * @param place what is asked for: the shape of the images, their range, the number of classes
 */
export async function checkClassifier(
  t: Tester,
  source: ClassifierSource,
  place: ClassifierPlace,
  context: Context,
): Promise<void> {
  t.ok(source.name, "has a name");
  const given: RunContext = {
    ...context,
    key: Key.from("classifier"),
    signal: new AbortController().signal,
    state: transientState(),
    store: EMPTY_STORE,
    sentinels: DEFAULT_SENTINELS,
    artifact: () => Promise.reject(new Error("a source of classifiers stores no artifacts")),
  };
  const classifier = await opened(t, source, place, given);
  t.same(classifier.inputShape, place.inputShape, "takes the images of the place");
  t.equal(classifier.classes, place.classes, "has the classes of the place");
  const [low, high] = classifier.bounds;
  t.ok(low < high, `has bounds, the lower one first: [${classifier.bounds}]`);

  const x = Key.from("images").uniform([3, ...place.inputShape], low, high);
  const tensors = tf.memory().numTensors;
  const values = async (images: tf.Tensor): Promise<number[]> => {
    const logits = classifier.logits(images);
    t.same(logits.shape, [images.shape[0], place.classes], "gives logits [n, classes]");
    const found = [...(await logits.data())];
    logits.dispose();
    return found;
  };
  const first = await values(x);
  t.ok(first.every(Number.isFinite), "gives finite logits");
  t.same(await values(x), first, "gives the same logits each time");
  const one = tf.slice(x, 0, 1);
  const alone = await values(one);
  t.ok(
    alone.every((logit, i) => Math.abs(logit - first[i]!) <= 1e-4 * Math.max(1, Math.abs(logit))),
    "an image's logits do not depend on the other images",
  );
  const slope = tf.grad((images: tf.Tensor) => tf.sum(tf.square(classifier.logits(images))))(x);
  t.same(slope.shape, x.shape, "has a gradient in the images");
  t.ok([...(await slope.data())].every(Number.isFinite), "whose values are finite");
  tf.dispose([one, slope]);
  t.equal(tf.memory().numTensors, tensors, "leaves no tensor behind");
  x.dispose();
  classifier.dispose();
}

async function opened(
  t: Tester,
  source: ClassifierSource,
  place: ClassifierPlace,
  context: RunContext,
): Promise<Classifier> {
  const events = source.open(place, context);
  for (;;) {
    const { done, value } = await events.next();
    if (done) return value;
    t.ok(typeof value.type === "string", "yields events");
  }
}
