/** How sweeps are told in few words. */
import t from "tap";
import type { RunEvent } from "../../core/mod.ts";
import { secondsOf } from "../../server/sweep/kept.ts";
import { inShort, shortNames } from "../../server/sweep/outcome.ts";

t.test("settings are called by the ends of their paths that tell them apart", (t) => {
  const settings = { "a.optimizer.rate": 1, "a.critic.optimizer.rate": 2, "a.k": [1, 2], "a.use": "mlp" };
  t.equal(inShort(settings), "a.optimizer.rate=1 critic.optimizer.rate=2 k=[1,2] use=mlp");
  t.same(
    [...shortNames(["application.share", "k"], ["share", "k"]).values()],
    ["application.share", "k"],
    "nor as what stands beside them, where the path allows it",
  );
  t.end();
});

t.test("secondsOf() counts the time of each host, up to now where there is one", (t) => {
  const event = (type: string, time: string): RunEvent =>
    ({ seq: 1, type, time: `2026-01-01T${time}Z` }) as unknown as RunEvent;
  const events = [
    event("started", "10:00:00"),
    event("job", "10:00:10"),
    event("resumed", "12:00:00"),
    event("job", "12:00:05"),
  ];
  t.equal(secondsOf(events), 15);
  t.equal(secondsOf(events, Date.parse("2026-01-01T13:00:05Z")), 3615, "it may have nothing to say for long");
  t.equal(secondsOf(events, Date.parse("2026-01-01T11:00:00Z")), 15, "a clock may be set back");
  t.equal(secondsOf([], 1), 0);
  t.end();
});
