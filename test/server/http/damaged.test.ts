/** A damaged run spoils nothing but what is damaged of it. */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { folderStore } from "../../../plugins/stores/folder/folder.ts";
import { createApp } from "../../../server/http/mod.ts";
import { ended, progress, result, sent, stage } from "../http-fixtures.ts";

/** A run that has passed, whose log has `damage` in its middle and at its end. */
async function damagedRun(folder: string, damage: string) {
  const store = folderStore({ folder });
  const other = await store.create("sound");
  await other.append(stage(1));
  await other.close();
  const writer = await store.create("demo");
  await writer.write("result.json", JSON.stringify(result));
  for (const one of [stage(1), progress(2, 1, { loss: 1 })]) await writer.append(one);
  appendFileSync(join(writer.location, "events.ndjson"), damage);
  await writer.append(progress(4, 2, { loss: 0.5 }));
  await writer.append(ended(5));
  appendFileSync(join(writer.location, "events.ndjson"), damage);
  await writer.close();
  return { id: writer.id, location: writer.location, door: createApp(folderStore({ folder })) };
}

for (const [name, damage] of [
  ["half an event", '{"seq":3,"time":"2026-01-01T00:00:00Z","type":"stage","st\n'],
  ["no event", "\0\0\0\0\n"],
  ["another value", "[1,2]\n"],
  ["several lines", "x\n\n{}\n"],
] as const) {
  t.test(`a log with ${name} is told as the rest of it says`, async (t) => {
    const { id, door } = await damagedRun(t.testdir(), damage);
    const json = async (path: string) => await (await door.request(path)).json();
    const { runs } = await json("/api/runs");
    t.same(
      runs.map(({ scenario, status }: { scenario: string; status: string }) => [scenario, status]),
      [
        ["demo", "passed"],
        ["sound", "abandoned"],
      ],
    );
    t.match(await json(`/api/runs/${id}`), { status: "passed", events: 5 });
    const page = await json(`/api/runs/${id}/events`);
    t.same(
      page.events.map(({ seq }: { seq: number }) => seq),
      [1, 2, 4, 5],
    );
    t.equal(page.done, true);
    t.match(await json(`/api/runs/${id}/series`), { series: [{ y: [1, 0.5] }] });
    const messages: string[] = [];
    for await (const message of sent(await door.request(`/api/runs/${id}/stream`)))
      messages.push(message.name);
    t.equal(messages.at(-1), "end");
  });
}

t.test("a damaged result is told of, and the events stand", async (t) => {
  const { id, location, door } = await damagedRun(t.testdir(), "");
  writeFileSync(join(location, "result.json"), "{");
  const answer = await door.request(`/api/runs/${id}`);
  t.equal(answer.status, 200);
  t.match(await answer.json(), { status: "passed", events: 5 });
  t.equal((await door.request("/api/runs")).status, 200);
});

t.test("a run dated ahead, without events, is over", async (t) => {
  const door = createApp(folderStore({ folder: t.testdir({ "demo-29990101-120000-abcd": {} }) }));
  const page = await (await door.request("/api/runs/demo-29990101-120000-abcd/events")).json();
  t.match(page, { events: [], done: true });
});
