/** Published runs: what another store wrote, read from its files alone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { InputError, type RunResult } from "../../../core/mod.ts";
import { folderStore } from "../../../plugins/stores/folder/folder.ts";
import { createApp, type PublishedFiles, publishedRuns } from "../../../server/http/mod.ts";
import { ended, progress, result, stage } from "../http-fixtures.ts";

/** A folder of runs, read as a bucket would be. */
function filesOf(folder: string, ids: () => Promise<readonly string[]>): PublishedFiles {
  return {
    list: ids,
    async read(run, path) {
      try {
        return readFileSync(join(folder, run, path));
      } catch {
        return undefined;
      }
    },
  };
}

t.test("publishedRuns() answers as the store that wrote the runs", async (t) => {
  const folder = t.testdir({});
  const original = folderStore({ folder });
  const writer = await original.create("demo");
  const { id } = writer;
  await writer.write("scenario.yaml", "name: demo\ntags:\n  - toy\nexpect:\n  x: { atLeast: 2 }\n");
  await writer.append(stage(1));
  for (let step = 1; step <= 50; step++) await writer.append(progress(1 + step, step, { loss: 1 / step }));
  await writer.write("artifacts/a.txt", "text");
  const own: RunResult = { ...result, run: id };
  await writer.write("result.json", JSON.stringify(own));
  await writer.append(ended(52));
  await writer.close();
  const empty = await original.create("empty");
  await empty.close();

  const [expected, got] = [original, publishedRuns(filesOf(folder, () => original.list()))].map((store) =>
    createApp(store),
  );
  for (const path of [
    "",
    "?scenario=demo&tag=toy",
    `/${id}`,
    `/${id}/events`,
    `/${id}/events?since=40&limit=5`,
    `/${id}/events?types=ended`,
    `/${id}/series?points=10`,
    `/${id}/scenario`,
    `/${id}/result`,
    `/${id}/artifacts/a.txt`,
  ]) {
    const [a, b] = await Promise.all([expected, got].map((app) => app!.request(`/api/runs${path}`)));
    t.equal(b!.status, 200, path);
    const inSeconds = (text: string): string => text.replaceAll(/("began":"[^"]*)\.\d+Z"/g, '$1Z"'); // as ids have it
    t.equal(inSeconds(await b!.text()), inSeconds(await a!.text()), path);
  }
  t.match(await (await got!.request(`/api/runs/${id}/stream?since=50`)).text(), /id: 51\n[\s\S]*event: end/);
  for (const path of ["/nope", `/${id}/artifacts/absent.txt`, `/${empty.id}/result`]) {
    t.equal((await got!.request(`/api/runs${path}`)).status, 404, path);
  }
  t.match(await (await got!.request(`/api/runs/${empty.id}`)).json(), { status: "abandoned", events: 0 });
});

t.test("publishedRuns() gives new events of a run that was copied again", async (t) => {
  let log = `${JSON.stringify(stage(1))}\n{"seq":2,"half`;
  let reads = 0;
  const store = publishedRuns({
    list: async () => ["demo-20260101-120000-abcd"],
    read: async (_, path) => {
      if (path !== "events.ndjson") return undefined;
      reads++;
      return new TextEncoder().encode(log);
    },
  });
  const reader = await store.open("demo-20260101-120000-abcd");
  t.equal((await reader.extent()).last, 1, "a line that is half written does not count");
  log = [stage(1), stage(2), ended(3)].map((event) => `${JSON.stringify(event)}\n`).join("");
  t.equal((await reader.extent()).last, 3);
  const before = reads;
  t.same(await reader.events(1), [stage(2), ended(3)]);
  t.equal((await reader.extent()).last, 3);
  t.equal(reads, before, "an ended run is read once");
  await t.rejects(reader.read("../secret"), { name: "InputError" });
});

t.test("publishedRuns() is read only", async (t) => {
  const store = publishedRuns({ list: async () => ["demo-1"], read: async () => undefined });
  await t.rejects(store.create("demo"), InputError);
  await t.rejects(store.resume("demo-1"), InputError);
  t.same((await store.glance("demo-1")).began, "1970-01-01T00:00:00.000Z", "an id without a time");
});
