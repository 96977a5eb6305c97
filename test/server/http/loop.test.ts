/**
 * No body that is taken, within the limit, holds the event loop for more than a tenth of a second: neither when it is
 * posted nor when what came of it is read. Processor time of this thread is taken, held against that of known work, so that
 * a slow or a busy machine changes nothing.
 */
import { createHash } from "node:crypto";
import t, { type Test } from "tap";
import { stringify } from "yaml";
import { Key, loadScenario, RUN_FILES } from "../../../core/mod.ts";
import { localJobs } from "../../../plugins/jobs/mod.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { type App, createApp } from "../../../server/http/mod.ts";
import { trainerQueue } from "../../../server/http/node.ts";
import { requireShort } from "../../../server/trainer/size.ts";
import { range as between } from "../http-fixtures.ts";

t.setTimeout(600_000);

/** Bytes of a body that is taken. */
const MOST = 256 * 1024;
/** Milliseconds for which a request may hold the loop, on a machine that does {@link work} in so many. */
const LIMIT = 100;
const WORK_MS = 80;

const range = (n: number): number[] => between(0, n - 1);
const here = { base: new URL("file:///srv/lab/"), file: "scenario", name: "demo", plugins: builtinPlugins };

/** Milliseconds of this thread that something takes. */
async function spent<T>(act: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const before = process.threadCpuUsage();
  const value = await act();
  const { user, system } = process.threadCpuUsage(before);
  return { ms: (user + system) / 1000, value };
}

/** Known work: JSON of the size of a body is read and written a few times. */
async function work(): Promise<void> {
  const text = JSON.stringify(Array.from({ length: 16_000 }, (_, i) => ({ [`k${i}`]: i })));
  const hash = createHash("sha256");
  for (let i = 0; i < 8; i++) hash.update(JSON.stringify(JSON.parse(text)));
  hash.digest();
}

/** How many times as long as on the machine of {@link WORK_MS} things take here; 1 at least. */
async function slowness(): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 9; i++) times.push((await spent(work)).ms);
  return Math.max(1, times.toSorted((a, b) => a - b)[4]! / WORK_MS);
}

const application = {
  use: "generate",
  target: { use: "dataset-difference", alpha: 0.5, pd: "uniform", pdBar: "uniform" },
};
const many = (n: number, part: (i: number) => string, joint = ""): string =>
  Array.from({ length: n }, (_, i) => part(i)).join(joint);
const fill = (part: string, around = 200): string =>
  part.repeat(Math.floor((MOST - around) / Buffer.byteLength(part)));

/** Parts that texts are made of: what patterns and parsers may stumble over. */
const PARTS = [
  ...[
    "a",
    "/",
    "/a",
    "/a/b",
    ")",
    ":1",
    " /a/b)",
    "\\\\",
    "'",
    '"',
    "`/",
    "…",
    "é",
    "\u{1F600}",
    "\n",
    "\t",
    " ",
    "{",
    "[",
    "}",
  ],
  ...[
    "$".concat("{A}"),
    "&a ",
    "*a ",
    "- ",
    "? ",
    ": ",
    "#",
    "|\n ",
    ">\n ",
    "!!map ",
    "%",
    "file://",
    "c:\\\\",
    "1e9",
    ".",
    ",",
    "--- ",
  ],
];

/** Bodies of a kind each, by its name. */
function bodies(): [name: string, type: string, body: string][] {
  const made: [string, string, string][] = [];
  const json = (name: string, body: string): unknown => made.push([name, "application/json", body]);
  const yaml = (name: string, body: string): unknown => made.push([name, "application/yaml", body]);
  const order = (set: string, scenario = '"smoke/ring"'): string => `{"scenario":${scenario},"set":{${set}}}`;
  json("many values to set", order(many(999, (i) => `"application.z${i}":1`, ",")));
  json("too many", order(many(20_000, (i) => `"z${i}":1`, ",")));
  json("one value to set, deep", order(`"${"a.".repeat(490)}a":1`));
  json("one value to set, long", order(`"application.z":"${"x".repeat(250_000)}"`));
  json("deep values to set", order(many(900, (i) => `"${"a.".repeat(100)}${i}":1`, ",")));
  json("many wrong members", `{"scenario":"a: 1",${many(20_000, (i) => `"z${i}":1`, ",")}}`);
  json("a long name of a scenario", `{"scenario":"${"x".repeat(250_000)}"}`);
  json("deep lists", `{"scenario":{"application":${"[".repeat(120_000)}${"]".repeat(120_000)}}}`);
  json("deep mappings", `{"application":${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}}`);
  json("the same key", `{"application":{${many(30_000, () => '"a":1', ",")}}}`);
  json(
    "keys of prototypes",
    order(many(900, (i) => `"${["__proto__", "constructor", "toString"][i % 3]}.${i}":1`, ",")),
  );
  json("numbers", `{"application":[${many(25_000, () => "1e999999", ",")}]}`);
  json("escapes", `{"application":"${many(40_000, () => "\\u0000")}"}`);
  json(
    "many expectations",
    JSON.stringify({
      application,
      expect: Object.fromEntries(range(8000).map((i) => [`metric${i}`, { atLeast: 0 }])),
    }),
  );
  json("a name told back", `{"application":{"use":"${fill(" /a/b)")}"}}`);
  for (const part of PARTS) {
    yaml(
      `a text of ${JSON.stringify(part)}`,
      `application: generate\ndescription: ${JSON.stringify(fill(part).slice(0, 120_000))}\n`,
    );
    yaml(`nothing but ${JSON.stringify(part)}`, `a: ${fill(part)}`);
  }
  const key = Key.from(1).fold("loop");
  for (let i = 0; i < 12; i++) {
    const order = key.fold(i).permutation(PARTS.length);
    const mix = Array.from(order.slice(0, 6), (at) => PARTS[at]!).join("");
    yaml(`a mix of ${JSON.stringify(mix)}`, `a: ${fill(mix)}`);
    json(
      `a mix of ${JSON.stringify(mix)} as a name`,
      JSON.stringify({ application: { use: mix.repeat(3000).slice(0, 80_000) } }),
    );
  }
  return made.filter(([, , body]) => Buffer.byteLength(body) <= MOST);
}

/** What a run is asked for. */
const ROUTES = [
  "",
  "/scenario",
  "/environment",
  "/result",
  "/events",
  "/series",
  "/search?text=a",
  "/summary",
  "/notes",
];

/** Scenarios by what is much in them, so long as they are taken. */
const LONG: Readonly<Record<string, object>> = {
  expectations: { expect: Object.fromEntries(range(900).map((i) => [`metric${i}`, { atLeast: 0 }])) },
  tags: { tags: range(3000).map((i) => `tag${i}`) },
  "paths in its description": { description: " /a/b)".repeat(5000) },
  "marks in its description": { description: `/a/b${")".repeat(30_000)}x` },
  "lines in its description": { description: "a\n".repeat(10_000) },
  measures: {
    application: { ...application, measures: range(700).map((i) => ({ use: "energy", n: 2 + i })) },
  },
};

async function requireQuick(
  t: Test,
  slow: number,
  name: string,
  act: () => Promise<Response>,
): Promise<Response> {
  const { ms, value } = await spent(async () => {
    const answer = await act();
    await answer.clone().arrayBuffer();
    return answer;
  });
  t.ok(ms <= LIMIT * slow, `${name}: ${ms.toFixed(1)} ms, of ${(LIMIT * slow).toFixed(0)}`);
  return value;
}

t.test("a body holds the event loop for a moment at most, whatever is in it", async (t) => {
  const jobs = localJobs();
  const store = memoryStore();
  const runner = trainerQueue({ runs: "runs", store, jobs });
  const scenarios = () => [
    {
      name: "smoke/ring",
      description: "",
      text: "application: generate\n",
      file: "ring",
      base: "file:///srv/",
    },
  ];
  const app = createApp(store, { runner, scenarios }) as unknown as App;
  const post = async (type: string, body: string): Promise<Response> =>
    await app.request("/api/runs", { method: "POST", headers: { "Content-Type": type }, body });
  await post("application/json", '{"scenario":"a: 1"}'); // what is loaded at first is loaded
  const slow = await slowness();
  for (const [name, type, body] of bodies()) {
    const answer = await requireQuick(t, slow, name, () => post(type, body));
    t.ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status}`);
  }
  await runner.close();
  await jobs.close();
});

t.test("nor does what came of one, when it is read", async (t) => {
  const store = memoryStore();
  const app = createApp(store);
  /** Reads all that there is of a run, by every route. */
  const readAll = async (
    document: object,
    read: (route: string, ask: () => Promise<Response>) => Promise<unknown>,
  ): Promise<void> => {
    const { scenario } = await loadScenario(JSON.stringify(document), { ...here, allow: [] });
    requireShort({ scenario });
    const writer = await store.create("demo");
    await writer.write(RUN_FILES.scenario, stringify(scenario));
    await writer.write(RUN_FILES.environment, JSON.stringify({ base: here.base.href, allow: [] }));
    await writer.close();
    for (const route of ROUTES) await read(route, async () => app.request(`/api/runs/${writer.id}${route}`));
    for (const route of ["/api/table", "/api/runs"]) await read(route, async () => app.request(route));
    await store.remove(writer.id);
  };
  // What is read first is compiled meanwhile, which is not what a body makes.
  for (let i = 0; i < 5; i++)
    await readAll({ application, tags: range(200).map((i) => `tag${i}`) }, async (_, ask) =>
      (await ask()).text(),
    );
  const slow = await slowness();
  for (const [much, more] of Object.entries(LONG)) {
    const document = { application, ...more };
    t.ok(JSON.stringify(document).length > 15_000, `much of ${much}: it is long`);
    await readAll(document, (route, ask) => requireQuick(t, slow, `much of ${much}: ${route}`, ask));
  }
});
