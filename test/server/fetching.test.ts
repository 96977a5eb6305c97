/** `dsgan data get` through a proxy, and after a connection that broke off. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import http, { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { heedProxy, removeParts, resumingFetch } from "../../server/cli/fetching.ts";

const whole = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));

async function serving(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves a file, and breaks off after so many bytes of each of the first answers. */
function breaking(
  breaks: number[],
  seen: (string | undefined)[],
  tag = () => '"v1"',
  body = () => whole,
): RequestListener {
  return (request, response) => {
    const range = request.headers.range;
    seen.push(range);
    const isSame = request.headers["if-range"] === tag();
    const from = range !== undefined && isSame ? Number(/\d+/.exec(range)) : 0;
    const rest = body().subarray(from);
    const headers = { etag: tag(), "content-length": rest.length };
    response.writeHead(from > 0 ? 206 : 200, headers);
    const end = breaks.shift();
    if (end === undefined) response.end(rest);
    else response.write(rest.subarray(0, end), () => setTimeout(() => response.destroy(), 50));
  };
}

t.test("a download goes on where it broke off", async (t) => {
  const folder = join(t.testdir(), "parts");
  const seen: (string | undefined)[] = [];
  const told: string[] = [];
  const url = await serving(t, breaking([70_000, 50_000], seen));
  const fetch = resumingFetch(folder, (message) => void told.push(message));
  const response = await fetch(`${url}/a.bin`);
  t.equal(response.status, 200);
  t.ok(Buffer.from(await response.arrayBuffer()).equals(whole));
  t.match(seen, [undefined, /^bytes=[1-9]/, /^bytes=[1-9]/]);
  t.equal(told.length, 2);
  await removeParts(folder);
});

t.test("another process goes on with it, unless the file is another one by now", async (t) => {
  const folder = join(t.testdir(), "parts");
  const seen: (string | undefined)[] = [];
  let [tag, body] = ['"v1"', whole];
  const url = await serving(
    t,
    breaking(
      [60_000, 1000, 1000, 1000],
      seen,
      () => tag,
      () => body,
    ),
  );
  await t.rejects(resumingFetch(folder, () => {})(url));
  const again = await resumingFetch(folder, () => {})(url);
  t.ok(Buffer.from(await again.arrayBuffer()).equals(whole));
  t.match(seen.at(-1), /^bytes=/);
  [tag, body] = ['"v2"', Buffer.from("other")];
  const other = await resumingFetch(folder, () => {})(url);
  t.equal(await other.text(), "other", "nothing is put together of two versions");
});

t.test("an answer that says no is passed on", async (t) => {
  const url = await serving(t, (_request, response) => response.writeHead(404).end("no"));
  t.equal((await resumingFetch(join(t.testdir(), "p"), () => {})(url)).status, 404);
});

t.test("HTTPS_PROXY is heeded by data get", async (t) => {
  const asked: string[] = [];
  const proxy = createServer((_request, response) => response.writeHead(502).end());
  proxy.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  proxy.listen(0, "127.0.0.1");
  await new Promise((ready) => proxy.once("listening", ready));
  t.teardown(() => proxy.close());
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const main = fileURLToPath(new URL("../../server/cli/main.ts", import.meta.url));
  const cache = t.testdir();
  const env = { ...process.env, HTTPS_PROXY: address, NO_PROXY: "", no_proxy: "" };
  const child = spawn(
    process.execPath,
    [main, "data", "get", "cifar10", "--from", "official", "--cache", cache],
    { env },
  );
  let err = "";
  child.stderr.on("data", (text) => {
    err += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  t.equal(code, 3, err);
  t.ok(asked.length > 0, "the proxy was asked");
  t.match(asked[0], /:443$/);
  t.same(
    readdirSync(cache).filter((name) => !name.startsWith(".")),
    [],
  );
  t.ok(readFileSync(main, "utf8").length > 0);
});

t.test(
  "what is no address of a proxy is named",
  { skip: !("setGlobalProxyFromEnv" in http) && "this Node takes no proxy while it runs" },
  (t) => {
    const { HTTPS_PROXY, NODE_USE_ENV_PROXY } = process.env;
    t.teardown(() => {
      for (const [name, value] of Object.entries({ HTTPS_PROXY, NODE_USE_ENV_PROXY })) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    delete process.env.NODE_USE_ENV_PROXY;
    for (const wrong of ["nonsense", "127.0.0.1:9", "http://"]) {
      process.env.HTTPS_PROXY = wrong;
      t.throws(heedProxy, {
        name: "InputError",
        message: /HTTPS_PROXY.* is not the address of a proxy: expected http:\/\/host:port/,
      });
    }
    t.end();
  },
);
