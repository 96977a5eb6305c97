/** How sweeps are told in few words. */
import t from "tap";
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
