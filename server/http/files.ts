/**
 * Routes that give the files of a run.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { checkRunPath, RUN_FILES, type RunResult } from "../../core/run/store.ts";
import { artifactsAnswer, runResult } from "./answers.ts";
import { fileAnswer } from "./file-answer.ts";
import type { Logs } from "./logs.ts";
import { notFound, Refusal } from "./problem.ts";
import { runParams } from "./requests.ts";
import { documented, json, newRoutes, route, typed } from "./route.ts";

const scenario = route({
  method: "get",
  path: "/api/runs/{id}/scenario",
  summary: `The run's ${RUN_FILES.scenario}`,
  request: { params: runParams },
  answers: { 200: { "application/yaml": { schema: z.string() } } },
});

const environment = route({
  method: "get",
  path: "/api/runs/{id}/environment",
  summary: `The run's ${RUN_FILES.environment}`,
  request: { params: runParams },
  answers: { 200: json(z.record(z.string(), z.unknown())) },
});

const result = route({
  method: "get",
  path: "/api/runs/{id}/result",
  summary: `The run's ${RUN_FILES.result}`,
  request: { params: runParams },
  answers: { 200: json(runResult) },
});

const report = route({
  method: "get",
  path: "/api/runs/{id}/report",
  summary: "The run's report, where one was written",
  request: { params: runParams },
  answers: { 200: { "text/html": { schema: z.string() } } },
});

const artifacts = route({
  method: "get",
  path: "/api/runs/{id}/artifacts",
  summary: "Files that a run has kept",
  request: { params: runParams },
  answers: { 200: json(artifactsAnswer) },
});

const artifact = route({
  method: "get",
  path: "/api/runs/{id}/artifacts/{path}",
  summary: "A file that a run has kept",
  request: { params: z.object({ id: z.string(), path: z.string() }) },
  answers: { 200: { "application/octet-stream": { schema: z.string() } } },
});

/** The routes of the files that every run has. */
export function fileRoutes(logs: Logs) {
  const answer = async (c: Context, file: string, headers: Readonly<Record<string, string>>) => {
    const { log } = await logs.open(c.req.param("id")!);
    return fileAnswer(c, await log.reader.file(file).catch(notFound), headers);
  };
  return newRoutes()
    .openapi(scenario, async (c) =>
      answer(c, RUN_FILES.scenario, { "Content-Type": "application/yaml; charset=utf-8" }),
    )
    .openapi(environment, async (c) =>
      typed<Record<string, unknown>>(await answer(c, RUN_FILES.environment, { "Content-Type": JSON_TYPE })),
    )
    .openapi(result, async (c) =>
      typed<RunResult>(await answer(c, RUN_FILES.result, { "Content-Type": JSON_TYPE })),
    )
    .openapi(report, async (c) =>
      answer(c, "report.html", {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": `sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'`,
      }),
    );
}

const JSON_TYPE = "application/json; charset=utf-8";

/** The routes of the files that an application keeps. */
export function artifactRoutes(logs: Logs) {
  const routes = newRoutes();
  return routes
    .openapi(artifacts, async (c) => {
      const { log } = await logs.open(c.req.param("id"));
      return c.json({ artifacts: (await log.digest()).artifacts }, 200);
    })
    .openapi(
      documented(routes, artifact, { path: "/api/runs/{id}/artifacts/:path{.+}", request: {} }),
      async (c) => {
        const { log } = await logs.open(c.req.param("id"));
        const path = `artifacts/${c.req.param("path")}`;
        try {
          checkRunPath(path);
        } catch (error) {
          throw new Refusal(400, (error as Error).message);
        }
        const type = TYPES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()];
        return fileAnswer(c, await log.reader.file(path).catch(notFound), {
          "Content-Type": type ?? "application/octet-stream",
          // A file that a plugin wrote must not act in the name of this page.
          "Content-Security-Policy": "sandbox; default-src 'none'",
          ...(type === undefined && { "Content-Disposition": "attachment" }),
        });
      },
    );
}

/** Media types of files that a browser may show. */
const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  json: "application/json",
  txt: "text/plain; charset=utf-8",
  csv: "text/plain; charset=utf-8",
};
