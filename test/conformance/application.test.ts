/** The suites find what is wrong: an application that forgets its state, or draws from the clock, does not pass. */
import t from "tap";
import { Applications, component } from "../../core/mod.ts";
import { checkApplication } from "./application.ts";
import { contextFor } from "./context.ts";
import { checkMeasure } from "./measure.ts";
import { checkPainter } from "./painter.ts";
import { tester } from "./tester.ts";

const counting = (how: "sound" | "forgetful" | "clock") =>
  component(Applications, {
    name: "counting",
    summary: "Counts to five",
    create: () => ({
      name: "counting",
      async *run({ state, key }) {
        const done = state.cell<number>("step", 0);
        const total = state.cell<number>("total", 0);
        let forgotten = 0;
        while (done.value < 5) {
          await state.settle();
          done.value++;
          const drawn = key.fold("step", done.value).uniformArray(1)[0]!;
          total.value += drawn;
          forgotten += drawn;
          yield { type: "progress", stage: "count", step: done.value, steps: 5 };
        }
        const value = how === "clock" ? performance.now() : how === "forgetful" ? forgotten : total.value;
        yield { type: "metrics", values: { value } };
      },
    }),
  });

t.test("checkApplication() passes a sound application, and names the fault of others", async (t) => {
  const scenario = "application: counting";
  await checkApplication(t, { scenario, plugin: counting("sound") });
  await t.rejects(checkApplication(tester(), { scenario, plugin: counting("forgetful") }), {
    name: "AssertionError",
    message: "the same metrics",
  });
  await t.rejects(checkApplication(tester(), { scenario, plugin: counting("clock") }), {
    name: "AssertionError",
    message: "counting is a function of its key: the same metrics again",
  });
});

t.test("checkMeasure() and checkPainter() pass the built-in ones", async (t) => {
  const context = await contextFor();
  const { Measures, Painters, Targets } = await import("../../core/mod.ts");
  const target = await context.create(Targets, { use: "convolution", data: "ring", noise: { normal: 0.3 } });
  await checkMeasure(t, await context.create(Measures, "geometry"), target);
  await t.rejects(
    checkMeasure(
      tester(),
      {
        name: "odd",
        async *measure() {
          yield { type: "stage", stage: "measure" };
          return { share: Number.NaN };
        },
      },
      target,
    ),
    { name: "AssertionError", message: "share is a finite number, got NaN" },
  );
  await checkPainter(t, await context.create(Painters, "vega"));
});

t.test("checkPainter(), checkDownload() and checkClassifier() name the fault of broken ones", async (t) => {
  const { ClassifierSources, classifierOf, Painters, PLAIN, tf } = await import("../../core/mod.ts");
  const { checkDownload } = await import("./download.ts");
  const { checkClassifier } = await import("./classifier.ts");
  const context = await contextFor();

  const vega = await context.create(Painters, "vega");
  const blank = { ...vega, histogram: async () => new Uint8Array(100) };
  await t.rejects(checkPainter(tester(), blank), { message: "histogram of 1 points: is a PNG" });

  const download = {
    name: "half",
    terms: "free",
    files: ["a", "b"],
    sources: [
      {
        name: "disk",
        async *get() {
          yield { file: "a", bytes: new Uint8Array(1) };
        },
      },
    ],
  };
  await t.rejects(checkDownload(tester(), download, {}), { message: "all of them, each once" });

  const place = { name: "victim", inputShape: [2], classes: 2, range: [0, 1] as const };
  const mixing = component(ClassifierSources, {
    name: "mixing",
    summary: "An image's logits depend on the other images",
    create: () => ({
      name: "mixing",
      async *open(place) {
        return classifierOf(place, PLAIN, [2], (x) => tf.sub(x, tf.mean(x, 0)));
      },
    }),
  });
  const source = await (await contextFor(mixing)).create(ClassifierSources, "mixing");
  await t.rejects(checkClassifier(tester(), source, place, context), {
    message: "an image's logits do not depend on the other images",
  });
});
