/** Paths into a scenario, and changes by them. */
import t from "tap";
import { InputError, loadScenario, partsOf } from "../../../core/mod.ts";
import { changed, withOverrides } from "../../../core/scenario/override.ts";
import { splitAssignment } from "../../../core/scenario/path.ts";
import { parts } from "../parts.ts";

const SOUND =
  "name: sound\napplication:\n  use: study\n  target: { use: label-difference, data: ring, pd: [1] }\n";

/** A document after changes, each `path=value`. */
function after(document: unknown, ...texts: string[]): unknown {
  return withOverrides(
    document,
    texts.map((text) => splitAssignment(text)!),
  );
}

t.test("a name in quotes is one name, whatever it has", (t) => {
  const expect = { "m.clean": { atLeast: 0.9 } };
  t.strictSame(after({}, 'expect."m.clean".atLeast=0.9'), { expect });
  t.strictSame(after({}, "expect.'m.clean'.atLeast=0.9"), { expect });
  t.strictSame(after({ expect }, 'expect."m.clean".atLeast=1'), { expect: { "m.clean": { atLeast: 1 } } });
  t.strictSame(after({ expect }, "expect.m.clean.atLeast=1"), { expect: { "m.clean": { atLeast: 1 } } });
  t.strictSame(after({}, 'a."0".b=1', 'a."="=2', 'a."\\"\\\\"=3', "a.'+'=4"), {
    a: { "0": { b: 1 }, "=": 2, '"\\': 3, "+": 4 },
  });
  t.strictSame(after({ a: { "b.c": 1, b: {} } }, "a.'b'.c=2"), { a: { "b.c": 1, b: { c: 2 } } });
  t.strictSame(after({ expect }, 'expect."m.clean"=null'), { expect: {} });
  t.end();
});

t.test("a list is made where none is, and grows", (t) => {
  t.strictSame(after({}, "tags.0=a", "tags.+=b", "tags.2=c", "tags.1=null"), { tags: ["a", "c"] });
  t.strictSame(after({}, "plugins.+=./x.ts"), { plugins: ["./x.ts"] });
  t.strictSame(after({ a: null }, "a.0.b.0=1"), { a: [{ b: [1] }] });
  t.strictSame(after({ measures: [] }, "measures.+={ use: geometry }", "measures.0.use=x"), {
    measures: [{ use: "x" }],
  });
  t.strictSame(after({ a: "wgan" }, "a.lambda=1"), { a: { use: "wgan", lambda: 1 } });
  t.end();
});

t.test("what cannot be done is said in full, and the rest is done", (t) => {
  const { document, refused } = changed({ tags: ["a"], m: 3, name: "x" }, [
    { path: 'a."b', value: "1" },
    { path: 'a."b"c', value: "1" },
    { path: "tags.3", value: "x" },
    { path: "m.x", value: "1" },
    { path: "name.0", value: "1" },
    { path: "tags.+", value: "null" },
    { path: Array(65).fill("a").join("."), value: "1" },
    { path: "fine", value: "1" },
  ]);
  t.strictSame(document, { tags: ["a"], m: 3, name: "x", fine: 1 });
  t.strictSame(
    refused.map(({ message }) => message.slice(0, 90)),
    [
      '"a.\\"b" has a quote that is not closed: "b',
      '"a.\\"b\\"c" goes on after a quote: expected a dot, got "c"',
      'tags is a list of 1: expected an index (0 to 0, or 1 to append), got "3"',
      'm is 3, which has no "x" to set',
      'name is "x", which has no "0" to set',
      'tags has no "1" to take out',
      `${JSON.stringify(Array(65).fill("a").join(".")).slice(0, 90)}`,
    ],
  );
  t.throws(() => withOverrides({}, [{ path: "a.", value: "1" }]), InputError);
  t.end();
});

t.test("the document given stays as it is, and many changes copy it once", (t) => {
  const shared = { x: 1 };
  const document = { a: shared, b: shared, list: Array.from({ length: 2000 }, (_, i) => ({ i })) };
  const before = structuredClone(document);
  let copies = 0;
  const counted = new Proxy(document.list, {
    get: (target, key, receiver) => {
      if (key === Symbol.iterator) copies++;
      return Reflect.get(target, key, receiver);
    },
  });
  const overrides = Array.from({ length: 2000 }, (_, i) => ({ path: `list.${i}.i`, value: "7" }));
  const made = changed({ ...document, list: counted }, [...overrides, { path: "a.x", value: "2" }]);
  t.equal(copies, 1);
  t.match(made.document, { a: { x: 2 }, b: { x: 1 }, list: { 0: { i: 7 }, 1999: { i: 7 } } });
  t.strictSame(document, before);
  const odd = after({}, "__proto__.polluted=1", "constructor.prototype.polluted=1") as object;
  t.strictSame(Object.keys(odd), ["__proto__", "constructor"]);
  t.equal(({} as { polluted?: number }).polluted, undefined);
  t.end();
});

t.test("partsOf() and splitAssignment() read what people type", (t) => {
  for (const bad of ["", ".", "a.", ".a", "a..b", '"', '""', "'a", 'a."b"c'])
    t.ok("fault" in partsOf(bad), bad);
  t.match(partsOf("it's.a"), { parts: [{ name: "it's" }, { name: "a" }] });
  t.strictSame(splitAssignment('a."b=c".d=e=f'), { path: 'a."b=c".d', value: "e=f" });
  t.strictSame(splitAssignment('a."b=c'), { path: 'a."b', value: "c" });
  t.strictSame(splitAssignment("a="), { path: "a", value: "" });
  t.equal(splitAssignment("a"), undefined);
  t.equal(splitAssignment("=1"), undefined);
  t.end();
});

t.test("a scenario gets what its file leaves out, and blame falls on the right change", async (t) => {
  const load = (...texts: string[]) =>
    loadScenario(SOUND, {
      ...{ base: new URL("file:///nowhere/x.yaml"), file: "x.yaml", plugins: [parts] },
      overrides: texts.map((text) => splitAssignment(text)!),
    });
  const { scenario } = await load('expect."m.clean".atLeast=0.9', "tags.0=a", "application.others.+=plain");
  t.match(scenario, { expect: { "m.clean": { atLeast: 0.9 } }, tags: ["a"] });
  const said = async (...texts: string[]) => {
    const error = await load(...texts).catch((thrown: unknown) => thrown);
    return (error as Error).message;
  };
  t.match(
    await said("expect.m.clean.atLeast=0.9"),
    /dots is quoted: --set 'expect\."m\.clean"\.atLeast=0\.9' \(from --set expect\.m\.clean\.atLeast=0\.9\)/,
  );
  t.match(await said("tags.+=3"), /tags\.0: expected a string, got 3 \(from --set tags\.\+=3\)/);
  t.match(await said('expect."m.clean".atLeast=x'), /expect\.m\.clean\.atLeast: .*\(from --set/);
});
