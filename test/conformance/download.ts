/**
 * What every download must do. Plugin authors call this from their own tests.
 *
 * @module
 */
import type { Download, DownloadTools } from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/**
 * Checks a download.
 * @param tools answer in place of the network; without them no source is asked
 */
export async function checkDownload(
  t: Tester,
  download: Download,
  tools?: Partial<DownloadTools>,
): Promise<void> {
  t.ok(download.name, "has a name");
  t.ok(download.terms.length > 0, "says what may be done with the data");
  t.ok(download.files.length > 0, "names its files");
  t.ok(
    download.files.every((file) => !file.startsWith("/") && !file.split("/").includes("..")),
    "whose names stay within the folder",
  );
  t.ok(download.sources.length > 0, "has a source");
  t.equal(
    new Set(download.sources.map(({ name }) => name)).size,
    download.sources.length,
    "sources have different names",
  );
  if (tools === undefined) return;
  const refuse = (): never => {
    throw new Error("the check gives no such tool");
  };
  const given: DownloadTools = {
    fetch: refuse,
    npm: refuse,
    tell: () => {},
    signal: new AbortController().signal,
    ...tools,
  };
  for (const { name, get } of download.sources) {
    await t.test(`source ${name} gives every file`, async (t) => {
      const files: string[] = [];
      for await (const { file, bytes } of get(given)) {
        files.push(file);
        t.ok(bytes.byteLength > 0, `${file} is not empty`);
      }
      t.same([...files].sort(), [...download.files].sort(), "all of them, each once");
    });
  }
}
