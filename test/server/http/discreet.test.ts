/** No message tells somebody from outside more of this machine than was sent. */
import { lastValueFrom, toArray } from "rxjs";
import t from "tap";
import { InputError, loadScenario, recordFailure, reopenScenario, run } from "../../../core/mod.ts";
import { discreet } from "../../../core/plugin/discreet.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";
import { folderStore } from "../../../plugins/stores/folder/folder.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { createApp } from "../../../server/http/mod.ts";
import { fakeRunner, running } from "../http-fixtures.ts";

t.test("paths of this machine are told by their last names", async (t) => {
  const base = new URL("file:///srv/lab/");
  for (const [text, told] of [
    ["/srv/x/a.npy: there is no such file", "…/a.npy: there is no such file"],
    ["/srv/lab/data/a b.npy: there is no such file", "data/a b.npy: there is no such file"],
    ["cannot open '/home/me/my data/a b.csv' (/etc/passwd).", "cannot open '…/a b.csv' (…/passwd)."],
    ["cannot find file:///opt/x/y.js imported from /opt/z/w.js", "cannot find …/y.js imported from …/w.js"],
    ["at run (/opt/x/y.ts:3:14), /opt/x/y.ts:9", "at run (…/y.ts:3:14), …/y.ts:9"],
    ["C:\\Users\\me\\a.npy is no file", "…/a.npy is no file"],
    ["NotFound: readfile '/opt/x/y' at file:///opt/x/m.ts:3:14", "NotFound: readfile '…/y' at …/m.ts:3:14"],
    ["in /srv/runs/; the rest", "in …/runs; the rest"],
    ["see https://example.org/a/b and a/b, 1/2, ~/x/y", undefined],
    ["Figs. 7/9/10, train/loss, /x", undefined],
    ["postgres://me@host/db/runs is away", undefined],
  ] as const) {
    t.equal(discreet(text, { base }), told ?? text);
  }
  t.equal(
    discreet('got "/data/mnist/x", not /etc/hosts', { sent: "folder: /data/mnist/x" }),
    'got "/data/mnist/x", not …/hosts',
  );
  const blank = '"/data/my mnist/x" is no folder';
  t.equal(discreet(blank, { sent: "folder: /data/my mnist/x" }), blank, "known with a blank in it");
  const long = `/a/b${")".repeat(50_000)}x`; // each mark may be the end, or not
  t.equal(discreet(long), `…/b${")".repeat(50_000)}x`);
});

t.test("a run of a posted scenario fails without telling where it was looked", async (t) => {
  const store = memoryStore();
  const place = { base: new URL("file:///srv/lab/"), file: "demo", plugins: builtinPlugins };
  const text = (file: string) => `
name: demo
engine: cpu
application: { use: generate, target: { use: dataset-difference, alpha: 0.5, pd: uniform, pdBar: { use: arrays, values: ${file} } } }
`;
  /** All that the newest run says. */
  const said = async (file: string, allow?: readonly string[]): Promise<string> => {
    const loaded = await loadScenario(text(file), { ...place, allow });
    const events = await lastValueFrom(run(loaded, { store, environment: {} }).pipe(toArray()));
    const [id] = await store.list();
    const reader = await store.open(id!);
    return JSON.stringify([events.slice(1), await reader.result()]);
  };
  t.match(await said("../none.npy"), "/srv/none.npy: there is no such file", "a command's run tells all");
  const posted = await said("../none.npy", ["../none.npy"]);
  t.match(posted, "…/none.npy: there is no such file");
  t.notMatch(posted, "/srv/");
  t.notMatch(posted, "stack");
  t.match(
    await said("/srv/own/none.npy", ["/srv/own/"]),
    "/srv/own/none.npy: there is no such file",
    "as it was sent",
  );

  await said("data/none.npy", ["data/"]);
  const [id] = await store.list();
  const again = await reopenScenario(await store.open(id!), builtinPlugins);
  t.strictSame(again.allow, ["data/"], "it may name no more when it is resumed");
  await lastValueFrom(run(again, { store, environment: {}, resume: id! }).pipe(toArray()));
  t.notMatch(JSON.stringify((await (await store.open(id!)).events()).slice(1)), "/srv/");

  const writer = await store.resume(id!);
  await writer.close();
  await recordFailure(
    store,
    id!,
    { message: "the process died: at /srv/lab/core/x.ts", stack: "/srv/y/z" },
    writer.epoch,
  );
  const { error } = (await (await store.open(id!)).result())!;
  t.strictSame(error, { kind: "run", message: "the process died: at core/x.ts" });
});

t.test("nor does an answer tell it", async (t) => {
  const problems = [{ path: "plugins.0", message: "cannot be loaded: no /srv/lab/toy.ts, nor /data/mine/x" }];
  const failed = {
    ticket: "t",
    state: "failed",
    title: "demo",
    ahead: 0,
    error: "no room in /srv/lab/runs",
  } as const;
  const { get } = await running({
    runner: fakeRunner({
      start: () => Promise.reject(new InputError(problems, { file: "scenario" })),
      jobs: () => [failed],
    }),
  });
  const answer = await get("/api/runs", {
    method: "POST",
    headers: { "Content-Type": "application/yaml" },
    body: "application: toy\nplugins: [/data/mine/x]\n",
  });
  t.equal(answer.status, 422);
  t.equal(answer.body.problems[0].message, "cannot be loaded: no …/toy.ts, nor /data/mine/x");
  t.match(answer.body.detail, "no …/toy.ts, nor /data/mine/x");
  t.match((await get("/api/queue")).body.jobs, [{ error: "no room in …/runs" }]);
  t.match((await get("/api/queue/t")).body, { error: "no room in …/runs" });

  const folder = t.testdir();
  const door = createApp(folderStore({ folder }), { edit: true });
  for (const [path, init] of [
    ["/api/runs/none"],
    ["/api/runs/none/events"],
    ["/api/runs/none/artifacts/x"],
    ["/api/runs/none", { method: "DELETE" }],
    ["/api/sweeps/none"],
  ] as const) {
    const text = await (await door.request(path, init)).text();
    t.match(text, /"status":404/, path);
    t.notOk(text.includes(folder), text);
  }
});
