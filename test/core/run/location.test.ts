import t from "tap";
import {
  assemble,
  contextOf,
  InputError,
  messageOf,
  RunError,
  schemeOf,
  storeAt,
  withoutSecrets,
} from "../../../core/mod.ts";
import folder from "../../../plugins/stores/folder/folder.ts";
import memory from "../../../plugins/stores/memory/memory.ts";
import shelf from "../../fixtures/shelf.ts";

t.test("schemeOf() tells URLs from paths", (t) => {
  const cases: Record<string, string> = {
    "postgres://host/db": "postgres",
    "POSTGRES://host/db": "postgres",
    "file:///tmp/runs": "file",
    runs: "",
    "./runs": "",
    "/data/a:b": "",
    "C:\\runs": "",
    "c:/runs": "",
    "": "",
  };
  for (const [location, scheme] of Object.entries(cases)) t.equal(schemeOf(location), scheme, location);
  t.end();
});

t.test("storeAt() opens the store whose location it is", async (t) => {
  const context = contextOf(await assemble([memory, folder, shelf]), new URL("file:///"));
  const dir = t.testdir();
  t.equal((await storeAt(dir, context)).name, "folder");
  t.equal((await storeAt(`shelf://host${dir}`, context)).name, "shelf");
  const writer = await (await storeAt(`file://${dir}`, context)).create("demo");
  await writer.close();
  t.strictSame(await (await storeAt(dir, context)).list(), [writer.id]);
  await t.rejects(storeAt("redis://u:geheim@host", context), {
    name: "InputError",
    message:
      'runs cannot be kept in "redis://u:***@host": no store has locations that begin with "redis:". ' +
      "There are: a folder, file:, shelf:",
  });
  await t.rejects(storeAt("file://host/x", context), { name: "InputError" });
});

t.test("withoutSecrets() hides passwords in URLs, and nothing else", (t) => {
  const cases: Record<string, string> = {
    "postgres://me:geheim@db.example/runs": "postgres://me:***@db.example/runs",
    "a postgres://me:ge%20heim@h:5432/x b": "a postgres://me:***@h:5432/x b",
    "postgres://me:ge@heim@h/x": "postgres://me:***@h/x",
    "postgres://:geheim@h/x": "postgres://:***@h/x",
    "postgres://h/x?user=me&password=geheim&ssl=1": "postgres://h/x?user=me&password=***&ssl=1",
    "postgres://me@h/x": "postgres://me@h/x",
    "http://h:8080/a@b": "http://h:8080/a@b",
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "file:///a/b:c@d": "file:///a/b:c@d",
    "at f (file:///x/y.ts:3:4)": "at f (file:///x/y.ts:3:4)",
  };
  for (const [given, shown] of Object.entries(cases)) t.equal(withoutSecrets(given), shown);
  t.end();
});

t.test("no error shows a password", (t) => {
  const url = "postgres://me:geheim@h/x";
  const input = new InputError([{ path: "a", message: url }], { file: "f.yaml" });
  const errors = [input, new RunError(url), new Error(url), new InputError(url)];
  for (const error of errors) t.notMatch(messageOf(error), "geheim");
  t.notMatch(JSON.stringify(input.problems), "geheim");
  t.notMatch(input.message, "geheim");
  t.end();
});
