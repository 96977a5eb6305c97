/** What a scenario from outside may name: paths as they are written, whatever characters they have. */
import t from "tap";
import { requireAllowed } from "../../server/http/allow.ts";
import type { RunOrder } from "../../server/http/runner.ts";

const order = (values: string): RunOrder =>
  ({
    text: JSON.stringify({ application: { use: "generate", data: { use: "arrays", values } } }),
    file: "posted",
    overrides: [],
  }) as unknown as RunOrder;

t.test("an entry allows the path that it is, and a folder what lies in it", (t) => {
  for (const path of ["./v.npy", "./100%.npy", "./a#b c?.npy", "./%41.npy", "./ä%zz.npy"]) {
    t.doesNotThrow(() => requireAllowed(order(path), [path]), path);
    t.doesNotThrow(() => requireAllowed(order(path), ["./"]), path);
    t.throws(() => requireAllowed(order(path), ["./other.npy"]), { message: /cannot name/ }, path);
  }
  const climbing = [
    "./data/../x.npy",
    "./data/%2e%2e/x.npy",
    "./data/%2E./x.npy",
    "./data/..%2fx.npy",
    "./data/.%2e/100%/x.npy",
  ];
  for (const path of climbing) {
    t.throws(() => requireAllowed(order(path), ["./data/"]), { message: /cannot name/ }, path);
  }
  t.end();
});
