/** One bundle of the app, run by every host that there is: no disk, no tensors, nothing of Node. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Metafile } from "esbuild";
import t, { type Test } from "tap";

t.setTimeout(300_000);

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = t.testdir();
const bundle = join(folder, "app.js");

/** Bundles a module for the web. @returns what it was made of */
async function bundled(entry: string, outfile: string, more: object = {}): Promise<Metafile> {
  const options = { bundle: true, minify: true, metafile: true, format: "esm", platform: "browser" } as const;
  const made = await build({
    ...options,
    entryPoints: [entry],
    outfile,
    external: ["node:*"],
    logLevel: "silent",
    ...more,
  });
  return made.metafile!;
}

const metafile = await bundled(fileURLToPath(new URL("./hosted.ts", import.meta.url)), bundle);

t.test("dsgan/http bundles for the web with neither tensors nor Node, below a megabyte", async (t) => {
  const inputs = Object.entries(metafile.inputs);
  const outside = inputs.flatMap(([from, { imports }]) =>
    imports.filter(({ external }) => external).map(({ path }) => `${path} of ${from}`),
  );
  t.strictSame(outside, []);
  const heavy = inputs
    .map(([path]) => path)
    .filter((path) => /tensorflow|onnxruntime|tsyringe|\/plugins\//.test(path));
  t.same(heavy, []);
  t.ok(
    inputs.some(([path]) => path.endsWith("server/http/orders.ts")),
    "inputs were found",
  );
  const { bytes } = Object.values(metafile.outputs)[0]!;
  t.ok(bytes < 1e6, `${bytes} bytes`);
});

/** What every host must answer. @param ask makes a request */
async function checkHost(
  t: Test,
  ask: (path: string, init?: RequestInit) => Promise<Response>,
): Promise<void> {
  const page = await (await ask("/")).text();
  const parts = [...page.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, part]) => part!);
  t.ok(parts.length > 3, `the page has ${parts.length} parts`);
  for (const part of [...parts, "assets/lit-html/directives/repeat.js", "assets/uplot/uPlot.esm.js"]) {
    const answer = await ask(`/${part}`);
    t.equal(answer.status, 200, part);
    t.ok((await answer.text()).length > 100);
  }
  const text = async (path: string): Promise<string> => await (await ask(path)).text();
  const json = async (path: string) => JSON.parse(await text(path));
  t.match(await text("/metrics"), /^dsgan_runs\{status="passed"\} 1$/m);
  t.equal((await json("/openapi.json")).openapi, "3.1.0");
  const { runs } = await json("/api/runs");
  t.same(
    runs.map(({ scenario }: { scenario: string }) => scenario),
    ["live", "demo"],
  );
  const [{ run: live }, { run: ended }] = runs;
  t.match(await json(`/api/runs/${ended}`), { status: "passed", events: 3 });
  t.match(await json(`/api/runs/${ended}/series?metric=loss`), { series: [{ y: [1, 0.5] }] });
  t.equal((await json(`/api/runs/${ended}/events`)).events.length, 3);
  const polled = await json(`/api/runs/${live}/events?since=1&wait=20`);
  t.equal(polled.events[0]?.seq, 2, "a poll waits for the next event");
  const stream = await text(`/api/runs/${live}/stream`);
  t.same(
    [...stream.matchAll(/(?<!event: end\n)^id: (\d)\ndata/gm)].map(([, id]) => id),
    ["1", "2", "3"],
  );
  t.match(stream, /^event: end$/m);
  const part = await ask(`/api/runs/${ended}/artifacts/long.txt`, { headers: { Range: "bytes=5-8" } });
  t.equal(part.status, 206);
  t.equal(await part.text(), "text");
  t.equal((await ask("/api/runs", { method: "POST", body: "{}" })).status, 501, "nothing to run it");
  t.equal((await ask("/api/session", { method: "POST", body: "null" })).status, 204);
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks a server that begins to listen soon. */
async function served(child: ChildProcess, port: number) {
  const url = `http://127.0.0.1:${port}`;
  for (let waited = 0; waited < 600 && child.exitCode === null; waited++) {
    if (
      await fetch(`${url}/healthz`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return async (path: string, init?: RequestInit) => await fetch(`${url}${path}`, init);
}

function here(command: string): boolean {
  return spawnSync(command, ["--version"]).status === 0;
}

const WORKERD =
  process.env.DSGAN_WORKERD ?? join(root, "node_modules/@cloudflare/workerd-linux-64/bin/workerd");

t.test(
  "workerd runs it, without compatibility with Node",
  {
    skip:
      !existsSync(WORKERD) &&
      "no workerd here (npm pack @cloudflare/workerd-linux-64, or DSGAN_WORKERD=<its path>)",
  },
  async (t) => {
    const port = await freePort();
    const config = join(folder, "config.capnp");
    writeFileSync(
      config,
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .worker) ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ],
);
const worker :Workerd.Worker = (
  modules = [ (name = "app.js", esModule = embed "app.js") ],
  compatibilityDate = "2026-01-01",
);
`,
    );
    const child = spawn(WORKERD, ["serve", config], { stdio: ["ignore", "inherit", "inherit"] });
    t.teardown(() => child.kill("SIGKILL"));
    await checkHost(t, await served(child, port));
  },
);

const deno = join(root, "node_modules/.bin/deno");
for (const [name, command, args] of [
  [
    "Deno",
    deno,
    (port: number) => ["serve", "--no-config", "--host", "127.0.0.1", "--port", `${port}`, bundle],
  ],
  ["Bun", "bun", () => [bundle]],
] as const) {
  t.test(`${name} runs it`, { skip: !here(command) && `no ${name} here` }, async (t) => {
    const port = await freePort();
    const env = { ...process.env, PORT: `${port}`, HOST: "127.0.0.1", NO_COLOR: "1" };
    const child = spawn(command, args(port), { stdio: ["ignore", "ignore", "inherit"], env });
    t.teardown(() => child.kill("SIGKILL"));
    await checkHost(t, await served(child, port));
  });
}

t.test("it is a Lambda function by hono/aws-lambda", async (t) => {
  const entry = join(folder, "lambda-entry.js");
  writeFileSync(
    entry,
    `import { handle } from "hono/aws-lambda";
import { appOf } from "./app.js";
export const handler = (event, context) => handle(appOf())(event, context);
`,
  );
  const outfile = join(folder, "lambda.mjs");
  await bundled(entry, outfile, {
    platform: "node",
    external: ["./app.js"],
    nodePaths: [join(root, "node_modules")],
  });
  const { handler } = await import(pathToFileURL(outfile).href);
  await checkHost(t, async (path, init = {}) => {
    const { pathname, search } = new URL(path, "http://runs.example.org");
    const answer = await handler(
      {
        version: "2.0",
        routeKey: "$default",
        rawPath: pathname,
        rawQueryString: search.slice(1),
        headers: { host: "runs.example.org", ...(init.headers as Record<string, string>) },
        ...(init.body !== undefined && { body: init.body, isBase64Encoded: false }),
        requestContext: {
          http: { method: init.method ?? "GET", path: pathname },
          domainName: "runs.example.org",
        },
      },
      {},
    );
    const body = answer.isBase64Encoded ? Buffer.from(answer.body, "base64") : answer.body;
    const isEmpty = [204, 304].includes(answer.statusCode);
    return new Response(isEmpty ? null : body, { status: answer.statusCode, headers: answer.headers });
  });
});
