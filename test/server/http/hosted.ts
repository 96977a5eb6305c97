/**
 * A program as somebody deploys it to a host without a disk: the app over published runs, one of which still goes on. It is
 * bundled, and the same bundle is run by each host.
 *
 * @module
 */
import { createApp, prometheusMetrics, publishedRuns } from "../../../server/http/mod.ts";

const time = (seq: number): string => new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString();
const line = (seq: number, body: object): string => `${JSON.stringify({ seq, time: time(seq), ...body })}\n`;
const progress = (seq: number): string =>
  line(seq, { type: "progress", stage: "train", step: seq, steps: 9, values: { loss: 1 / seq } });

const ENDED = "demo-20260101-120000-abcd";
const LIVE = "live-20260102-120000-abcd";
const files = new Map<string, string>([
  [`${ENDED}/scenario.yaml`, "name: demo\ntags: [toy]\nexpect:\n  x: { atLeast: 1 }\n"],
  [`${ENDED}/environment.json`, "{}"],
  [
    `${ENDED}/result.json`,
    JSON.stringify({
      run: ENDED,
      scenario: "demo",
      status: "passed",
      metrics: { x: 1 },
      expectations: [],
      seconds: 1,
    }),
  ],
  [
    `${ENDED}/events.ndjson`,
    progress(1) + progress(2) + line(3, { type: "ended", status: "passed", seconds: 1 }),
  ],
  [`${ENDED}/artifacts/long.txt`, "text ".repeat(1000)],
]);

/** How long the run that goes on takes for its next event, in milliseconds. */
const PAUSE = 300;

/** The app. A Worker may not share work between requests, so each of them makes its own. */
export function appOf() {
  const began = Date.now();
  const store = publishedRuns({
    list: async () => [ENDED, LIVE],
    async read(run, path) {
      const text =
        files.get(`${run}/${path}`) ?? (run === LIVE && path === "events.ndjson" ? live(began) : undefined);
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
  });
  const glance: typeof store.glance = async (id) => {
    const seen = await store.glance(id);
    return id === LIVE && Date.now() - began < 2 * PAUSE ? { ...seen, status: "running" } : seen;
  };
  const watched = { ...store, glance };
  return createApp(watched, { metrics: prometheusMetrics(watched), hosts: ["runs.example.org"] });
}

/** The log of the run that goes on: an event more after a pause, the last one after another. */
function live(began: number): string {
  const age = Date.now() - began;
  return (
    progress(1) +
    (age < PAUSE ? "" : progress(2)) +
    (age < 2 * PAUSE ? "" : line(3, { type: "ended", status: "passed", seconds: 1 }))
  );
}

export default { fetch: (request: Request): Response | Promise<Response> => appOf().fetch(request) };
