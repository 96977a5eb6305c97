/** Paths become locations of the very file that they name, whatever characters they hold. */
import { fileURLToPath, pathToFileURL } from "node:url";
import fc from "fast-check";
import t from "tap";
import { inFolder, locate } from "../../../core/mod.ts";

const character = fc.constantFrom(..." #%?ä漢😀abZ09._-()[]{}'\"!&+,;=@:\\^|~`<>*\t\n");
const part = fc
  .array(character, { minLength: 1, maxLength: 12 })
  .map((characters) => characters.join(""))
  .filter((name) => name !== "." && name !== "..");

t.test("locate() finds the file that a path names", (t) => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), part, (folders, file) => {
      const folder = `/${folders.join("/")}`;
      const base = pathToFileURL(`${folder}/`);
      const path = `${folder}/${file}`;
      const found = (url: URL): boolean => fileURLToPath(url) === path;
      const isUrl = /^(data|blob|file|node|npm|jsr):/i.test(file);
      return (
        (isUrl || found(locate(file, base))) &&
        found(locate(`./${file}`, base)) &&
        found(locate(path, base)) &&
        found(inFolder(pathToFileURL(folder), file))
      );
    }),
  );
  const base = pathToFileURL("/a/b/");
  t.equal(locate("../c", base).href, "file:///a/c");
  t.equal(locate("/c|/d", base).href, "file:///c%7C/d", "no drive of Windows");
  t.equal(locate("//c/d", base).href, "file:///c/d", "two slashes name no host");
  t.equal(locate("https://host/a%20b?c#d", base).href, "https://host/a%20b?c#d", "URLs stay as they are");
  t.equal(locate("data:text/plain,a", base).href, "data:text/plain,a");
  t.equal(
    locate("group1 shard#1 100%.bin", new URL("https://host/m/")).href,
    "https://host/m/group1%20shard%231%20100%25.bin",
  );
  t.end();
});
