/** No route tells where a run was made or is kept: every one that there is is asked, for runs of every kind. */
import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { lastValueFrom } from "rxjs";
import t from "tap";
import { loadScenario, RunError, run, type ScenarioOrigin, type Store } from "../../../core/mod.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";
import { folderStore } from "../../../plugins/stores/folder/folder.ts";
import { prometheusMetrics } from "../../../server/http/metrics.ts";
import { createApp } from "../../../server/http/mod.ts";
import { report } from "../../../server/report/report.ts";
import { environment } from "../../../server/trainer/environment.ts";
import { fakeRunner } from "../http-fixtures.ts";

t.setTimeout(120_000);

const root = fileURLToPath(new URL("../../..", import.meta.url));
const place = t.testdir({ "my data": {}, runs: {}, elsewhere: {}, scenarios: {} });
const data = join(place, "my data");

/** A plugin that tells all that it sees: where it lies, and where its scenario looks for things. */
writeFileSync(
  join(place, "talker.ts"),
  `import { Applications, definePlugin, path, z } from ${JSON.stringify(join(root, "core/mod.ts"))};
export default definePlugin({
  name: "talker",
  components: [{
    contract: Applications,
    name: "talk",
    summary: "Talks.",
    options: () => z.strictObject({ data: path().default(${JSON.stringify(data)}), fail: z.boolean().default(false) }),
    create: ({ data, fail }, { locate }) => ({
      name: "talk",
      async *run({ artifact }) {
        const found = [data, locate(data).pathname, locate(data).href, import.meta.url, new Error("here").stack].join(", ");
        yield { type: "stage", stage: "look into " + found, steps: 2 };
        yield { type: "warning", message: "read " + found };
        yield await artifact("summary.md", "read from " + found, new TextEncoder().encode("# From\\n\\nIt read '" + found + "'.\\n"));
        yield { type: "metrics", values: { x: 1 } };
        if (fail) throw new TypeError("broke at " + found);
      },
    }),
  }],
});
`,
);

/** Runs a scenario as a command does, or as a server does whose operator allows some names. */
async function ran(store: Store, name: string, application: object, allow?: readonly string[]) {
  const origin: ScenarioOrigin = {
    base: pathToFileURL(`${place}/scenarios/`),
    file: join(place, `${name}.yaml`),
    plugins: builtinPlugins,
    ...(allow && { allow }),
  };
  const plugins = [allow === undefined ? join(place, "talker.ts") : "../talker.ts"];
  const loaded = await loadScenario(
    JSON.stringify({ name, engine: "cpu", description: `of ${data}`, plugins, application }),
    origin,
  );
  await lastValueFrom(run(loaded, { store, environment: await environment() }));
  const [id] = await store.list();
  const reader = await store.open(id!);
  const command = `dsgan run ${join(place, name)}.yaml --set 'application.data=${data}'`;
  writeFileSync(join(reader.folder!, "report.html"), await report(reader, { command }));
  return id!;
}

t.test("no route tells where things lie on the machine, of no run", async (t) => {
  const store = folderStore({ folder: join(place, "runs") });
  const runs = {
    finished: await ran(store, "finished", { use: "talk" }),
    failed: await ran(store, "failed", { use: "talk", fail: true, data: join(data, "x.npy") }),
    posted: await ran(store, "posted", { use: "talk", fail: true }, ["../talker.ts", join(place, "runs")]),
    swept: "little-sweep-0123456789ab",
  };
  const writer = await store.create("little", { id: runs.swept });
  const file = join(place, "sweep.yaml");
  const text = `scenario: ${place}/finished.yaml\nvary: { application.data: [${place}/a, ${place}/b] }\n`;
  const scenario = { text: "application: talk", file, base: pathToFileURL(file).href, name: "finished" };
  const about = { text, file, base: pathToFileURL(file).href, scenario };
  await writer.write("sweep.json", JSON.stringify(about));
  const time = new Date().toISOString();
  const job = { id: "j", run: runs.finished, trial: "t", seed: 0, settings: { "application.data": data } };
  const outcome = { kind: "failed", message: `no ${data}/x` } as const;
  await writer.append({ seq: 1, time, type: "job", job, outcome } as never);
  await writer.close();

  const runner = fakeRunner({
    start: () => Promise.reject(new RunError(`no room in ${place}/runs`)),
    jobs: () => [{ ticket: "t-1", state: "failed", title: "demo", ahead: 0, error: `no room in ${data}` }],
  });
  const app = createApp(store, { runner, edit: true, metrics: prometheusMetrics(store, runner) });
  /** What no answer may tell. */
  const hidden = [place, encodeURI(data), root, process.cwd(), homedir(), "file:", process.execPath];
  const asked: string[] = [];
  const ask = async (path: string, init?: RequestInit): Promise<string> => {
    const answer = await app.request(path, init);
    const told = `${[...answer.headers].join("\n")}\n${await answer.text()}`;
    asked.push(path);
    for (const word of hidden) if (told.includes(word)) t.fail(`${path} tells of ${word}`, { told });
    return told;
  };
  const { paths } = await (await app.request("/openapi.json")).json();
  for (const [path, methods] of Object.entries<object>(paths)) {
    if (!("get" in methods)) continue;
    for (const id of [...Object.values(runs), "none"]) {
      const filled = path.replace("{id}", id).replace("{ticket}", "t-1").replace("{path}", "none.txt");
      const query = /search$/.test(path) ? "?text=a" : /curves$/.test(path) ? `?run=${id}&metric=x` : "";
      await ask(`${filled}${query}`);
    }
  }
  t.ok(asked.length > 80, `${asked.length} requests`);
  for (const [path, init] of [
    ["/api/runs", { method: "POST", headers: { "Content-Type": "application/yaml" }, body: "a: 1" }],
    [`/api/runs/${runs.failed}/cancel`, { method: "POST" }],
    ["/api/runs/none/resume", { method: "POST" }],
    [`/api/runs/${runs.finished}/resume`, { method: "POST" }],
    ["/api/runs/none", { method: "DELETE" }],
    ["/api/queue/t-1", { method: "DELETE" }],
    ["/metrics"],
    ["/readyz"],
    ["/"],
    ["/nowhere"],
  ] as const) {
    await ask(path, init);
  }
  const failed = await ask(`/api/runs/${runs.failed}/result`);
  t.match(failed, "broke at …/", "it tells the last name");
  t.match(await ask(`/api/runs/${runs.failed}/events`), '"location":"…/failed-', "and which folder");
  t.match(await ask(`/api/runs/${runs.finished}/report`), "…/finished.yaml");
  t.match(await ask(`/api/runs/${runs.posted}/scenario`), "../talker.ts", "what was sent is told");
  t.match(await ask(`/api/sweeps/${runs.swept}`), "…/b");
});

t.test("places that may be named are told, so that a run can be made again from outside", async (t) => {
  const folder = join(place, "elsewhere");
  const store = folderStore({ folder });
  const id = await ran(store, "allowed", { use: "talk", data });
  const scenarioTold = async (allow: readonly string[]): Promise<string> =>
    await (await createApp(store, { allow }).request(`/api/runs/${id}/scenario`)).text();
  t.notMatch(await scenarioTold([]), place);
  t.match(await scenarioTold([`${data}`]), `data: ${data}`);
});
