/** Files over HTTP: in pieces, whole or in part, however large. */
import { mkdirSync, openSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { RunFile, Store } from "../../../core/mod.ts";
import { folderStore } from "../../../plugins/stores/folder/folder.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { listen } from "../../../server/http/listen.ts";
import { createApp } from "../../../server/http/mod.ts";
import { running } from "../http-fixtures.ts";

const bytes = Uint8Array.from({ length: 700_000 }, (_, i) => i % 251);

t.test("a range of a file is answered with that part, and with where it lies", async (t) => {
  const { writer, raw } = await running();
  await writer.write("artifacts/x.bin", bytes);
  const ask = (headers: Record<string, string>, method = "GET") =>
    raw("/api/runs/:id/artifacts/x.bin", { method, headers });
  for (const [range, start, end] of [
    ["bytes=0-9", 0, 10],
    ["bytes=500000-", 500_000, 700_000],
    ["bytes=-5", 699_995, 700_000],
    ["bytes=699999-9999999", 699_999, 700_000],
    ["bytes=-9999999", 0, 700_000],
  ] as const) {
    const answer = await ask({ Range: range });
    t.equal(answer.status, 206, range);
    t.equal(answer.headers.get("Content-Range"), `bytes ${start}-${end - 1}/700000`);
    t.equal(answer.headers.get("Content-Length"), String(end - start));
    t.same(new Uint8Array(await answer.arrayBuffer()), bytes.slice(start, end));
  }
  for (const range of ["bytes=700000-", "bytes=-0"]) {
    const answer = await ask({ Range: range });
    t.equal(answer.status, 416, range);
    t.equal(answer.headers.get("Content-Range"), "bytes */700000");
  }
  for (const range of ["bytes=5-2", "lines=1-2", "bytes=0-1,5-6", "bytes=-", "nonsense"]) {
    const answer = await ask({ Range: range });
    t.equal(answer.status, 200, `${range}: the whole, as the standard allows`);
    t.equal((await answer.arrayBuffer()).byteLength, 700_000);
  }
  const etag = (await ask({}, "HEAD")).headers.get("ETag")!;
  t.equal((await ask({ Range: "bytes=0-9", "If-Range": etag })).status, 206);
  t.equal((await ask({ Range: "bytes=0-9", "If-Range": '"other"' })).status, 200, "it has another part");
});

t.test("HEAD tells the size and reads nothing, ETag saves what the client has", async (t) => {
  const { writer, raw } = await running();
  await writer.write("artifacts/x.bin", bytes);
  await writer.write("scenario.yaml", "name: demo\n");
  for (const [path, size] of [
    ["artifacts/x.bin", 700_000],
    ["scenario", 11],
  ] as const) {
    const ask = (init: RequestInit) => raw(`/api/runs/:id/${path}`, init);
    const head = await ask({ method: "HEAD" });
    t.equal(head.headers.get("Content-Length"), String(size), path);
    t.equal(head.headers.get("Accept-Ranges"), "bytes");
    t.equal(await head.text(), "");
    const etag = head.headers.get("ETag")!;
    const known = await ask({ headers: { "If-None-Match": `"other", W/${etag}` } });
    t.equal(known.status, 304);
    t.equal(await known.text(), "");
    t.equal((await ask({ headers: { "If-None-Match": '"other"' } })).status, 200);
  }
  const before = (await raw("/api/runs/:id/artifacts/x.bin", { method: "HEAD" })).headers.get("ETag");
  await writer.write("artifacts/x.bin", bytes);
  const after = (await raw("/api/runs/:id/artifacts/x.bin", { method: "HEAD" })).headers.get("ETag");
  t.not(before, after, "a file that was written anew is another one");
});

t.test(
  "no more of a file is read than its client has room for, and none once the client is gone",
  async (t) => {
    const inner = memoryStore();
    const writer = await inner.create("demo");
    let pieces = 0;
    let ended = 0;
    const endless: RunFile = {
      size: 2 ** 40,
      version: "1",
      async *pieces() {
        try {
          for (;;) {
            pieces++;
            yield new Uint8Array(1 << 16);
          }
        } finally {
          ended++;
        }
      },
    };
    const store: Store = {
      ...inner,
      open: async (id) => ({ ...(await inner.open(id)), file: async () => endless }),
    };
    const answer = await createApp(store).request(`/api/runs/${writer.id}/artifacts/x.bin`);
    const reader = answer.body!.getReader();
    await reader.read();
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve));
    t.ok(pieces <= 3, `${pieces} pieces were read for a client that took one`);
    await reader.cancel();
    t.equal(ended, 1);
    await writer.close();
  },
);

t.test("a file of more than 2 GiB is served from the disk", async (t) => {
  const store = folderStore({ folder: t.testdir() });
  const writer = await store.create("demo");
  mkdirSync(join(writer.location, "artifacts"));
  const path = join(writer.location, "artifacts/large.bin");
  const size = 3 * 2 ** 30;
  writeSync(openSync(path, "w"), "begin");
  truncateSync(path, size); // sparse: it takes no room
  await writer.close();
  const server = await listen(store, { port: 0 });
  t.teardown(() => server.close());
  const url = `${server.url}/api/runs/${writer.id}/artifacts/large.bin`;
  const head = await fetch(url, { method: "HEAD" });
  t.equal(head.status, 200);
  t.equal(head.headers.get("Content-Length"), String(size));
  const part = await fetch(url, { headers: { Range: `bytes=${size - 4}-` } });
  t.equal(part.status, 206);
  t.same([...new Uint8Array(await part.arrayBuffer())], [0, 0, 0, 0]);
  const whole = await fetch(url);
  t.equal(whole.headers.get("Content-Length"), String(size));
  const reader = whole.body!.getReader();
  t.equal(new TextDecoder().decode((await reader.read()).value!.slice(0, 5)), "begin");
  await reader.cancel();
});
