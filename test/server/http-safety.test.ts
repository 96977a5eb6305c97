/** Who may ask for what, and what hostile requests get. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { NotAllowed } from "../../core/mod.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { listen } from "../../server/http/listen.ts";
import { hostOfUrl } from "../../server/http/loopback.ts";
import { createApp, type Runner } from "../../server/http/mod.ts";
import { answered, running } from "./http-fixtures.ts";

const job = { ticket: "t-1", state: "running", title: "demo", ahead: 0, run: "demo-9" } as const;
const runner: Runner = {
  start: async () => job,
  resume: async () => job,
  cancel: () => true,
  jobs: () => [job],
};
const order = (headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/yaml", ...headers },
  body: "application: toy\n",
});

t.test(
  "without a token, changes are taken from this machine but from no page of somebody else",
  async (t) => {
    const { get } = await running({ runner });
    const start = async (headers: Record<string, string>) => (await get("/api/runs", order(headers))).status;
    t.equal(await start({}), 201, "a program");
    t.equal(await start({ Origin: "http://localhost" }), 201, "the server's own page");
    t.equal(await start({ Origin: "http://localhost", "Sec-Fetch-Site": "same-origin" }), 201);
    t.equal(await start({ "Sec-Fetch-Site": "none" }), 201, "typed by the user");
    for (const origin of ["http://evil.example", "http://localhost:9", "https://localhost", "null"]) {
      t.equal(await start({ Origin: origin }), 403, origin);
    }
    t.equal(await start({ "Sec-Fetch-Site": "cross-site" }), 403);
    t.equal(await start({ "Sec-Fetch-Site": "same-site" }), 403);
    for (const path of ["/api/runs/:id/cancel", "/api/runs/:id/resume"]) {
      t.equal(
        (await get(path, { method: "POST", headers: { Origin: "http://evil.example" } })).status,
        403,
        path,
      );
    }
  },
);

t.test("a name that was made to lead here gets nothing (DNS rebinding)", async (t) => {
  const door = createApp(memoryStore(), { runner });
  const status = async (url: string, init?: RequestInit) => (await door.request(url, init)).status;
  for (const name of ["localhost:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"]) {
    t.equal(await status(`http://${name}/api/runs`), 200, name);
  }
  t.equal(await status("http://evil.example:8080/api/runs"), 403);
  t.equal(await status("http://127.0.0.1.evil.example/api/runs"), 403);
  t.equal(await status("http://evil.example/api/runs", order({ Origin: "http://evil.example" })), 403);
  const named = createApp(memoryStore(), { hosts: ["lab.example"] });
  t.equal((await named.request("http://lab.example/api/runs")).status, 200, "unless the operator allows it");
});

t.test("with a token, changes need it; reading on the loopback address does not", async (t) => {
  const { get } = await running({ runner, token: "sesame" });
  t.equal((await get("/api/runs")).status, 200);
  const none = await get("/api/runs", order());
  t.equal(none.status, 401);
  t.match(none.headers.get("WWW-Authenticate"), /^Bearer/);
  t.equal((await get("/api/runs", order({ Authorization: "Bearer open" }))).status, 401);
  t.equal((await get("/api/runs", order({ Authorization: "Bearer sesame2" }))).status, 401);
  t.equal((await get("/api/runs", order({ Authorization: "Basic sesame" }))).status, 401);
  t.equal((await get("/api/runs", order({ Authorization: "Bearer sesame" }))).status, 201);
});

t.test("a private server shows nothing without its token but that it is there", async (t) => {
  const { get, raw } = await running({ runner, token: "sesame", isPrivate: true });
  for (const path of [
    "/api/runs",
    "/api/runs/:id/events",
    "/api/runs/:id/stream",
    "/metrics",
    "/openapi.json",
    "/api/queue",
  ]) {
    t.equal((await get(path)).status, 401, path);
    const shown = await raw(path, { headers: { Authorization: "Bearer sesame" } });
    t.equal(shown.status, 200, `${path} with it`);
    await shown.body?.cancel();
  }
  for (const path of ["/", "/assets/app.js", "/healthz", "/readyz"])
    t.equal((await get(path)).status, 200, path);
});

t.test("a browser gets a session for the token, which other sites cannot use", async (t) => {
  const { get } = await running({ runner, token: "sesame", isPrivate: true });
  const login = (token: string, headers = {}) =>
    get("/api/session", { method: "POST", headers, body: JSON.stringify({ token }) });
  t.equal((await login("wrong")).status, 401);
  t.equal((await login("sesame", { Origin: "http://evil.example" })).status, 403);
  const cookie = (await login("sesame")).headers.get("Set-Cookie")!;
  t.match(cookie, /HttpOnly.*SameSite=Strict/);
  t.notMatch(cookie, "sesame", "the token itself is not kept in the browser");
  const Cookie = cookie.split(";")[0]!;
  t.equal((await get("/api/runs", { headers: { Cookie } })).status, 200);
  t.equal((await get("/api/runs", order({ Cookie }))).status, 201);
  t.equal((await get("/api/runs", order({ Cookie, Origin: "http://evil.example" }))).status, 403);
  t.equal((await get("/api/runs", { headers: { Cookie: `${Cookie}x` } })).status, 401);
});

t.test("a scenario from outside comes to the runner with what it may name", async (t) => {
  const asked: (readonly string[])[] = [];
  const noting: Runner = {
    ...runner,
    start: async ({ allow }) => {
      asked.push(allow);
      if (asked.length > 1) throw new NotAllowed("it cannot name x");
      return job;
    },
  };
  const { get } = await running({ runner: noting, allow: ["./data/"] });
  t.equal((await get("/api/runs", order())).status, 201);
  const refused = await get("/api/runs", order());
  t.equal(refused.status, 403);
  t.equal(refused.body.detail, "it cannot name x");
  t.same(asked, [["./data/"], ["./data/"]]);
});

t.test("artifacts cannot lead out of the run's folder", async (t) => {
  const folder = t.testdir({ secret: "s" });
  const store = folderStore({ folder });
  const writer = await store.create("demo");
  await writer.write("artifacts/in.txt", "in");
  await writer.write("scenario.yaml", "name: demo\n");
  mkdirSync(join(writer.location, "artifacts/sub"));
  symlinkSync(join(folder, "secret"), join(writer.location, "artifacts/link.txt"));
  symlinkSync(folder, join(writer.location, "artifacts/up"));
  const other = await store.create("other");
  writeFileSync(join(other.location, "result.json"), "{}");
  const door = createApp(store);
  const get = async (path: string) =>
    await answered(await door.request(`/api/runs/${writer.id}/artifacts/${path}`));
  t.equal((await get("in.txt")).body, "in");
  for (const path of [
    "..%2fscenario.yaml",
    "..%2f..%2fsecret",
    "%2e%2e%2f%2e%2e%2fsecret",
    "..%252fscenario.yaml",
    "sub/..%2f..%2fscenario.yaml",
    "..%5cscenario.yaml",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "in.txt%00",
    "in.txt%00.png",
    "link.txt",
    "up/secret",
    "up%2fsecret",
    "sub",
    "",
    "%",
    "%E0%A4%A",
    `..%2f..%2f${other.id}%2fresult.json`,
    "a".repeat(5000),
  ]) {
    const { status, body } = await get(path);
    t.ok(status === 400 || status === 404, `${path.slice(0, 50)}: ${status}`);
    t.notMatch(JSON.stringify(body), /"s"|name: demo/);
  }
  for (const id of ["..", "%2e%2e", "..%2f..", `${writer.id}%2f..`, "%00", writer.id.toUpperCase()]) {
    t.equal((await door.request(`/api/runs/${id}/events`)).status, 404, id);
  }
  await writer.close();
  await other.close();
});

t.test("answers carry the headers that keep a page to itself", async (t) => {
  const { get, writer } = await running();
  for (const path of ["/", "/api/runs", "/api/runs/nope"]) {
    const { headers } = await get(path);
    t.match(headers.get("Content-Security-Policy"), /default-src 'none'.*frame-ancestors 'none'/, path);
    t.equal(headers.get("X-Content-Type-Options"), "nosniff");
    t.equal(headers.get("X-Frame-Options"), "DENY");
    t.equal(headers.get("Referrer-Policy"), "no-referrer");
    t.equal(headers.get("Access-Control-Allow-Origin"), null);
  }
  await writer.write("artifacts/evil.html", "<script>alert(1)</script>");
  const { headers } = await get("/api/runs/:id/artifacts/evil.html");
  t.match(headers.get("Content-Security-Policy"), /^sandbox; default-src 'none'/);
  t.equal(headers.get("Content-Type"), "application/octet-stream");
  t.equal(headers.get("Content-Disposition"), "attachment");
});

t.test("the page's parts are served, and nothing else of the packages they come from", async (t) => {
  const { get } = await running();
  for (const path of [
    "app.js",
    "style.css",
    "icon.svg",
    "uplot/uPlot.esm.js",
    "uplot/uPlot.min.css",
    "lit-html/lit-html.js",
    "lit-html/directives/repeat.js",
  ]) {
    const { status, headers } = await get(`/assets/${path}`);
    t.equal(status, 200, path);
    t.match(
      headers.get("Content-Type"),
      path.endsWith(".js") ? /^text\/javascript/ : /^text\/css|^image\/svg/,
    );
  }
  for (const path of [
    "../mod.ts",
    "..%2fmod.ts",
    "jsconfig.json",
    "uplot/package.json",
    "lit-html/..%2fuplot%2fpackage.json",
    "app.js%00",
    "index.html",
  ]) {
    t.equal((await get(`/assets/${path}`)).status, 404, path);
  }
});

t.test("a body that is too large is refused before it is read", async (t) => {
  const { get } = await running({ runner });
  const large = await get("/api/runs", { ...order(), body: `# ${"x".repeat(300_000)}` });
  t.equal(large.status, 413);
  t.equal((await get("/api/runs")).status, 200);
});

t.test("listen() needs a token where others can reach it", async (t) => {
  const store = memoryStore();
  for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
    await t.rejects(listen(store, { host, port: 0 }), { name: "InputError", message: /DSGAN_TOKEN/ });
    await t.rejects(listen(store, { host, port: 0, token: "" }), { name: "InputError" });
  }
  const server = await listen(store, { host: "0.0.0.0", port: 0, token: "sesame" });
  const url = server.url.replace("0.0.0.0", "127.0.0.1");
  t.equal((await fetch(`${url}/api/runs`)).status, 401);
  t.equal((await fetch(`${url}/api/runs`, { headers: { Authorization: "Bearer sesame" } })).status, 200);
  await t.rejects(listen(store, { port: Number(new URL(url).port), host: "0.0.0.0", token: "x" }), {
    name: "InputError",
    message: /taken/,
  });
  await server.close();
});

t.test("the address that listen() tells is spelt as requests to it are", async (t) => {
  for (const [host, spelt] of [
    ["::ffff:127.0.0.1", "[::ffff:7f00:1]"],
    ["0:0:0:0:0:0:0:1", "[::1]"],
    ["::1", "[::1]"],
    ["127.1", "127.0.0.1"],
    ["LOCALHOST", "localhost"],
    ["fe80::1%eth0", "[fe80::1%eth0]"],
  ] as const) {
    t.equal(hostOfUrl(host), spelt);
  }
  const server = await listen(memoryStore(), { host: "127.1", port: 0 });
  t.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  await server.close();
});
