/**
 * Routes that start, resume and cancel runs, and show the queue of orders.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { discreet } from "../../core/plugin/discreet.ts";
import { InputError, messageOf } from "../../core/plugin/errors.ts";
import { locatePath } from "../../core/plugin/place.ts";
import type { RunGlance, Store } from "../../core/run/store.ts";
import { NotAllowed } from "../../core/scenario/allow.ts";
import type { Override } from "../../core/scenario/override.ts";
import { cancelAnswer, job, queueAnswer, scenariosAnswer } from "./answers.ts";
import { notFound, Refusal } from "./problem.ts";
import { runParams, startRequest } from "./requests.ts";
import { documented, json, newRoutes, route } from "./route.ts";
import { Busy, type Job, type Runner, type RunOrder } from "./runner.ts";

/** YAML is a scenario. JSON is a request, or a scenario as an object. The client sends JSON. */
const startContent = {
  ...json(startRequest),
  "application/yaml": { schema: z.string() as unknown as typeof startRequest },
};

const start = route({
  method: "post",
  path: "/api/runs",
  summary: "Start a run: a scenario, or the name of a packaged one",
  request: { body: { content: startContent, required: true } },
  answers: { 201: json(job), 202: json(job) },
});

const resume = route({
  method: "post",
  path: "/api/runs/{id}/resume",
  summary: "Go on with a run that was stopped",
  request: { params: runParams },
  answers: { 201: json(job), 202: json(job) },
});

const cancel = route({
  method: "post",
  path: "/api/runs/{id}/cancel",
  summary: "Stop a run after a checkpoint",
  request: { params: runParams },
  answers: { 202: json(cancelAnswer) },
});

const queue = route({
  method: "get",
  path: "/api/queue",
  summary: "What was ordered here, oldest first",
  answers: { 200: json(queueAnswer) },
});

const ticketParams = z.object({ ticket: z.string() });

const order = route({
  method: "get",
  path: "/api/queue/{ticket}",
  summary: "An order",
  request: { params: ticketParams },
  answers: { 200: json(job) },
});

const withdraw = route({
  method: "delete",
  path: "/api/queue/{ticket}",
  summary: "Withdraw an order, or stop the run that it started",
  request: { params: ticketParams },
  answers: { 202: json(job) },
});

const scenarioList = route({
  method: "get",
  path: "/api/scenarios",
  summary: "Scenarios that can be started by name",
  answers: { 200: json(scenariosAnswer) },
});

/** A scenario that can be started by name. */
export interface NamedScenario {
  readonly name: string;
  readonly description: string;
  /** The document, YAML or JSON. */
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Base URL of its relative paths. */
  readonly base: string;
}

/** What the routes of this module work on. */
export interface Orders {
  readonly store: Store;
  /** Absent where this host only shows runs. */
  readonly runner: Runner | undefined;
  readonly scenarios: () => readonly NamedScenario[];
  /** Plugins, files and URLs that scenarios from outside may name. */
  readonly allow: readonly string[];
  /** Path under which the server is reached; empty at the root. */
  readonly base: string;
}

/** The routes of this module. */
export function orderRoutes({ store, runner, scenarios, allow, base }: Orders) {
  const requireRunner = (): Runner => {
    if (runner !== undefined) return runner;
    throw new Refusal(501, "this host only shows runs: it has no runner to start them");
  };
  const jobOf = (ticket: string): Job => {
    const found = runner?.jobs().find((job) => job.ticket === ticket);
    if (found !== undefined) return told(found);
    throw new Refusal(404, `there is no order ${JSON.stringify(ticket)} here`);
  };
  const glanceOf = async (id: string): Promise<RunGlance> => await store.glance(id).catch(notFound);

  const routes = newRoutes();
  return routes
    .openapi(documented(routes, start, { request: {} }), async (c) => {
      const runner = requireRunner();
      const order = await orderOf(c, scenarios());
      return taken(c, base, await attempt(() => runner.start({ ...order, allow }), order));
    })
    .openapi(resume, async (c) => {
      const runner = requireRunner();
      const { run, status } = await glanceOf(c.req.param("id"));
      if (status === "running") throw new Refusal(409, `run ${run} is running`);
      if (status === "passed" || status === "missed") {
        throw new Refusal(409, `run ${run} has finished (${status}): there is nothing to resume`);
      }
      return taken(c, base, await attempt(() => runner.resume(run)));
    })
    .openapi(cancel, async (c) => {
      const runner = requireRunner();
      const { run, status } = await glanceOf(c.req.param("id"));
      if (status !== "running") throw new Refusal(409, `run ${run} is not running: it is ${status}`);
      const owner = await (await store.open(run)).owner();
      if (runner.cancel(run, owner)) return c.json({ run, cancelling: true } as const, 202);
      const by = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.host}`;
      throw new Refusal(409, `run ${run} cannot be stopped from here: ${by} runs it. Stop it there`);
    })
    .openapi(queue, async (c) => c.json({ jobs: runner?.jobs().map(told) ?? [] }, 200))
    .openapi(order, async (c) => c.json(jobOf(c.req.param("ticket")), 200))
    .openapi(withdraw, async (c) => {
      const job = jobOf(c.req.param("ticket"));
      if (requireRunner().cancel(job.ticket)) return c.json(jobOf(job.ticket), 202);
      const state = job.state === "running" ? "is only just starting" : `has ${job.state}`;
      throw new Refusal(409, `order ${job.ticket} ${state}`);
    })
    .openapi(scenarioList, async (c) => {
      const named = runner === undefined ? [] : scenarios();
      return c.json(
        {
          scenarios: named.map(({ name, description }) => ({ name, description })),
          canStart: runner !== undefined,
        },
        200,
      );
    });
}

/** Answers an order with its location: the run, or the queue while it has none. */
function taken(c: Context, base: string, job: Job) {
  if (job.state === "failed") throw new Refusal(422, job.error ?? "the run could not start");
  c.header("Location", `${base}/api/${job.run === undefined ? `queue/${job.ticket}` : `runs/${job.run}`}`);
  return job.run === undefined ? c.json(job, 202) : c.json(job, 201);
}

/** An order as clients are told of it. */
function told(job: Job): Job {
  return job.error === undefined ? job : { ...job, error: discreet(job.error, { base: new URL(here()) }) };
}

/** Gives an order to the runner. @throws Refusal where the runner does not take it */
async function attempt(order: () => Promise<Job>, posted?: Posted): Promise<Job> {
  try {
    return told(await order());
  } catch (error) {
    if (error instanceof Busy) {
      throw new Refusal(429, `${error.message}. Try again later`, {
        headers: { "Retry-After": String(Math.ceil(error.retryAfter)) },
      });
    }
    if (error instanceof NotAllowed) throw new Refusal(403, error.message);
    if (error instanceof InputError) throw refused(error, posted);
    throw error;
  }
}

/** What is wrong with an order, told without more of this machine than the client has sent. */
function refused(
  error: InputError,
  { text = "", overrides = [], base = here() }: Partial<Posted> = {},
): Refusal {
  const known = { sent: [text, ...overrides.map(({ value }) => value)].join("\n"), base: new URL(base) };
  const problems = error.problems.map((problem) => ({
    ...problem,
    message: discreet(problem.message, known),
  }));
  const cause = new InputError(problems, { ...(error.file !== undefined && { file: error.file }) });
  return new Refusal(422, cause.message, { cause });
}

const YAML = /^(application\/(x-)?yaml|text\/(x-)?yaml|text\/plain)$/;

/** An order as it was posted. */
type Posted = Omit<RunOrder, "allow">;

/** The order in a body. @throws Refusal for a body without one */
async function orderOf(c: Context, scenarios: readonly NamedScenario[]): Promise<Posted> {
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
  const { scenario, set = {} } = checked.data;
  const overrides = Object.entries(set).map(([path, value]) => ({ path, value: JSON.stringify(value) }));
  const text = typeof scenario === "string" ? scenario : textOf(scenario);
  return scenarioOf(text, overrides, scenarios);
}

/** @throws Refusal for a scenario that is nested too deeply to be written as JSON */
function textOf(scenario: unknown): string {
  try {
    return JSON.stringify(scenario, null, 2);
  } catch {
    throw new Refusal(422, "the scenario is nested too deeply");
  }
}

/** The order of a scenario, or of a name: one line without a colon. */
function scenarioOf(
  text: string,
  overrides: readonly Override[],
  scenarios: readonly NamedScenario[],
): Posted {
  const name = text.trim();
  if (/[\n:{]/.test(name)) {
    return { text, file: "scenario", base: here(), name: "scenario", overrides };
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
  const { text: document, file, base } = found;
  return { text: document, file, base, name: found.name.split("/").at(-1)!, overrides };
}

/** The folder that relative paths of a scenario from outside start from. */
function here(): string {
  return locatePath(`${process.cwd()}/`, new URL("file:///")).href;
}
