/** The server behind Debian's nginx: at the root and under a path, with TLS and without, in Chromium where there is one. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";
import t from "tap";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { type Listening, type ListenOptions, listen } from "../../../server/http/listen.ts";
import { ended, fakeRunner, sent, stage } from "../http-fixtures.ts";

t.setTimeout(120_000);

const NGINX = ["/usr/sbin/nginx", "/usr/bin/nginx"].find((path) => existsSync(path));
const skip =
  (NGINX === undefined && "no nginx here (apt-get install nginx-light)") ||
  (spawnSync("openssl", ["version"]).status !== 0 && "no openssl here, which makes nginx's certificate");

async function freePorts(n: number): Promise<number[]> {
  const servers = Array.from({ length: n }, () => createServer());
  for (const server of servers) await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  for (const server of servers) await new Promise((done) => server.close(done));
  return ports;
}

/** Starts nginx before a server: `plain` and `secure` are its ports. `/dsgan/` leads to the server as well. */
async function before(t: { teardown(end: () => void): void; testdir(): string }, server: Listening) {
  const folder = t.testdir();
  const [plain, secure] = await freePorts(2);
  const key = join(folder, "key.pem");
  const cert = join(folder, "cert.pem");
  const subject = ["-subj", "/CN=lab.example", "-days", "2", "-nodes", "-newkey", "rsa:2048"];
  spawnSync("openssl", ["req", "-x509", ...subject, "-keyout", key, "-out", cert]);
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => {
    mkdirSync(join(folder, name));
    return `${name}_temp_path ${join(folder, name)};`;
  });
  const config = join(folder, "nginx.conf");
  writeFileSync(
    config,
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
http {
  access_log off; ${temp.join(" ")}
  server {
    listen 127.0.0.1:${plain};
    location / { proxy_pass ${server.url}; }
    location /stripped/ { proxy_pass ${server.url}/; }
  }
  server {
    listen 127.0.0.1:${secure} ssl; ssl_certificate ${cert}; ssl_certificate_key ${key};
    location / {
      proxy_pass ${server.url}; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`,
  );
  const child = spawn(NGINX!, ["-c", config, "-p", folder, "-e", join(folder, "error.log")], {
    stdio: "ignore",
  });
  t.teardown(() => child.kill("SIGTERM")); // its workers end with it
  const url = `http://127.0.0.1:${plain}`;
  for (let waited = 0; waited < 200; waited++) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { plain: url, secure: secure! };
}

async function serving(t: { teardown(end: () => Promise<void>): void }, options: Partial<ListenOptions>) {
  const store = memoryStore();
  const server = await listen(store, { port: 0, runner: fakeRunner(), ...options });
  t.teardown(() => server.close());
  return { store, server };
}

const order = (headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/yaml", ...headers },
  body: "application: toy\n",
});

t.test(
  "nginx in front: its own pages change things, streams come as they are sent, others are refused",
  { skip },
  async (t) => {
    const { store, server } = await serving(t, { hosts: ["lab.example"], basePath: "/dsgan" });
    const { plain } = await before(t, server);
    const writer = await store.create("demo");
    await writer.append(stage(1));
    for (const base of ["", "/dsgan", "/stripped"]) {
      t.equal((await fetch(`${plain}${base}/`)).status, 200, base);
      t.equal((await fetch(`${plain}${base}/assets/app.js`)).status, 200);
      const own = await fetch(`${plain}${base}/api/runs`, order({ Origin: "http://lab.example" }));
      t.equal(own.status, 201, "the page of the name that nginx has, although it sends another Host");
      t.match(own.headers.get("Location"), /^\/dsgan\/api\/runs\//);
      const evil = await fetch(`${plain}${base}/api/runs`, order({ Origin: "http://evil.example" }));
      t.equal(evil.status, 403);
      const messages = sent(await fetch(`${plain}${base}/api/runs/${writer.id}/stream`));
      t.equal((await messages.next()).value?.id, "1", "while the run goes on");
      await messages.return(undefined);
    }
    await writer.append(ended(2));
    await writer.close();
  },
);

t.test("TLS in front: the page logs in, and its cookie is secure", { skip }, async (t) => {
  const { server } = await serving(t, { hosts: ["lab.example"], trustProxy: true, token: "sesame" });
  const { secure } = await before(t, server);
  const login = async (headers: Record<string, string>) =>
    await new Promise<{ status: number | undefined; cookie: string | undefined }>((resolve, reject) => {
      const asked = request(
        `https://127.0.0.1:${secure}/api/session`,
        { method: "POST", rejectUnauthorized: false, headers: { Host: "lab.example", ...headers } },
        (answer) => {
          answer.resume();
          resolve({ status: answer.statusCode, cookie: answer.headers["set-cookie"]?.[0] });
        },
      );
      asked.on("error", reject).end('{"token":"sesame"}');
    });
  const { status, cookie } = await login({ Origin: "https://lab.example" });
  t.equal(status, 204);
  t.match(cookie, /; Secure/);
  t.equal((await login({ Origin: "https://evil.example" })).status, 403);
});

const CHROMIUM = [process.env.DSGAN_CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);

t.test(
  "the page works under a path",
  {
    skip:
      skip ||
      (CHROMIUM === undefined && "no Chromium here (apt-get install chromium, or DSGAN_CHROMIUM=<its path>)"),
  },
  async (t) => {
    const { store, server } = await serving(t, { basePath: "/dsgan", token: "sesame" });
    const writer = await store.create("demo");
    await writer.append(stage(1));
    const { plain } = await before(t, server);
    const browser = await chromium.launch({ executablePath: CHROMIUM!, args: ["--no-sandbox"] });
    t.teardown(() => browser.close());
    for (const base of ["/dsgan", "/dsgan/", "/stripped/"]) {
      const page = await browser.newPage();
      const faults: string[] = [];
      page.on("pageerror", (error) => void faults.push(String(error)));
      page.on("response", (answer) => {
        if (answer.status() >= 400) faults.push(`${answer.status()} ${answer.url()}`);
      });
      const asked = page.waitForResponse((answer) => /\/api\/table\b/.test(answer.url()) && answer.ok());
      await page.goto(`${plain}${base}`);
      await asked;
      await page.waitForFunction(() => document.querySelector("#app .loading") === null);
      t.same(faults, [], base);
      await page.close();
    }
    await writer.close();
  },
);
