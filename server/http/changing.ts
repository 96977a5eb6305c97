/**
 * The part of the API that starts, stops and resumes runs.
 *
 * @module
 */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { InputError, messageOf, type Store } from "../../core/mod.ts";
import type { Override } from "../../core/scenario/override.ts";
import { requireAllowed } from "./allow.ts";
import { answers, runParams, type StartRequest, startRequest } from "./api.ts";
import { Refusal } from "./problem.ts";
import { route } from "./route.ts";
import { Busy, type Job, type Runner, type RunOrder } from "./runner.ts";

/** A scenario that can be named. */
export interface NamedScenario {
  readonly name: string;
  readonly description: string;
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Where its relative paths start. */
  readonly base: string;
}

/** What changing needs. */
export interface Changing {
  readonly store: Store;
  /** Absent where this host only reads. */
  readonly runner: Runner | undefined;
  /** Those that can be named. */
  readonly scenarios: () => readonly NamedScenario[];
  /** Plugins, files and URLs that a scenario from outside may name. */
  readonly allow: readonly string[];
}

/** Adds the routes that change. */
export function addChanging(app: OpenAPIHono, { store, runner, scenarios, allow }: Changing): void {
  const able = (): Runner => {
    if (runner !== undefined) return runner;
    throw new Refusal(501, "this host only shows runs: it has nothing to run them with");
  };

  route(
    app,
    {
      method: "post",
      path: "/api/runs",
      summary: "Start a run: a scenario, or the name of a packaged one",
      body: { "application/json": startRequest, "application/yaml": z.string() },
      answer: answers.job,
      status: 201,
    },
    async (c) => {
      const runner = able();
      const order = await orderOf(c, scenarios());
      return taken(
        c,
        await attempt(() => {
          requireAllowed(order, allow);
          return runner.start(order);
        }),
      );
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/api/runs/{id}/resume",
      summary: "Go on with a run that was stopped",
      params: runParams,
      answer: answers.job,
      status: 201,
    },
    async (c) => {
      const runner = able();
      const { run, status } = await glanceOf(store, c);
      if (status === "running") throw new Refusal(409, `run ${run} is running`);
      if (status === "passed" || status === "missed") {
        throw new Refusal(409, `run ${run} has come to its end (${status}): there is nothing to go on with`);
      }
      return taken(c, await attempt(() => runner.resume(run)));
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/api/runs/{id}/cancel",
      summary: "Stop a run after a checkpoint",
      params: runParams,
      answer: answers.cancel,
      status: 202,
    },
    async (c) => {
      const runner = able();
      const { run, status } = await glanceOf(store, c);
      if (status !== "running") throw new Refusal(409, `run ${run} is not running: it is ${status}`);
      const owner = await (await store.open(run)).owner();
      if (runner.cancel(run, owner)) return c.json({ run, cancelling: true } as const, 202);
      const by = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.host}`;
      throw new Refusal(409, `run ${run} cannot be stopped from here: ${by} runs it. Stop it there`);
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/api/queue",
      summary: "What was ordered here, oldest first",
      answer: answers.queue,
    },
    async (c) => c.json({ jobs: runner?.jobs() ?? [] }),
  );

  const ticket = z.object({ ticket: z.string() });
  const jobOf = (c: Context): Job => {
    const given = c.req.param("ticket") ?? "";
    const job = runner?.jobs().find((job) => job.ticket === given);
    if (job !== undefined) return job;
    throw new Refusal(404, `there is no order ${JSON.stringify(given)} here`);
  };
  route(
    app,
    { method: "get", path: "/api/queue/{ticket}", summary: "An order", params: ticket, answer: answers.job },
    async (c) => c.json(jobOf(c)),
  );
  route(
    app,
    {
      method: "delete",
      path: "/api/queue/{ticket}",
      summary: "Let an order go, or stop what came of it",
      params: ticket,
      answer: answers.job,
      status: 202,
    },
    async (c) => {
      const job = jobOf(c);
      if (able().cancel(job.ticket)) return c.json(jobOf(c), 202);
      throw new Refusal(
        409,
        `order ${job.ticket} has ${job.state === "running" ? "only just begun" : job.state}`,
      );
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/api/scenarios",
      summary: "Scenarios that can be started by name",
      answer: z.object({ scenarios: z.array(z.object({ name: z.string(), description: z.string() })) }),
    },
    async (c) =>
      c.json({
        scenarios:
          runner === undefined ? [] : scenarios().map(({ name, description }) => ({ name, description })),
        canStart: runner !== undefined,
      }),
  );
}

/** Where an order is to be found: at its run, once there is one. */
function taken(c: Context, job: Job): Response {
  if (job.state === "failed") throw new Refusal(422, job.error ?? "the run could not be begun");
  const place = job.run === undefined ? `/api/queue/${job.ticket}` : `/api/runs/${job.run}`;
  c.header("Location", place);
  return c.json(job, job.run === undefined ? 202 : 201);
}

/** @throws Refusal for what a runner says of an order */
async function attempt(order: () => Promise<Job>): Promise<Job> {
  try {
    return await order();
  } catch (error) {
    if (error instanceof Busy) {
      throw new Refusal(429, `${error.message}. Try again later`, {
        headers: { "Retry-After": String(Math.ceil(error.retryAfter)) },
      });
    }
    if (error instanceof InputError) throw new Refusal(422, error.message, { cause: error });
    if (error instanceof RangeError) throw new Refusal(422, "the scenario is nested too deeply"); // out of stack
    throw error;
  }
}

async function glanceOf(store: Store, c: Context) {
  return await store.glance(c.req.param("id") ?? "").catch((error) => {
    throw error instanceof InputError ? new Refusal(404, error.message) : error;
  });
}

const YAML = /^(application\/(x-)?yaml|text\/(x-)?yaml|text\/plain)$/;

/** What is ordered. @throws Refusal for a body that is none */
async function orderOf(c: Context, scenarios: readonly NamedScenario[]): Promise<RunOrder> {
  const type = (c.req.header("Content-Type") ?? "").split(";")[0]!.trim().toLowerCase();
  const body = await c.req.text();
  if (body.trim() === "") throw new Refusal(400, "the body is empty: send a scenario, or the name of one");
  if (YAML.test(type)) return scenarioOf(body, [], scenarios);
  if (type !== "application/json") {
    throw new Refusal(
      415,
      `Content-Type ${JSON.stringify(type)}: send application/json or, for a scenario itself, application/yaml`,
    );
  }
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch (error) {
    throw new Refusal(400, `the body is not JSON: ${messageOf(error)}`);
  }
  // A scenario itself, or a request with one in it.
  const isScenario = typeof given === "object" && given !== null && "application" in given;
  const checked = startRequest.safeParse(isScenario ? { scenario: given } : given);
  if (!checked.success) throw new Refusal(400, `the body: ${z.prettifyError(checked.error)}`);
  const { scenario, set = {} } = checked.data satisfies StartRequest;
  const overrides = Object.entries(set).map(([path, value]) => ({ path, value: JSON.stringify(value) }));
  const text = typeof scenario === "string" ? scenario : textOf(scenario);
  return scenarioOf(text, overrides, scenarios);
}

/** @throws Refusal for what is nested too deeply to be written */
function textOf(scenario: unknown): string {
  try {
    return JSON.stringify(scenario, null, 2);
  } catch {
    throw new Refusal(422, "the scenario is nested too deeply");
  }
}

/** One line without a colon is a name. */
function scenarioOf(
  text: string,
  overrides: readonly Override[],
  scenarios: readonly NamedScenario[],
): RunOrder {
  const name = text.trim();
  if (/[\n:{]/.test(name)) {
    return { text, file: "scenario", base: new URL(`file://${process.cwd()}/`).href, overrides };
  }
  const exact = scenarios.find((scenario) => scenario.name === name);
  const alike = scenarios.filter((scenario) => scenario.name.endsWith(`/${name}`));
  const found = exact ?? (alike.length === 1 ? alike[0] : undefined);
  if (found === undefined) {
    throw new Refusal(
      422,
      `there is no scenario ${JSON.stringify(name.slice(0, 100))}. There are: ${scenarios.map((s) => s.name).join(", ")}`,
    );
  }
  const { file, base } = found;
  return { text: found.text, file, base, overrides };
}
