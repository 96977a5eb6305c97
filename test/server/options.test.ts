/** `dsgan options`: tables of options, shown and written into pages. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

const root = fileURLToPath(new URL("../..", import.meta.url));

function options(cwd: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const main = join(root, "server/cli/main.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "options", ...args], {
    cwd,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

const plugin = `import { component, Mixers, z } from ${JSON.stringify(join(root, "core/mod.ts"))};
export default component(Mixers, {
  name: "mine",
  summary: "My mixer",
  options: z.strictObject({ share: z.number().default(0.5).describe("Its share.") }),
  create: () => ({ name: "mine", mix: (_alpha, m, pg) => [{ weight: 1, x: pg(m) }] }),
});
`;

t.test("dsgan options shows the options of components", (t) => {
  const one = options(root, "wgan-gp");
  t.equal(one.code, 0);
  t.match(one.out, /^objective wgan-gp: .*\n\n\| option \| meaning \| default \|\n\|---/);
  t.notMatch(one.out, /mlp/);
  const all = options(root);
  t.match(all.out, /^application generate:/m);
  t.match(all.out, /^mixer weighted: .*\n\nIt has no options\.$/m);
  t.match(options(root, "wgan-gb"), { code: 2, err: /wgan-gb.*did you mean "wgan-gp"/s });
  t.end();
});

t.test("dsgan options --write puts the tables of a plugin's page between its markers", (t) => {
  const folder = t.testdir({ "mine.ts": plugin, "README.md": "# mine\n" });
  const write = (page: string) => {
    writeFileSync(join(folder, "README.md"), page);
    const { code, err } = options(folder, "--plugin", "./mine.ts", "--write", "README.md");
    return { code, err, page: readFileSync(join(folder, "README.md"), "utf8") };
  };
  const written = write("# mine\n<!-- options mixer mine -->\n<!-- /options -->\nend\n");
  t.match(written, {
    code: 0,
    page: /^# mine\n<!-- options mixer mine -->\n\| option[\s\S]*`share` \| Its share\.[\s\S]*end\n$/,
  });
  t.equal(write(written.page).page, written.page, "writing twice changes nothing");
  t.match(write("# mine\n"), { code: 2, err: /README\.md: it has no place for a table/, page: /^# mine\n$/ });
  const unknown = "<!-- options mixer yours -->\n<!-- /options -->\n";
  t.match(write(unknown), { code: 2, err: /there is no mixer "yours"/, page: unknown });
  t.match(options(folder, "--write", "absent.md"), { code: 2, err: /--write absent\.md: .*ENOENT/ });
  t.end();
});
