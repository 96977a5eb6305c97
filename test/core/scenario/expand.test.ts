// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the environment are written so
/** Files that build on others and on the environment, and text that is no UTF-8. */
import t from "tap";
import {
  decodeText,
  expanded,
  InputError,
  loadScenario,
  type Reach,
  readSource,
  type SourceText,
} from "../../../core/mod.ts";
import { parts } from "../parts.ts";

const at = (path: string): URL => new URL(path, "file:///w/");

/** What files of a folder make of one of them. */
function expandedFrom(files: Record<string, string>, main = "main.yaml", env: Reach["env"] = {}): SourceText {
  const text = (name: string): SourceText => ({ text: files[name]!, file: name, base: at(name) });
  return expanded(text(main), {
    env,
    read(name, from) {
      const path = new URL(name, from).pathname.slice(3);
      if (!(path in files)) throw new InputError(`there is no ${name}`);
      return text(path);
    },
    rebase: (path, from) => `/abs${new URL(path, from).pathname}`,
  });
}

/** What a file comes to. */
const madeOf = (...given: Parameters<typeof expandedFrom>): unknown => {
  const { text, file } = expandedFrom(...given);
  return readSource(text, file).value;
};

/** What is wrong, a problem a line. */
function wrong(...given: Parameters<typeof expandedFrom>): string[] {
  try {
    expandedFrom(...given);
  } catch (error) {
    if (error instanceof InputError) return error.message.split("\n");
    throw error;
  }
  return [];
}

t.test("what a file says goes over what it extends, in depth", (t) => {
  const files = {
    "main.yaml":
      "extends: base.yaml\napplication: { m: 5, target: { pd: [2] }, objective: { lambda: 3 } }\nx-free: 1\nexpect: { a: null }\n",
    "base.yaml":
      "name: base\nextends: [root.yaml]\napplication: { m: 4, k: 2, objective: plain, target: { use: t, pd: [1, 3], alpha: 0.5 } }\n",
    "root.yaml":
      "seed: 3\ntags: [a]\nexpect: { a: { atLeast: 1 }, b: { atLeast: 2 } }\napplication: { use: study }\n",
  };
  t.strictSame(madeOf(files), {
    seed: 3,
    tags: ["a"],
    expect: { b: { atLeast: 2 } },
    application: {
      ...{ use: "study", m: 5, k: 2, objective: { use: "plain", lambda: 3 } },
      target: { use: "t", pd: [2], alpha: 0.5 },
    },
    "x-free": 1,
  });
  const other = { ...files, "main.yaml": "extends: base.yaml\napplication: { target: { use: u } }\n" };
  t.match(
    madeOf(other),
    { application: { m: 4, target: { use: "u", pd: undefined } } },
    "options of t are not u's",
  );
  t.equal(
    expandedFrom({ "main.yaml": "name: a\n" }).origins,
    undefined,
    "a file that needs nothing is left alone",
  );
  t.end();
});

t.test("paths are meant from where they are written", (t) => {
  const files = {
    "main.yaml": "extends: sub/b.yaml\nplugins: [./own.ts]\n",
    "sub/b.yaml": "extends: ../c.yaml\ndata: ./v.npy\nname: b\n",
    "c.yaml": "other: ../d.npy\nplain: v.npy\n",
  };
  t.strictSame(madeOf(files), {
    plugins: ["./own.ts"],
    data: "/abs/w/sub/v.npy",
    other: "../d.npy",
    plain: "v.npy",
  });
  t.end();
});

t.test("what cannot be extended is said with file and line", (t) => {
  t.strictSame(wrong({ "main.yaml": "a: 1\nextends: b.yaml\n", "b.yaml": "extends: main.yaml\n" }), [
    "b.yaml:1: extends: goes round in a circle: main.yaml → b.yaml → main.yaml",
  ]);
  t.strictSame(wrong({ "main.yaml": "extends: main.yaml\n" }), [
    "main.yaml:1: extends: goes round in a circle: main.yaml → main.yaml",
  ]);
  t.strictSame(wrong({ "main.yaml": "a: 1\nextends: no.yaml\n" }), [
    "main.yaml:2: extends: there is no no.yaml",
  ]);
  t.strictSame(wrong({ "main.yaml": "extends: 3\n" }), [
    "main.yaml:1: extends: expected the name of a file, got 3",
  ]);
  t.match(wrong({ "main.yaml": "extends: b.yaml\n", "b.yaml": "a: 1\n\tb: 2\n" }), [
    /^b\.yaml:2: not valid YAML: Tabs/,
  ]);
  t.end();
});

t.test("the environment's values stand for variables", (t) => {
  const env = { N: "7", WORD: "true", EMPTY: "", TEXT: "a: b" };
  const text =
    'n: ${N}\nquoted: "${N}"\nword: ${WORD}\nmixed: x${N}y\nfallback: ${NONE:-4}\nempty: ${EMPTY:-5}\nplain: ${TEXT}\n' +
    "literal: $${N} $N\nlist: ['${N}', \"${NONE:-}\"]\n";
  t.strictSame(madeOf({ "main.yaml": text }, "main.yaml", env), {
    ...{ n: 7, quoted: "7", word: true, mixed: "x7y", fallback: 4, empty: 5, plain: "a: b" },
    ...{ literal: "${N} $N", list: ["7", ""] },
  });
  t.strictSame(wrong({ "main.yaml": "a: 1\nb: ${NONE}\nc: ${A B}\nd: ${N-1}\n" }), [
    "main.yaml:2: NONE is not set in the environment: set it, or write ${NONE:-default}",
    "main.yaml:3: ${A B}: expected ${NAME} or ${NAME:-default}; a dollar and a brace are written $${",
    "main.yaml:4: ${N-1}: expected ${NAME} or ${NAME:-default}; a dollar and a brace are written $${",
  ]);
  t.match(
    wrong({ "main.yaml": "a: 1\nb: ${A:-${B:-3}}\n" }),
    [/:2: \$\{A:-\$\{B:-3\}: expected/],
    "one in another",
  );
  t.match(wrong({ "main.yaml": "a: ${toString}\n" }), [/toString is not set/]);
  t.end();
});

t.test("errors name the file and the line that a value comes from", async (t) => {
  const made = expandedFrom({
    "main.yaml": "extends: base.yaml\nname: x\nseed: many\n",
    "base.yaml":
      "application:\n  use: study\n  target: { use: label-difference, data: ring, pd: [1] }\n\n  m: none\n",
  });
  const error = await loadScenario(made.text, { ...made, plugins: [parts] }).catch(
    (thrown: unknown) => thrown,
  );
  t.strictSame((error as Error).message.split("\n").sort(), [
    'base.yaml:5: application.m: expected a whole number, got "none"',
    'main.yaml:3: seed: expected a whole number, got "many"',
  ]);
  t.match((error as InputError).problems, [
    { file: "main.yaml", line: 3 },
    { file: "base.yaml", line: 5 },
  ]);
});

t.test("a document that nobody expanded may neither extend nor read the environment", async (t) => {
  const origin = { base: at("x.yaml"), file: "x.yaml", plugins: [parts] };
  const target = "application: { use: study, target: { use: label-difference, data: ring, pd: [1] } }\n";
  await t.rejects(loadScenario(`name: x\nextends: /etc/passwd\n${target}`, origin), {
    message: "x.yaml:2: extends: only a file that a command reads can extend another one",
  });
  const { scenario } = await loadScenario(
    `name: x\ndescription: \${HOME}\nx-any: { a: 1 }\n${target}`,
    origin,
  );
  t.equal(scenario.description, "${HOME}");
});

t.test("decodeText() takes UTF-8 alone, and says what else it may be", (t) => {
  const said = (bytes: Uint8Array): string => {
    try {
      return decodeText(bytes, "x.yaml");
    } catch (error) {
      return (error as Error).message;
    }
  };
  const text = "name: ü\n";
  t.equal(said(Buffer.from(text)), text);
  t.equal(said(Buffer.from(`\ufeff${text}`)), text, "a mark is no letter");
  t.equal(said(new Uint8Array()), "");
  const wide = Buffer.from(text.repeat(3), "utf16le");
  t.match(
    said(Buffer.concat([Buffer.from([0xff, 0xfe]), wide])),
    /^x\.yaml: it seems to be UTF-16 \(little endian\), not UTF-8\. Save/,
  );
  t.match(said(wide), /UTF-16 \(little endian\)/);
  t.match(said(Buffer.from(wide).swap16()), /UTF-16 \(big endian\)/);
  t.match(
    said(Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(wide).swap16()])),
    /UTF-16 \(big endian\)/,
  );
  t.match(said(Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])), /UTF-32 \(little endian\)/);
  t.match(
    said(Buffer.from(`a: 1\n${text}`, "latin1")),
    /^x\.yaml:2: not valid UTF-8 \(byte 0xfc\): it seems to be Latin-1/,
  );
  t.match(said(Buffer.from([0x61, 0x93, 0x62, 0x94])), /Windows-1252/);
  t.match(said(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2])), /no text/);
  t.match(said(Buffer.from([0x61, 0xc3])), /not valid UTF-8/, "a letter that is cut");
  t.end();
});

t.test("one tab is one error, and so is any first mistake", (t) => {
  const errors = (text: string): string[] => {
    try {
      readSource(text, "x.yaml");
    } catch (error) {
      return (error as Error).message.split("\n");
    }
    return [];
  };
  const tail = "  steps: 5\n  m: 3\nexpect:\n  a: {atLeast: 3}\n";
  const tab = "not valid YAML: Tabs are not allowed as indentation: use spaces";
  t.strictSame(errors(`a: 1\nb:\n  use: generate\n\ttarget: x\n${tail}`), [`x.yaml:4: ${tab}`]);
  t.strictSame(errors("a:\n\tb: 1\n\tc: 2\n"), [`x.yaml:2: ${tab}`, `x.yaml:3: ${tab}`]);
  t.strictSame(errors("a:\n  - b\n\t- c\n"), [`x.yaml:3: ${tab}`]);
  t.strictSame(errors("a: 1\nb:\n  \tuse: moons\n"), [`x.yaml:3: ${tab}`], "a tab behind spaces");
  t.strictSame(
    errors("a:\n  use: b\n  c:\n  \tuse: d\n"),
    [`x.yaml:4: ${tab}`],
    "which seems to give a name twice",
  );
  t.strictSame(
    errors("a: 1\na: 2\nb:\n\tc: 1\n"),
    [`x.yaml:4: ${tab}`, "x.yaml:2: not valid YAML: a stands here a second time; keep one"],
    "and what is another fault",
  );
  t.strictSame(errors("a: 1\t# fine\nb:\t2\nc: |\n  x\n  \ty\n"), []);
  t.equal(errors("a: 1\n b: 2\n  c: 3\n").length, 1);
  t.equal(errors("a: [1, 2\nb: 3\nc: 4\n").length, 1);
  t.end();
});
