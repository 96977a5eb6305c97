/** The command line over a database: one option in place of a folder. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { lacksPostgres, startPostgres } from "../postgres.ts";

t.setTimeout(300_000); // a busy machine

const reason = lacksPostgres();
if (reason !== undefined) t.plan(0, reason);
else {
  const server = await startPostgres();
  t.teardown(() => server.end());
  const url = await server.database();
  const shown = url.replace(":secret", "");
  const cwd = t.testdir();
  const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const dsgan = (...args: readonly string[]) =>
    spawnSync(process.execPath, [at("server/cli/main.ts"), ...args], {
      cwd,
      encoding: "utf8",
      env: { ...process.env, NODE_OPTIONS: "", DSGAN_RUNS: `${url}?spool=${join(cwd, "spool")}` },
    });

  await t.test("a run is begun, listed, interrupted by nothing, and read again", async (t) => {
    const ran = dsgan("run", at("test/fixtures/short.yaml"), "--set", "application.steps=20");
    t.equal(ran.status, 0, ran.stderr);
    const [listed] = JSON.parse(dsgan("list", "runs", "--json").stdout) as { run: string; status: string }[];
    t.match(listed, { scenario: "short", status: "passed" });
    t.match(ran.stdout, `(${shown}#${listed!.run})`, "it says where the run is, as the address that it is");
    t.notMatch(ran.stdout + ran.stderr, "secret");
    t.match(readdirSync(cwd).join(" "), `${listed!.run}.html`, "the report lies where the command was run");
    t.notMatch(readFileSync(join(cwd, `${listed!.run}.html`), "utf8"), "secret@");
    const again = dsgan("resume", listed!.run);
    t.equal(again.status, 2);
    t.match(again.stderr, "has ended (passed)");
    t.equal(dsgan("compare", listed!.run).status, 0);
    const sampled = dsgan("sample", listed!.run, "--n", "5", "--out", join(cwd, "x.npy"));
    t.equal(sampled.status, 0, sampled.stderr);
    t.strictSame(readdirSync(join(cwd, "spool")), []);
  });

  await t.test("a server that is not there is an input error", async (t) => {
    await server.kill();
    const listed = dsgan("list", "runs");
    t.equal(listed.status, 2);
    t.match(
      listed.stderr,
      /cannot use the runs in postgres:\/\/postgres@127.*ECONNREFUSED.*Is the server up/,
    );
    t.notMatch(listed.stderr, "secret");
  });
}
