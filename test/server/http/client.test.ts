/** The typed client: its types are the server's schemas, and its requests reach the server's routes. */
import { DetailedError, hc, parseResponse } from "hono/client";
import t from "tap";
import {
  type App,
  type ArtifactsAnswer,
  client,
  type Job,
  type ProblemDetails,
  type RunSummary,
  type RunsPage,
} from "../../../server/http/mod.ts";
import { fakeRunner, progress, result, running, stage } from "../http-fixtures.ts";

/** Compiles where two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { a: A; b: B };
const isSame = <A, B>(_: Same<A, B>): void => {};

t.test("client() types answers, and narrows them by `ok`", async (t) => {
  const { writer, raw } = await running();
  await writer.append(stage(1));
  const { api } = client("http://localhost", { fetch: (input, init) => raw(String(input), init) });

  const list = await api.runs.$get({ query: { status: "running", limit: 10 } });
  if (!list.ok) throw new Error((await list.json()).detail);
  isSame<Awaited<ReturnType<typeof list.json>>, RunsPage>(true);
  const { runs, next } = await list.json();
  t.equal(next, null);
  const id = runs[0]!.run;
  t.equal(id, writer.id);

  const page = await parseResponse(api.runs[":id"].events.$get({ param: { id }, query: { since: 0 } }));
  const [event] = page.events;
  if (event?.type !== "stage") throw new Error("the event's type narrows it");
  isSame<typeof event.stage, string>(true);
  t.equal(event.stage, "stage 1");
  t.equal(page.next, 1);

  const absent = await api.runs[":id"].$get({ param: { id: "nope" } });
  if (absent.ok) {
    isSame<Awaited<ReturnType<typeof absent.json>>["series"], RunSummary["series"]>(true);
    throw new Error("there is no such run");
  }
  const problem: ProblemDetails = await absent.json();
  t.match(problem, { status: 404, detail: /nope/ });
  await t.rejects(
    parseResponse(api.runs[":id"].$get({ param: { id: "nope" } })),
    DetailedError,
    "parseResponse() throws for it",
  );
  // @ts-expect-error a query that the route does not have
  await api.runs.$get({ query: { colour: "red" } });
});

t.test("client() reaches every route that answers JSON", async (t) => {
  const { writer, raw } = await running({ runner: fakeRunner() });
  const { api } = client("http://localhost", { fetch: (input, init) => raw(String(input), init) });
  const param = { id: writer.id };
  await writer.append(progress(1, 1, { loss: 0.5 }));
  await writer.write("result.json", JSON.stringify(result));
  await writer.write("environment.json", JSON.stringify({ node: "24" }));
  const run = api.runs[":id"];

  const series = await parseResponse(run.series.$get({ param, query: { metric: "loss", points: 4 } }));
  t.same(series.series[0]?.y, [0.5]);
  const { artifacts }: ArtifactsAnswer = await parseResponse(run.artifacts.$get({ param }));
  t.same(artifacts, []);
  t.same(await parseResponse(run.result.$get({ param })), result);
  t.same(await parseResponse(run.environment.$get({ param })), { node: "24" });
  t.same(await parseResponse(api.scenarios.$get()), { scenarios: [], canStart: true });
  const job: Job = await parseResponse(api.runs.$post({ json: { scenario: { application: "toy" } } }));
  t.match(job, { state: "running", run: "demo-9" });
  t.same((await parseResponse(api.queue.$get())).jobs, [job]);
  t.same(await parseResponse(api.queue[":ticket"].$get({ param: { ticket: job.ticket } })), job);
  t.same(await parseResponse(api.queue[":ticket"].$delete({ param: { ticket: job.ticket } })), job);
  t.equal((await run.cancel.$post({ param })).status, 202);
  t.equal((await run.resume.$post({ param })).status, 409, "it is running");
});

t.test("hc<App>() reaches files and streams, whose answers are not JSON", async (t) => {
  const { writer, raw } = await running();
  const { api } = hc<App>("http://localhost", {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => raw(String(input), init),
  });
  await writer.write("scenario.yaml", "name: demo\n");
  await writer.write("artifacts/deep/a b.txt", "text");
  const param = { id: writer.id };
  t.equal(await (await api.runs[":id"].scenario.$get({ param })).text(), "name: demo\n");
  const path = "deep/a b.txt";
  const file = await api.runs[":id"].artifacts[":path"].$get({ param: { ...param, path } });
  t.equal(await file.text(), "text");
  await writer.append({ seq: 1, time: "2026-01-01T00:00:00Z", type: "ended", status: "passed", seconds: 1 });
  const stream = await api.runs[":id"].stream.$get({ param, query: { since: 0 } });
  t.match(await stream.text(), /event: end/);
});

t.test("client() shows its token", async (t) => {
  let sent: Headers | undefined;
  const { api } = client("http://localhost", {
    token: "sesame",
    fetch: async (_, init) => {
      sent = new Headers(init?.headers);
      return Response.json({ jobs: [] });
    },
  });
  await api.queue.$get();
  t.equal(sent?.get("Authorization"), "Bearer sesame");
});
