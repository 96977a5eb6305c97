import { encode } from "fast-png";
import t from "tap";
import { type EventBody, type Painter, RUN_FILES, type RunReader, type RunResult } from "../../core/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { html, render } from "../../server/report/html.ts";
import { report } from "../../server/report/report.ts";

const png = encode({ width: 3, height: 2, data: new Uint8Array(6), channels: 1 });

/** A run whose every string is made by `word`, kept up to where it is said to end. */
async function keep(
  word: (plain: string) => string,
  end: "ended" | "failed" | "cancelled" | "cut" | "nothing" = "ended",
): Promise<RunReader> {
  const writer = await memoryStoreShared.create("demo");
  const opened = await memoryStoreShared.open(writer.id);
  const reader = { ...opened, id: word(opened.id) }; // no store of ours takes such an id; another might
  if (end === "nothing") return reader;
  let seq = 0;
  const append = (body: EventBody, seconds: number): Promise<void> =>
    writer.append({
      seq: ++seq,
      time: new Date(Date.UTC(2026, 10, 22) + seconds * 1000).toISOString(),
      ...body,
    });
  const engine = {
    name: word("wasm"),
    version: word("4.22"),
    device: word("2 threads"),
    reason: word("fastest"),
  };

  const scenario = {
    name: "demo",
    description: word("Learns rings."),
    application: { target: { alpha: 0.8 } },
  };
  await writer.write(RUN_FILES.scenario, JSON.stringify(scenario));
  await writer.write(
    RUN_FILES.environment,
    JSON.stringify({ [word("node")]: word("24.1"), machine: { cpus: 2 } }),
  );
  await append(
    {
      type: "started",
      run: writer.id,
      scenario: word("demo"),
      application: word("generate"),
      seed: 7,
      engine,
      location: `runs/${word("demo")}`,
    },
    0,
  );
  await append({ type: "stage", stage: word("train"), steps: 400 }, 0);
  for (const step of [100, 200, 300]) {
    await append(
      { type: "progress", stage: word("train"), step, steps: 400, values: { [word("criticLoss")]: -step } },
      step / 10,
    );
  }
  await append({ type: "warning", message: word("Mind the gap.") }, 30);
  if (end === "cut") return reader;

  const status = end === "ended" ? "missed" : end;
  const error =
    end === "failed" ? { kind: "run" as const, message: word("the loss is NaN at step 301") } : undefined;
  const metrics = end === "ended" ? { [word("coverage")]: 0.123456789, steps: 400 } : {};
  const expectations =
    end === "ended"
      ? [
          { metric: word("coverage"), expected: word("at least 0.9"), value: 0.123456789, met: false },
          { metric: "steps", expected: "at most 400", value: 400, met: true },
          { metric: "absent", expected: "at most 1 (no such metric)", met: false },
        ]
      : [];
  if (end === "ended") {
    await append({ type: "stage", stage: word("judge") }, 40);
    for (const [path, data] of [
      ["samples.png", png],
      ["samples.npy", new Uint8Array(2500)],
    ] as const) {
      const kept = `artifacts/${word("a").replaceAll("/", "")}${path}`;
      if (!kept.includes("\\")) await writer.write(kept, data);
      await append(
        { type: "artifact", path: kept, title: word(`All ${path}`), bytes: data.length, sha256: "" },
        41,
      );
    }
    await append({ type: "metrics", values: metrics }, 50);
  }
  const result: RunResult = {
    run: writer.id,
    scenario: "demo",
    status,
    metrics,
    expectations,
    seconds: 65.4,
    ...(error && { error }),
  };
  await writer.write(RUN_FILES.result, JSON.stringify(result));
  await append({ type: "ended", status, seconds: 65.4 }, 65);
  return reader;
}
const memoryStoreShared = memoryStore();
const plain = (word: string): string => word;

/** Draws nothing, and remembers what it was asked for. */
function idlePainter() {
  const calls: unknown[][] = [];
  const lines: Painter["lines"] = async (...args) => {
    calls.push(args);
    return png;
  };
  const never = async (): Promise<never> => t.bailout("only lines are to be drawn") as never;
  return {
    calls,
    painter: {
      name: "idle",
      lines,
      scatter: never,
      histogram: never,
      sheet: never,
      panels: never,
    } satisfies Painter,
  };
}

/** The text of a page as one reads it: without tags, white space as single blanks. */
const textOf = (page: string): string =>
  page
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");

t.test("report() shows how a run was made, and its results", async (t) => {
  const page = await report(await keep(plain));
  const text = textOf(page);
  for (const shown of [
    "demo missed",
    "Learns rings.",
    "Application generate",
    "Seed 7",
    "Took 1 min 5 s",
    "Engine wasm 4.22: 2 threads fastest",
    "Started 2026-11-22 00:00 UTC",
    "✗ missed coverage 0.12346 at least 0.9",
    "✓ met steps 400 at most 400",
    "✗ missed absent — at most 1 (no such metric)",
    "Mind the gap.",
    "pd the density to avoid",
    "pdBar the density to cover",
    "pg what the generator draws",
    "α 0.8 in this run",
    "train 300 of 400 40.0 s",
    "judge 25.0 s",
    "artifacts/asamples.npy All samples.npy 2.5 kB",
    "npm run -s dsgan -- run runs/demo/scenario.yaml",
    "node 24.1",
    "machine.cpus 2",
  ]) {
    t.ok(text.includes(shown), shown);
  }
  t.match(page, /<span class="badge missed">/);
  t.match(page, /<tr class="unmet">\s*<td>✗ missed/);
  t.match(page, /<tr class="met">\s*<td>✓ met/);
  t.ok(page.includes('title="0.123456789"'), "all digits are there");
  t.ok(page.startsWith("<!doctype html>"));
});

t.test("report() shows what a run says in words, and takes none of it for HTML", async (t) => {
  const writer = await memoryStoreShared.create("told");
  const text =
    "# Found\n\nSeen <b>twice</b>,\nand once.\n\n| who | how many |\n| --- | --- |\n| ours | 3 |\n\n- one\n- two | three\n";
  await writer.write("artifacts/summary.md", new TextEncoder().encode(text));
  for (const [i, path] of ["artifacts/summary.md", "artifacts/lost.md"].entries()) {
    const event = { type: "artifact", path, title: "Words", bytes: 1, sha256: "" } as const;
    await writer.append({ seq: i + 1, time: new Date(0).toISOString(), ...event });
  }
  const page = await report(await memoryStoreShared.open(writer.id));
  t.match(page, "<h2>In words</h2>");
  t.match(page, "<h3>Found</h3>");
  t.match(page, "<p>Seen &lt;b&gt;twice&lt;/b&gt;,\nand once.</p>");
  t.match(page, /<th scope="col">how many<\/th>/);
  t.match(page, /<th scope="row">ours<\/th><td>3<\/td>/);
  t.match(page, "<ul><li>one</li><li>two | three</li></ul>");
  t.match(textOf(page), "Words: artifacts/lost.md is no longer there.");
  t.notOk((await report(await keep(plain))).includes("In words"), "no words, no section");
});

t.test("report() is self-contained", async (t) => {
  const page = await report(await keep(plain));
  t.ok(
    page.includes(`src="data:image/png;base64,${Buffer.from(png).toString("base64")}"`),
    "pictures are within",
  );
  t.match(page, /width="3" height="2"/);
  t.notMatch(page, /<(script|link|iframe|object)\b/);
  t.notMatch(page, /(src|href|url\()\s*=?\s*["']?(https?:)?\/\//);
  t.match(
    page,
    /Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/,
  );
  t.match(page, /name="viewport" content="width=device-width/);
  t.match(page, /prefers-color-scheme: dark/);
});

t.test("report() escapes everything that it did not write itself", async (t) => {
  const hostile = (word: string): string =>
    `${word}"'></pre><script>alert(1)</script><img src=x onerror="x">&lt;`;
  const skeleton = (page: string): string[] =>
    (page.match(/<[^>]+>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""'));
  for (const end of ["ended", "failed"] as const) {
    const { painter } = idlePainter();
    const page = await report(await keep(hostile, end), { painter, command: hostile("run") });
    const benign = await report(await keep(plain, end), { painter, command: "run" });
    t.strictSame(
      skeleton(page),
      skeleton(benign),
      `${end}: the same elements and attributes, whatever the words`,
    );
    t.notMatch(page, "<script");
    t.match(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
    t.match(page, "&amp;lt;", "an entity is shown as it was written");
  }
});

t.test("report() of a run that did not finish says so and shows what was kept", async (t) => {
  for (const [end, words] of [
    ["failed", "The run broke. What it kept until then is below. the loss is NaN at step 301"],
    ["cancelled", "The run was stopped from outside."],
    ["cut", "The run still goes on, or was killed"],
  ] as const) {
    const { calls, painter } = idlePainter();
    const page = await report(await keep(plain, end), { painter });
    const text = textOf(page);
    t.ok(text.includes(`demo ${end === "cut" ? "unfinished" : end}`), end);
    t.ok(text.includes(words), words);
    t.ok(text.includes("Not judged: the run did not finish."));
    t.ok(text.includes("train 300 of 400"));
    t.strictSame(calls, [
      [
        "criticLoss",
        { x: "step", y: "criticLoss" },
        [{ name: "train", x: [100, 200, 300], y: [-100, -200, -300] }],
      ],
    ]);
    t.equal(page.split("data:image/png").length, 2, "with a picture of the losses");
    t.notMatch(
      await report(await keep(plain, end)),
      "data:image/png",
      "or without one, where there is no painter",
    );
  }
});

t.test("report() of a run that kept nothing is a page all the same", async (t) => {
  const reader = await keep(plain, "nothing");
  const text = textOf(await report(reader));
  t.ok(text.includes(`${reader.id} unfinished`));
  t.notMatch(text, /undefined|NaN|\[object/);
});

t.test("report() leaves out losses that a picture shows, and names pictures that are gone", async (t) => {
  const writer = await memoryStoreShared.create("pictures");
  const event = { time: "2026-11-22T00:00:00.000Z", type: "artifact", bytes: 1, sha256: "" } as const;
  await writer.append({ ...event, seq: 1, path: "artifacts/loss.png", title: "Losses" });
  await writer.append({ ...event, seq: 2, path: "artifacts/gone.png", title: "Samples" });
  await writer.append({ ...event, seq: 3, path: "artifacts/loss.png", title: "Losses, drawn again" });
  await writer.append({
    seq: 4,
    time: event.time,
    type: "progress",
    stage: "train",
    step: 1,
    steps: 1,
    values: { loss: 1 },
  });
  await writer.write("artifacts/loss.png", png);
  const { calls, painter } = idlePainter();
  const page = await report(await memoryStoreShared.open(writer.id), { painter });
  t.strictSame(calls, []);
  t.equal(page.split("data:image/png").length, 2, "a picture that was replaced is shown once");
  t.match(page, "<figcaption>Losses, drawn again</figcaption>");
  t.match(textOf(page), "Samples: artifacts/gone.png is no longer there.");
});

t.test("report() shows its result large, and what stands beside it small", async (t) => {
  const writer = await memoryStoreShared.create("sized");
  const event = { time: "2026-11-22T00:00:00.000Z", type: "artifact", bytes: 1, sha256: "" } as const;
  const paths = ["previews/step-1.png", "sheet.png", "curves.png", "accuracy.png"];
  for (const [i, path] of paths.entries()) {
    await writer.write(`artifacts/${path}`, png);
    await writer.append({ ...event, seq: i + 1, path: `artifacts/${path}`, title: path });
  }
  const page = await report(await memoryStoreShared.open(writer.id));
  const sections = [...page.matchAll(/<h2>([^<]*)<\/h2><div class="(pictures[^"]*)"/g)];
  t.strictSame(
    sections.map(([, title, size]) => [title, size]),
    [
      ["Result", "pictures"],
      ["Pictures", "pictures half"],
      ["On the way", "pictures small"],
    ],
  );
});

t.test("report() gives a command that a shell takes as it stands", async (t) => {
  const page = await report(await keep((word) => (word === "demo" ? "it's $here" : word)));
  t.match(page, "dsgan -- run &#39;runs/it&#39;\\&#39;&#39;s $here/scenario.yaml&#39;");
  t.match(
    await report(await keep(plain), { command: "dsgan run x.yaml --seed 3" }),
    ">dsgan run x.yaml --seed 3<",
  );
});

t.test("html escapes text and lets only its own pieces through", (t) => {
  const text = `<a href="x">'&'</a>`;
  const escaped = "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;";
  t.equal(render(html`<p title="${text}">${text}</p>`), `<p title="${escaped}">${escaped}</p>`);
  t.equal(
    render(html`<p>${html`<b>${"<"}</b>`}${["a&", 1, undefined, false]}</p>`),
    "<p><b>&lt;</b>a&amp;1</p>",
  );
  t.end();
});
