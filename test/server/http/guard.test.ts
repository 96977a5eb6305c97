/** Sessions, guesses, names and origins: who the server takes for whom. */
import { gunzipSync } from "node:zlib";
import t from "tap";
import { newGuesses } from "../../../server/http/guesses.ts";
import { listen } from "../../../server/http/listen.ts";
import { Busy, createApp } from "../../../server/http/mod.ts";
import { fakeRunner, progress, running } from "../http-fixtures.ts";

const order = (headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/yaml", ...headers },
  body: "application: toy\n",
});

t.test("an answer of any status can be read by who takes gzip", async (t) => {
  const full = { start: async () => Promise.reject(new Busy("full", 1)) };
  const { raw, writer, store } = await running({ runner: fakeRunner(full), token: "sesame" });
  for (let seq = 1; seq <= 50; seq++) await writer.append(progress(seq, seq, { loss: 1 / seq }));
  await writer.write("artifacts/long.txt", "text ".repeat(1000));
  const known = { Authorization: "Bearer sesame" };
  const etag = (await raw("/api/runs/:id/artifacts/long.txt", { method: "HEAD" })).headers.get("ETag")!;
  const asked: readonly (readonly [number, string, RequestInit])[] = [
    [200, "/api/runs/:id/events", {}],
    [200, "/", {}],
    [200, "/api/runs/:id/artifacts/long.txt", {}],
    [200, "/api/runs/:id/artifacts/long.txt", { method: "HEAD" }],
    [206, "/api/runs/:id/artifacts/long.txt", { headers: { Range: "bytes=0-2000" } }],
    [304, "/api/runs/:id/artifacts/long.txt", { headers: { "If-None-Match": etag } }],
    [202, "/api/runs/:id/cancel", { method: "POST", headers: known }],
    [204, "/api/session", { method: "POST", body: '{"token":"sesame"}' }],
    [400, `/api/runs?status=${"x".repeat(3000)}`, {}],
    [401, "/api/runs", { method: "POST" }],
    [404, `/api/runs/${"x".repeat(3000)}`, {}],
    [405, "/api/queue", { method: "DELETE", headers: known }],
    [405, "/api/runs/:id/events", { method: "POST", headers: known }],
    [409, "/api/runs/:id/resume", { method: "POST", headers: known }],
    [410, "/api/runs?cursor=gone", {}],
    [413, "/api/runs", { method: "POST", headers: known, body: "x".repeat(300_000) }],
    [415, "/api/runs", { method: "POST", headers: { ...known, "Content-Type": "x/y" }, body: "x" }],
    [416, "/api/runs/:id/artifacts/long.txt", { headers: { Range: "bytes=9999999-" } }],
    [429, "/api/runs", order(known)],
  ];
  for (const [status, path, init] of asked) {
    const headers = { ...(init.headers as Record<string, string>), "Accept-Encoding": "gzip" };
    const answer = await raw(path, { ...init, headers });
    t.equal(answer.status, status, `${init.method ?? "GET"} ${path.slice(0, 60)}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isZipped = answer.headers.get("Content-Encoding") === "gzip";
    const text = (isZipped && bytes.length > 0 ? gunzipSync(bytes) : bytes).toString();
    if (status >= 400) t.equal(JSON.parse(text).status, status, "the problem can be read");
  }
  const bare = await createApp(store).request("/api/runs", order({ "Accept-Encoding": "gzip" }));
  t.equal(bare.status, 501);
});

t.test("a body of no session is refused, whatever it is", async (t) => {
  const { get } = await running({ token: "sesame" });
  for (const body of ["null", "[]", '"sesame"', "{", "", '{"token":5}', '{"token":null}']) {
    t.equal((await get("/api/session", { method: "POST", body })).status, 400, body);
  }
});

t.test("a session ends at logout, also for who has kept its cookie", async (t) => {
  const { get } = await running({ token: "sesame", isPrivate: true });
  const login = async (): Promise<string> => {
    const { headers } = await get("/api/session", { method: "POST", body: '{"token":"sesame"}' });
    return headers.get("Set-Cookie")!.split(";")[0]!;
  };
  const [Cookie, other] = [await login(), await login()];
  t.not(Cookie, other, "each has its own");
  const status = async (Cookie: string) => (await get("/api/runs", { headers: { Cookie } })).status;
  t.equal(await status(Cookie), 200);
  const out = await get("/api/session", { method: "DELETE", headers: { Cookie } });
  t.equal(out.status, 204);
  t.match(out.headers.get("Set-Cookie"), /Max-Age=0/);
  t.equal(await status(Cookie), 401);
  t.equal(await status(other), 200, "another session goes on");
  const [lapses = "", ...rest] = other.split(".");
  t.equal(await status([`${lapses}0`, ...rest].join(".")), 401, "nobody makes a session longer");
});

t.test("who guesses the token has to wait; others do not", async (t) => {
  let address = "192.0.2.1";
  const { get } = await running({ token: "sesame", address: () => address });
  const start = async (token: string) =>
    await get("/api/queue", { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  for (let i = 0; i < 10; i++) t.equal((await start(`guess-${i}`)).status, 401);
  const slowed = await start("guess");
  t.equal(slowed.status, 429);
  t.ok(Number(slowed.headers.get("Retry-After")) > 0);
  t.equal((await start("sesame")).status, 429, "the right one tells nothing either");
  t.equal(
    (await get("/api/session", { method: "POST", body: '{"token":"sesame"}' })).status,
    429,
    "nor here",
  );
  t.equal((await get("/api/runs")).status, 200, "what needs no token is answered");
  address = "192.0.2.2";
  t.equal((await start("sesame")).status, 405, "another address may");

  let now = 0;
  const guesses = newGuesses(() => now);
  for (let i = 0; i < 10; i++) guesses.wrong("a");
  t.equal(guesses.wait("a"), 5);
  now = 5000;
  t.equal(guesses.wait("a"), 0, "one more after a while");
  guesses.wrong("a");
  t.equal(guesses.wait("a"), 5);
  guesses.right("a");
  t.equal(guesses.wait("a"), 0, "the right one makes good for all before");
});

t.test("behind a proxy with TLS the page can log in, and its cookie is secure", async (t) => {
  const { raw } = await running({ token: "sesame", hosts: ["lab.example"] });
  const login = async (headers: Record<string, string>, url = "http://lab.example/api/session") =>
    await raw(url, { method: "POST", headers, body: '{"token":"sesame"}' });
  for (const [name, headers] of [
    ["a browser over https", { Origin: "https://lab.example", "Sec-Fetch-Site": "same-origin" }],
    ["one that does not tell", { Origin: "https://lab.example" }],
  ] as const) {
    const answer = await login({ ...headers, "X-Forwarded-Proto": "https" });
    t.equal(answer.status, 204, name);
    t.match(answer.headers.get("Set-Cookie"), /; Secure/);
  }
  const inside = await login({ Origin: "https://lab.example" }, "http://127.0.0.1:8080/api/session");
  t.equal(inside.status, 204, "where the proxy keeps its own Host (nginx's default)");
  const plain = await login({ Origin: "http://lab.example" });
  t.equal(plain.status, 204);
  t.notMatch(plain.headers.get("Set-Cookie"), /Secure/);
  for (const Origin of ["https://evil.example", "https://lab.example.evil", "null", "file://"]) {
    t.equal((await login({ Origin })).status, 403, Origin);
  }
});

t.test("what a proxy says is believed where the operator says so, and nowhere else", async (t) => {
  const headers = {
    ...{ Origin: "https://lab.example", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "lab.example" },
  };
  const status = async (trustProxy: boolean) => {
    const { raw } = await running({ runner: fakeRunner(), trustProxy });
    return (await raw("http://127.0.0.1:8080/api/runs", order(headers))).status;
  };
  t.equal(await status(true), 201);
  t.equal(await status(false), 403);
  const { get } = await running({ token: "sesame", trustProxy: true });
  const guess = async (client: string, token: string) =>
    (
      await get("/api/queue", {
        method: "DELETE",
        headers: { "X-Forwarded-For": client, Authorization: `Bearer ${token}` },
      })
    ).status;
  for (let i = 0; i < 10; i++) await guess(`10.0.0.${i}, 192.0.2.1`, "x");
  t.equal(
    await guess("10.0.0.99, 192.0.2.1", "sesame"),
    429,
    "the nearest proxy's word counts, not the client's",
  );
  t.equal(await guess("192.0.2.2", "sesame"), 405);
});

t.test("pages of named origins may use the API, with the token and not by a cookie", async (t) => {
  const { raw } = await running({ runner: fakeRunner(), token: "sesame", origins: ["https://lab.example"] });
  const preflight = await raw("/api/runs", {
    method: "OPTIONS",
    headers: { Origin: "https://lab.example", "Access-Control-Request-Method": "POST" },
  });
  t.equal(preflight.status, 204);
  t.equal(preflight.headers.get("Access-Control-Allow-Origin"), "https://lab.example");
  t.match(preflight.headers.get("Access-Control-Allow-Headers"), /Authorization/);
  t.equal(preflight.headers.get("Access-Control-Allow-Credentials"), null);
  const start = (headers: Record<string, string>) => raw("/api/runs", order(headers));
  const answer = await start({
    Origin: "https://lab.example",
    "Sec-Fetch-Site": "cross-site",
    Authorization: "Bearer sesame",
  });
  t.equal(answer.status, 201);
  t.equal(answer.headers.get("Access-Control-Allow-Origin"), "https://lab.example");
  t.equal((await start({ Origin: "https://lab.example" })).status, 401);
  const failed = await raw("/api/runs/none", { headers: { Origin: "https://lab.example" } });
  t.equal(
    failed.headers.get("Access-Control-Allow-Origin"),
    "https://lab.example",
    "problems can be read too",
  );
  const other = await raw("/api/runs", { headers: { Origin: "https://evil.example" } });
  t.equal(other.headers.get("Access-Control-Allow-Origin"), null);
});

t.test("a server under a path answers with and without it, and names it in what it sends", async (t) => {
  const { raw, writer } = await running({ runner: fakeRunner(), token: "sesame", basePath: "dsgan/" });
  t.equal((await raw("/dsgan/api/runs")).status, 200);
  t.equal((await raw("/api/runs")).status, 200, "where the proxy takes the path away");
  t.equal((await raw("/dsganx/api/runs")).status, 404);
  const bare = await raw("/dsgan");
  t.equal(bare.status, 308);
  t.equal(bare.headers.get("Location"), "/dsgan/", "the page's addresses are relative");
  t.equal((await raw("/dsgan/")).status, 200);
  const started = await raw("/dsgan/api/runs", order({ Authorization: "Bearer sesame" }));
  t.equal(started.headers.get("Location"), "/dsgan/api/runs/demo-9");
  const login = await raw("/dsgan/api/session", { method: "POST", body: '{"token":"sesame"}' });
  t.match(login.headers.get("Set-Cookie"), /Path=\/dsgan\//);
  t.same((await (await raw("/dsgan/openapi.json")).json()).servers, [{ url: "/dsgan" }]);
  await writer.close();
});

t.test("a metric with a comma can be asked for, and several at once", async (t) => {
  const { writer, get } = await running();
  await writer.append(progress(1, 1, { "a,b": 1, a: 2, b: 3 }));
  const asked = async (query: string) =>
    (await get(`/api/runs/:id/series?${query}`)).body.series?.map(({ metric }: { metric: string }) => metric);
  t.same(await asked("metric=a,b"), ["a,b"], "the name that there is");
  t.same(await asked("metric=b,a"), ["a", "b"]);
  t.same(await asked("metric=a&metric=a,b"), ["a,b", "a"]);
  t.equal((await get("/api/runs/:id/series?metric=c,a")).status, 404);
  t.equal((await get("/api/runs?status=running&status=passed")).body.runs.length, 1);
  t.equal((await get("/api/runs?status=running,odd")).status, 400);
});

t.test("listen() knows who asks", async (t) => {
  const { store } = await running();
  const server = await listen(store, { port: 0, token: "sesame", runner: fakeRunner() });
  t.teardown(() => server.close());
  const guess = async (token: string) =>
    (
      await fetch(`${server.url}/api/queue`, {
        method: "DELETE",
        headers: { Authorization: `Bearer ${token}` },
      })
    ).status;
  for (let i = 0; i < 10; i++) await guess("x");
  t.equal(await guess("x"), 429);
});
