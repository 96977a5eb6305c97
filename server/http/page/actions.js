/** What people do on the page: start, stop, resume and change runs, choose some, cancel a sweep. */
import { get, getText, post, runPath, sweepPath } from "./api.js";
import { overridesOf } from "./dialogs.js";
import { annotate, notesOf, removeRuns, tagsOf } from "./editing.js";
import { count } from "./format.js";
import { place, runLink, setQuery } from "./location.js";
import { nameOf } from "./table-model.js";

/** Milliseconds for which the page shows what became of an order. */
const SHOWN_FOR = 8000;

/** @typedef {import("./table-model.js").Row} Row */
/** @typedef {{ text: string, from: string, busy: boolean, error: string }} Starting */
/** @typedef {ReturnType<typeof actions>} Actions */

/**
 * @param {{
 *   table: import("./table-data.js").Table,
 *   shown: { runs: Map<string, import("./run-data.js").Run>, sweep: import("./sweep-data.js").Sweep | undefined },
 *   draw(): void
 * }} page
 */
export function actions({ table, shown, draw }) {
  const state = {
    canStart: false,
    /** @type {{ name: string, description: string }[]} */
    scenarios: [],
    /** @type {Starting | undefined} */
    starting: undefined,
    /** @type {import("./dialogs.js").Question | undefined} */
    question: undefined,
    tokenError: "",
    busy: "",
  };
  /** Files that were read, by run and name. @type {Map<string, string>} */
  const texts = new Map();
  let where = "";

  /** @param {string} text @param {boolean} [forGood] */
  const say = (text, forGood = false) => {
    state.busy = text;
    draw();
    if (text === "" || forGood) return;
    setTimeout(() => {
      if (state.busy !== text) return;
      state.busy = "";
      draw();
    }, SHOWN_FOR);
  };
  const messageOf = (/** @type {unknown} */ error) =>
    error instanceof Error ? error.message : String(error);

  const loadText = async (/** @type {string} */ id, /** @type {string} */ part) => {
    const key = `${id} ${part}`;
    const known = texts.get(key);
    if (known !== undefined) return known;
    try {
      const text = await getText(runPath(id, `/${part}`));
      texts.set(key, text);
      return text;
    } catch (error) {
      texts.set(key, messageOf(error));
      setTimeout(() => texts.delete(key), 2000);
      return "";
    } finally {
      draw();
    }
  };

  /** Tells what was refused of changes, and looks again. @param {Promise<string[]>} changes @param {string} done */
  const changed = async (changes, done) => {
    const refused = await changes;
    table.refresh();
    say(refused.length === 0 ? done : [...new Set(refused)].join("\n"), refused.length > 0);
  };

  /** @param {readonly string[]} runs @param {boolean} on */
  const choose = (runs, on) => {
    const chosen = new Set((place().query.get("with") ?? "").split(",").filter(Boolean));
    for (const run of runs) {
      if (on) chosen.add(run);
      else chosen.delete(run);
    }
    setQuery({ with: [...chosen].join(",") });
  };

  return {
    state,
    texts,
    choose,
    /** @param {string} view @param {string} id @param {URLSearchParams} query */
    arrived(view, id, query) {
      if (where !== `${view} ${id}`) state.busy = "";
      where = `${view} ${id}`;
      const tab = query.get("tab");
      if (view === "run" && (tab === "scenario" || tab === "environment")) void loadText(id, tab);
    },
    async loadScenarios() {
      try {
        const { scenarios, canStart } = await get("api/scenarios");
        Object.assign(state, { scenarios, canStart });
      } catch {
        return; // shown without
      }
      draw();
    },
    /** @param {string} token */
    async give(token) {
      try {
        await post("api/session", { token });
        state.tokenError = "";
        location.reload();
      } catch (error) {
        state.tokenError = messageOf(error);
      }
      draw();
    },
    /** @param {"cancel" | "resume"} order */
    async order(order) {
      const { id } = place();
      say(order === "cancel" ? "Stopping after a checkpoint…" : "Resuming…", true);
      try {
        const job = await post(runPath(id, `/${order}`));
        const waits = order === "resume" && job.state === "queued";
        say(waits ? `Waits for its turn, after ${job.ahead} others.` : "");
        shown.runs.get(id)?.refresh();
      } catch (error) {
        say(messageOf(error));
      }
      table.refresh();
    },
    async cancelSweep() {
      const { sweep } = shown;
      if (sweep === undefined) return;
      say("Its runs write checkpoints, then it stops…");
      try {
        await post(sweepPath(sweep.id, "/cancel"));
      } catch (error) {
        say(messageOf(error));
      }
    },
    openStart() {
      state.starting = { text: "", from: "", busy: false, error: "" };
      draw();
    },
    /** Begins with the scenario of a run. @param {string} id */
    async clone(id) {
      const text = await loadText(id, "scenario");
      state.starting = { text, from: id, busy: false, error: "" };
      draw();
    },
    closeStart() {
      state.starting = undefined;
      draw();
    },
    closeQuestion() {
      state.question = undefined;
      draw();
    },
    /** @param {import("./dialogs.js").Order} order */
    async start({ scenario, set }) {
      const { from = "" } = state.starting ?? {};
      const text = from === "" ? "" : scenario;
      state.starting = { text, from, busy: true, error: "" };
      draw();
      try {
        const job = await post("api/runs", { scenario, set: overridesOf(set) });
        state.starting = undefined;
        if (job.run !== undefined) location.hash = runLink(job.run, place().query);
        else say(`Waits for its turn, after ${job.ahead} others.`);
      } catch (error) {
        state.starting = { text, from, busy: false, error: messageOf(error) };
      }
      table.refresh();
      draw();
    },
    /** Asks for notes on a run. @param {Row} row */
    note(row) {
      const { name = "", note = "", tags = [] } = notesOf(row);
      state.question = {
        title: `Notes on ${row.run}`,
        fields: [
          { name: "name", label: "Name", value: name, hint: row.scenario },
          { name: "tags", label: "Tags, joined by commas", value: tags.join(", ") },
          { name: "note", label: "Note", value: note, rows: 5 },
        ],
        yes: "Keep",
        act: (values) => {
          const named = {
            name: values.name?.trim(),
            note: values.note?.trim(),
            tags: tagsOf(values.tags ?? ""),
          };
          const full = Object.fromEntries(
            Object.entries(named).filter(([, value]) => value && value.length > 0),
          );
          void changed(
            annotate([row], ({ archived }) => ({ ...full, ...(archived && { archived }) })),
            "Kept.",
          );
        },
      };
      draw();
    },
    /** Changes several runs. @param {"tag" | "archive" | "unarchive" | "remove"} what @param {Row[]} rows */
    edit(what, rows) {
      if (what === "archive" || what === "unarchive") {
        const archived = what === "archive";
        const done = `${count(rows.length, "run")} ${archived ? "put away" : "taken out again"}.`;
        void changed(
          annotate(rows, (notes) => ({ ...notes, archived })),
          done,
        );
        return choose(
          rows.map(({ run }) => run),
          false,
        );
      }
      state.question =
        what === "tag"
          ? {
              title: `Tag ${count(rows.length, "run")}`,
              fields: [{ name: "tags", label: "Tags to add, joined by commas" }],
              yes: "Tag",
              act: ({ tags = "" }) =>
                void changed(
                  annotate(rows, (notes) => ({
                    ...notes,
                    tags: [...new Set([...(notes.tags ?? []), ...tagsOf(tags)])],
                  })),
                  `${count(rows.length, "run")} tagged.`,
                ),
            }
          : {
              title: `Remove ${count(rows.length, "run")}?`,
              text: `${rows.slice(0, 5).map(nameOf).join(", ")}${rows.length > 5 ? " and others" : ""}, with all files. This cannot be undone.`,
              yes: "Remove",
              isDangerous: true,
              act: () => {
                choose(
                  rows.map(({ run }) => run),
                  false,
                );
                void changed(removeRuns(rows), `${count(rows.length, "run")} removed.`);
              },
            };
      draw();
    },
  };
}
