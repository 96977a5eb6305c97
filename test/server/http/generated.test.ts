/** A client that is generated from the served OpenAPI document compiles, catches mistakes, and works. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import t from "tap";
import { fakeRunner, running } from "../http-fixtures.ts";

t.setTimeout(300_000);

const tsc = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));

/** A program with the types that were generated. */
const CLIENT = `
import type { components, operations, paths } from "./api.ts";

type Ask = (path: string, init?: RequestInit) => Promise<Response>;
type Answer<P extends keyof paths, M extends keyof paths[P], S extends number> = paths[P][M] extends {
  responses: { [K in S]: { content: { "application/json": infer A } } };
}
  ? A
  : never;
type Order = paths["/api/runs"]["post"]["requestBody"]["content"]["application/json"];
type Problem = components["schemas"]["Problem"];

export async function list(ask: Ask, status: Answer<"/api/runs", "get", 200>["runs"][number]["status"]) {
  const answer = await ask(\`/api/runs?status=\${status}\`);
  const { runs, next } = (await answer.json()) as Answer<"/api/runs", "get", 200>;
  const cursor: string | null = next;
  return { ids: runs.map(({ run }): string => run), cursor };
}

export async function start(ask: Ask, order: Order): Promise<Answer<"/api/runs", "post", 201> | Problem> {
  const headers = { "Content-Type": "application/json" };
  const answer = await ask("/api/runs", { method: "POST", headers, body: JSON.stringify(order) });
  return (await answer.json()) as Answer<"/api/runs", "post", 201> | Problem;
}

export const resumed = (run: string): Parameters<Ask> => [\`/api/runs/\${run}/resume\`, { method: "POST" }];
export type Resumed = Answer<"/api/runs/{id}/resume", "post", 202>["ticket"];
export type Named = operations[keyof operations];
`;

/** Programs with a mistake each. */
const MISTAKES = [
  'import { list } from "./client.ts"; list(async () => new Response(), "well");',
  'import { start } from "./client.ts"; start(async () => new Response(), { scenario: "x", sets: {} });',
  'import type { paths } from "./api.ts"; export type A = paths["/api/none"];',
  'import type { Resumed } from "./client.ts"; export const a: Resumed = 3;',
];

t.test("types of openapi-typescript", async (t) => {
  const { get, raw, writer } = await running({ runner: fakeRunner() });
  const { body: document } = await get("/openapi.json");
  const folder = t.testdir();
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write("package.json", '{ "type": "module" }');
  write("api.ts", astToString(await openapiTS(document)));
  write("client.ts", CLIENT);
  for (const [i, text] of MISTAKES.entries()) write(`mistake-${i}.ts`, text);
  const compilerOptions = {
    ...{ strict: true, noEmit: true, allowImportingTsExtensions: true, skipLibCheck: true },
    ...{ target: "esnext", module: "nodenext", lib: ["esnext", "dom"], types: [] },
  };
  const files = ["client.ts", ...MISTAKES.map((_, i) => `mistake-${i}.ts`)];
  write("tsconfig.json", JSON.stringify({ compilerOptions, files }));
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { cwd: folder, encoding: "utf8" });
  const faulty = [...stdout.matchAll(/^(\S+?)\(/gm)].map(([, file]) => file!);
  t.strictSame([...new Set(faulty)].sort(), files.slice(1), stdout);

  const { list, start } = await import(pathToFileURL(join(folder, "client.ts")).href);
  t.strictSame(await list(raw, "running"), { ids: [writer.id], cursor: null });
  t.strictSame((await list(raw, "passed")).ids, []);
  t.match(await start(raw, { scenario: "application: toy\n" }), { ticket: "t-1", run: "demo-9" });
  t.match(await start(raw, { scenario: "none" }), { status: 422, title: "Unprocessable Content" });
});
