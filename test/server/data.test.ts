/** `dsgan data`: whole or not at all, whatever happens on the way. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import t from "tap";
import { type Download, type DownloadTools, InputError } from "../../core/mod.ts";
import { fetched, md5 } from "../../plugins/datasets/cache.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { dataGet, fetchInto } from "../../server/cli/data.ts";

const bytes = Uint8Array.of(1, 2, 3);
const toolsOf = (signal = new AbortController().signal): DownloadTools & { told: string[] } => {
  const told: string[] = [];
  return { told, fetch, npm: async () => new Map(), tell: (message) => void told.push(message), signal };
};

type Source = Download["sources"][number];
const good: Source = {
  name: "good",
  async *get() {
    for (const file of ["a", "b"]) yield { file, bytes };
  },
};
const broken: Source = {
  name: "broken",
  async *get() {
    yield { file: "a", bytes: Uint8Array.of(9) };
    throw new Error("the line is dead");
  },
};
const downloadOf = (...sources: Source[]): Download => ({
  name: "toy",
  terms: "none",
  files: ["a", "b"],
  sources,
});

t.test("fetchInto() keeps all files, and leaves what is complete as it is", async (t) => {
  const cache = join(t.testdir(), "deep", "cache");
  const folder = await fetchInto(downloadOf(good), cache, undefined, toolsOf());
  t.same(readdirSync(cache), ["toy"], "nothing but the data set");
  t.same(readdirSync(folder), ["a", "b"]);
  t.same([...readFileSync(join(folder, "a"))], [1, 2, 3]);
  const tools = toolsOf();
  t.equal(await fetchInto(downloadOf(broken), cache, undefined, tools), folder);
  t.match(tools.told, ["is there already"]);
});

t.test("fetchInto() tries the next source where one fails, and keeps nothing of the first", async (t) => {
  const cache = t.testdir();
  const tools = toolsOf();
  const folder = await fetchInto(downloadOf(broken, good), cache, undefined, tools);
  t.same([...readFileSync(join(folder, "a"))], [1, 2, 3]);
  t.match(tools.told, ["broken: the line is dead"]);
});

t.test("fetchInto() leaves nothing where all fail, and names each failure", async (t) => {
  const cache = t.testdir();
  await t.rejects(fetchInto(downloadOf(broken), cache, undefined, toolsOf()), {
    message: 'data set "toy" could not be fetched. broken: the line is dead',
  });
  t.same(readdirSync(cache), []);
  await t.rejects(fetchInto(downloadOf(broken, good), cache, "broken", toolsOf()), {
    message: /could not be fetched/,
  });
  await t.rejects(fetchInto(downloadOf(good), cache, "nowhere", toolsOf()), InputError);
});

t.test("fetchInto() that is interrupted leaves nothing, and tries no other source", async (t) => {
  const cache = t.testdir();
  const stop = new AbortController();
  const interrupting: Source = {
    name: "slow",
    async *get() {
      yield { file: "a", bytes };
      stop.abort(new Error("interrupted"));
      yield { file: "b", bytes };
    },
  };
  await t.rejects(fetchInto(downloadOf(interrupting, good), cache, undefined, toolsOf(stop.signal)), {
    message: "interrupted",
  });
  t.same(readdirSync(cache), []);
});

t.test(
  "fetchInto() replaces an incomplete copy, and clears up after processes that were killed",
  async (t) => {
    const cache = t.testdir({
      toy: { a: "half" },
      ".toy-999999999-abc": { a: "left" },
      ".toy-like": { a: "other" },
    });
    mkdirSync(join(cache, `.toy-${process.ppid}-xyz`));
    const folder = await fetchInto(downloadOf(good), cache, undefined, toolsOf());
    t.same([...readFileSync(join(folder, "a"))], [1, 2, 3]);
    t.same(
      readdirSync(cache).sort(),
      [`.toy-${process.ppid}-xyz`, ".toy-like", "toy"].sort(),
      "one at work is left alone",
    );
  },
);

t.test("fetched() checks what a server gives", async (t) => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === "/there" ? 200 : 404;
    response.end(Buffer.from(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.same(await fetched(`${base}/there`, md5(bytes), toolsOf()), bytes);
  await t.rejects(fetched(`${base}/there`, md5(Uint8Array.of(0)), toolsOf()), {
    message: new RegExp(`/there: expected MD5 .*, found ${md5(bytes)} \\(3 bytes\\)`),
  });
  await t.rejects(fetched(`${base}/gone`, md5(bytes), toolsOf()), {
    message: /gone: the server answered 404/,
  });
});

t.test("dsgan data get names what there is, before it fetches anything", async (t) => {
  const cache = join(t.testdir(), "cache");
  const host = { plugins: builtinPlugins, report: async () => "" };
  await t.rejects(dataGet(["mnist", "cifar"], { cache }, host), { message: /unknown|download/ });
  t.notOk(existsSync(cache));
  mkdirSync(join(cache, "mnist"), { recursive: true });
  const names = ["train-images", "train-labels", "t10k-images", "t10k-labels"];
  for (const name of names)
    writeFileSync(join(cache, "mnist", `${name}-idx${name.includes("images") ? 3 : 1}-ubyte`), "");
  t.equal(await dataGet(["mnist"], { cache }, host), 0, "there already: nothing is fetched");
  t.equal(await dataGet(["svhn"], { cache, from: "npm" }, host), 2, "a source that it does not have");
  t.same(readdirSync(cache), ["mnist"]);
});
