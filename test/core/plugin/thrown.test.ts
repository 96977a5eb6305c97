import { pathToFileURL } from "node:url";
import t from "tap";
import { loadPlugins, messageOf, RunError, stackOf } from "../../../core/mod.ts";
import { locatedMessage, thrownAt } from "../../../core/plugin/thrown.ts";

const failing = (stack: string): Error => Object.assign(new Error("no"), { stack: `Error: no\n${stack}` });

t.test("thrownAt() takes the first line outside of the core, packages and the runtime", (t) => {
  const core = new URL("../../../core/run/state.ts", import.meta.url).href;
  const cases: [string, string | undefined][] = [
    ["    at f (file:///home/me/my%20plugin.ts:3:7)", "/home/me/my plugin.ts:3:7"],
    [`    at keep (${core}:1:2)\n    at async Object.run (file:///x/plugin.mjs:12:5)`, "/x/plugin.mjs:12:5"],
    [
      "    at node:internal/x:1:1\n    at a (file:///x/node_modules/p/i.js:1:1)\n    at file:///x/b.js:9:1",
      "/x/b.js:9:1",
    ],
    ["    at Module._compile (/x/old.cjs:4:2)", "/x/old.cjs:4:2"],
    ["    at https://host/plugin.js:7:1", "https://host/plugin.js:7:1"],
    [`    at keep (${core}:1:2)`, undefined],
    ["", undefined],
  ];
  for (const [stack, place] of cases) t.equal(thrownAt(failing(stack)), place, stack);
  for (const other of [undefined, null, "thrown", 3, {}]) t.equal(thrownAt(other), undefined);
  t.end();
});

t.test("thrownAt() prefers the files of a plugin that was loaded, even among packages", async (t) => {
  const folder = t.testdir({
    node_modules: { mine: { "index.js": "export default {};", lib: { "a.js": "" } } },
  });
  const base = pathToFileURL(`${folder}/`);
  await loadPlugins(["./node_modules/mine/index.js"], base);
  const inside = new URL("node_modules/mine/lib/a.js", base).href;
  const stack = `    at g (file:///elsewhere/b.js:1:1)\n    at f (${inside}:2:3)`;
  t.equal(thrownAt(failing(stack)), `${folder}/node_modules/mine/lib/a.js:2:3`);
});

t.test("locatedMessage() leaves errors as they are that are worded for users", (t) => {
  t.equal(locatedMessage(new RunError("the loss is NaN")), "the loss is NaN");
  t.match(
    locatedMessage(new TypeError("x is not a function")),
    /^x is not a function \(at .*thrown\.test\.ts:\d+:\d+\)$/,
  );
  t.end();
});

t.test("messageOf() and stackOf() take anything that can be thrown", (t) => {
  t.strictSame(
    [new Error("a"), new TypeError(), "text", undefined, null, { message: "like an error" }].map(messageOf),
    ["a", "TypeError", "text", "undefined", "null", "like an error"],
  );
  t.equal(stackOf("text"), undefined);
  const cause = new Error("below");
  t.match(stackOf(new Error("above", { cause })), /^Error: above\n[\s\S]*\ncaused by: Error: below\n/);
  t.match(
    stackOf(new AggregateError([new Error("one"), new Error("two")])),
    /caused by: Error: one[\s\S]*caused by: Error: two/,
  );
  const round = new Error("round");
  round.cause = round;
  t.ok(stackOf(round)!.split("caused by").length < 20);
  t.end();
});
