/** Runs are kept where one option says: by every command, in a store of a plugin's as in a folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

t.setTimeout(600_000); // minutes on a busy machine

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "server/cli/main.ts");
const plugin = ["--plugin", join(root, "test/fixtures/shelf.ts")];
const short = join(root, "test/fixtures/short.yaml");

/** All that a command printed. */
async function dsgan(
  args: readonly string[],
  cwd: string,
  runs?: string,
): Promise<{ code: number; text: string }> {
  const { NODE_OPTIONS, DSGAN_RUNS, CI, GITHUB_ACTIONS, ...rest } = process.env;
  const env = { ...rest, ...(runs !== undefined && { DSGAN_RUNS: runs }) };
  const child = spawn(process.execPath, [main, ...args], { cwd, env });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
  const [code] = await once(child, "close");
  return { code, text };
}

t.test("every command takes a store of a plugin's, and none shows its password", async (t) => {
  const cwd = t.testdir({ shelf: {} });
  const runs = `shelf://me:geheim@host${join(cwd, "shelf")}`;
  const did = async (...args: string[]): Promise<string> => {
    const { code, text } = await dsgan([...args, ...plugin], cwd, runs);
    t.equal(code, 0, `${args.join(" ")}: ${text}`);
    t.notMatch(text, "geheim");
    return text;
  };
  await did("run", short, "--set", "application.steps=30", "--json");
  const [id] = readdirSync(join(cwd, "shelf")) as [string];
  t.match(await did("list", "runs"), id);
  t.match(await did("compare"), "short");
  await did("sample", "latest", "--n", "10", "--out", "x.npy");
  await did("export", id, "--format", "safetensors");
  const events = readFileSync(join(cwd, "shelf", id, "events.ndjson"), "utf8");
  t.match(events, "shelf://me:***@host");
  for (const path of readdirSync(cwd, { recursive: true, withFileTypes: true })) {
    if (path.isFile())
      t.notMatch(readFileSync(join(path.parentPath, path.name), "latin1"), "geheim", path.name);
  }
  rmSync(join(cwd, "shelf", id, "result.json"));
  const ended = await dsgan(["resume", id, "--runs", runs, ...plugin], cwd);
  t.equal(ended.code, 2, ended.text);
  t.match(ended.text, "there is nothing to resume");
});

t.test("DSGAN_RUNS says where runs are, --runs before it", async (t) => {
  const cwd = t.testdir({ a: { "demo-20260101-000000-0000": {} }, b: { "other-20260101-000000-0000": {} } });
  t.match((await dsgan(["list", "runs"], cwd, "a")).text, "demo-2026");
  t.match((await dsgan(["list", "runs", "--runs", "b"], cwd, "a")).text, "other-2026");
  t.match((await dsgan(["list", "runs"], cwd, "")).text, "no runs");
});

t.test("a place that no store has is refused, without its password", async (t) => {
  const cwd = t.testdir();
  const refused = async (runs: string, code: number, message: string, ...args: string[]): Promise<void> => {
    const ended = await dsgan([...args, "--runs", runs], cwd);
    t.equal(ended.code, code, ended.text);
    t.match(ended.text, message);
    t.notMatch(ended.text, "geheim");
  };
  await refused("redis://u:geheim@h", 2, "There are: a folder, file:", "run", short);
  await refused("redis://u:geheim@h", 2, "redis://u:***@h", "list", "runs");
  await refused(
    "shelf://u:geheim@broken/x",
    2,
    "shelf://u:***@broken/x cannot be reached",
    "list",
    "runs",
    ...plugin,
  );
  await refused(
    "shelf://u:geheim@odd/x",
    3,
    "odd: shelf://u:***@odd/x",
    "list",
    "runs",
    ...plugin,
    "--debug",
  );
});
