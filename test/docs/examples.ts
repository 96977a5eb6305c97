/**
 * The code of the documentation as modules of a package that depends on dsgan: blocks of the pages, and the `@example`s of
 * docstrings. In that package `dsgan` and its subpaths are the sources.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { type Block, blocksOf, pages, root } from "./pages.ts";

const execute = promisify(execFile);

/** A block of code, written to a file. */
export interface Example extends Block {
  /** From the folder of the package. */
  readonly file: string;
  /** Why it is not run; undefined if it is. */
  readonly notRun: string | undefined;
}

/** Blocks of the `@example`s in the docstrings of a module. */
export function examplesOf(path: string, source: string): Block[] {
  return [...source.matchAll(/^ *\/\*\*[\s\S]*?\*\//gm)].flatMap((comment) => {
    const firstLine = source.slice(0, comment.index).split("\n").length;
    const text = comment[0].replace(/^ *\/?\*+\/? ?/gm, "");
    return [...text.matchAll(/^@example\b[\s\S]*?(?=^@\w|$(?![\s\S]))/gm)].flatMap((example) => {
      const above = text.slice(0, example.index).split("\n").length - 1;
      const blocks = blocksOf(path, example[0], firstLine + above);
      if (blocks.length === 0)
        throw new Error(`${path}:${firstLine + above}: put the @example between fences`);
      const hasImports = (code: string): boolean => /^import /m.test(code);
      return blocks.map(({ code, ...block }) => ({
        ...block,
        code: block.language === "ts" && !hasImports(code) ? importOf(path, source) + code : code,
      }));
    });
  });
}

/** What an example of an internal module is given, since it cannot import from the package: all that the module exports. */
function importOf(path: string, source: string): string {
  const names = [...source.matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm)].map(
    ([, name]) => name,
  );
  return `import { ${names.join(", ")} } from "../../${path}"; `;
}

/** All blocks of the pages and docstrings. */
export function allBlocks(): Block[] {
  const modules = globSync("{core,plugins,server,test/conformance}/**/*.ts", { cwd: root }).sort();
  return [
    ...pages().flatMap(({ path, text }) => blocksOf(path, text)),
    ...modules.flatMap((path) => examplesOf(path, readFileSync(join(root, path), "utf8"))),
  ];
}

/** The name that a block gives itself in a comment on its first line, such as `// hinge.ts`. */
export function nameOf(code: string): string | undefined {
  return /^(?:\/\/|#) ([\w-]+(?:\.[\w-]+)+)\n/.exec(code)?.[1];
}

/** Folder of a block's page in the package. */
export function folderOf({ page }: Block): string {
  return page.replaceAll("/", "__").replace(/\.\w+$/, "");
}

/** Why a block is not run. @throws Error if it does not say so */
function reasonNotToRun({ page, line, info }: Block): string | undefined {
  if (info === "") return undefined;
  const reason = /^no-run (.+)$/.exec(info)?.[1];
  if (reason === undefined)
    throw new Error(`${page}:${line}: expected "no-run <reason>" after the fence, got "${info}"`);
  return reason;
}

/**
 * Writes blocks as files of a package in the repository's folder, a folder for each page.
 * @returns the package's folder, and the blocks in TypeScript
 */
export function writePackage(blocks: readonly Block[]): { folder: string; examples: Example[] } {
  const folder = mkdtempSync(join(root, ".docs-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  linkSources(folder);
  const examples: Example[] = [];
  for (const block of blocks) {
    const isCode = block.language === "ts";
    const name = nameOf(block.code) ?? (isCode ? `line-${block.line}.ts` : undefined);
    if (name === undefined) continue;
    const page = join(folder, folderOf(block));
    mkdirSync(page, { recursive: true });
    // as many lines above as in the page, so that errors name the page's lines
    writeFileSync(join(page, name), isCode ? "\n".repeat(block.line - 1) + block.code : block.code);
    if (isCode) {
      examples.push({ ...block, file: relative(folder, join(page, name)), notRun: reasonNotToRun(block) });
    }
  }
  return { folder, examples };
}

/** Makes `dsgan` in a package mean the sources, under the names that the published package has. */
function linkSources(folder: string): void {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, string | { default: string }>;
  };
  const sources = Object.entries(exports).map(([name, target]) => {
    const path = typeof target === "string" ? target : target.default;
    return [name, path.replace(/^\.\/dist\/(.*)\.js$/, "./$1.ts")] as const;
  });
  const linked = join(folder, "node_modules/dsgan");
  mkdirSync(linked, { recursive: true });
  symlinkSync(join(root, "node_modules/@types"), join(folder, "node_modules/@types")); // Deno looks nowhere else for `types`
  for (const room of ["core", "plugins", "server", "scenarios", "test"]) {
    symlinkSync(join(root, room), join(linked, room));
  }
  const manifest = { name: "dsgan", type: "module", exports: Object.fromEntries(sources) };
  writeFileSync(join(linked, "package.json"), JSON.stringify(manifest));

  const tsconfig = {
    extends: "../tsconfig.json",
    compilerOptions: { rootDir: "..", noUnusedLocals: false, noUnusedParameters: false },
    include: ["**/*.ts"],
    exclude: ["node_modules"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));

  const deno = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as {
    exports: Record<string, string>;
    compilerOptions: object;
  };
  const imports = Object.entries(deno.exports).map(([name, path]) => [join("dsgan", name), join("..", path)]);
  const config = {
    nodeModulesDir: "manual",
    compilerOptions: deno.compilerOptions,
    imports: Object.fromEntries(imports),
  };
  writeFileSync(join(folder, "deno.json"), JSON.stringify(config));
}

/**
 * Runs a program.
 * @param always whether to tell what it printed even if it succeeded
 * @returns what it printed where it failed, nothing where it did not
 */
export async function complaint(
  command: string,
  args: readonly string[],
  cwd: string,
  always = false,
): Promise<string> {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
  try {
    const { stdout, stderr } = await execute(command, args, { cwd, env, timeout: 200_000 });
    return always ? `${stdout}${stderr}` : "";
  } catch (error) {
    const {
      stdout = "",
      stderr = "",
      message,
    } = error as { stdout?: string; stderr?: string; message: string };
    return `${stdout}${stderr}` || message;
  }
}
