/** What a bundle of `dsgan/http` needs: hosts such as workerd have no disk, no tensors, and little of Node. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import t from "tap";

const entry = fileURLToPath(new URL("../../../server/http/mod.ts", import.meta.url));

t.test(
  "dsgan/http bundles for the web with neither tensors nor Node, but for hashes and the page's files",
  async (t) => {
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "browser",
      external: ["node:*"],
      logLevel: "silent",
    });
    const inputs = Object.entries(metafile.inputs);
    const nodes = inputs.flatMap(([from, { imports }]) =>
      imports
        .filter(({ external }) => external)
        .map(({ path, kind }) => `${path} (${kind}) ${from.replace(/.*\//, "")}`),
    );
    t.strictSame(nodes.sort(), [
      "node:crypto (import-statement) guard.ts",
      "node:fs/promises (dynamic-import) page.ts",
    ]);
    t.same(
      inputs
        .map(([path]) => path)
        .filter((path) => /tensorflow|onnxruntime|prom-client|tsyringe|\/plugins\//.test(path)),
      [],
    );
    t.ok(
      inputs.some(([path]) => path.endsWith("server/http/orders.ts")),
      "inputs were found",
    );
  },
);
