/**
 * A run told in plain lines, for logs: few of them, none rewritten.
 *
 * @module
 */
import type { EventBody, RunEvent } from "../../core/run/event.ts";
import { newPace, SECONDS } from "../events/pace.ts";
import { size } from "../report/format.ts";
import type { Display } from "./display.ts";
import { guess, place, rate, values } from "./words.ts";

/** A line of progress comes with each tenth of a stage, but not sooner after the last than this. */
const SHORTEST_SECONDS = 3;
/** However slow a stage is, its progress is told about so often. */
const LONGEST_SECONDS = 60;

/** Shows a run in plain lines. */
export function plainDisplay(
  write: (text: string) => void,
  now: () => number = () => performance.now() / 1000,
): Display {
  let stage = tell("", 0);

  /** Progress of a stage, told in few lines. */
  function tell(
    name: string,
    steps: number,
  ): { readonly name: string; readonly steps: number; at(event: EventBody<"progress">): void } {
    const pace = newPace(SECONDS);
    pace.reach(0, now());
    let told = { step: 0, at: now() };
    return {
      name,
      steps,
      at({ step, values: numbers }) {
        pace.reach(step, now());
        const left = pace.left(steps);
        const since = now() - told.at;
        const moved = (step - told.step) / steps;
        const last = step === steps;
        const due = (moved >= 0.1 && since >= SHORTEST_SECONDS) || since >= LONGEST_SECONDS;
        if (!due && !last) return;
        told = { step, at: now() };
        const parts = [
          `  ${name} ${Math.floor((100 * step) / steps)} %`,
          `${step}/${steps}`,
          rate(pace.rate()),
          last || left === undefined ? "" : `${guess(left)} left`,
          values(numbers),
        ];
        write(`${parts.filter((part) => part !== "").join("  ")}\n`);
      },
    };
  }

  return {
    show(event) {
      if (event.type === "stage") {
        stage = tell(event.stage, event.steps ?? 0);
        write(`${line(event)}\n`);
      } else if (event.type === "progress") {
        // a stage that began without saying how long it is says so with its first progress
        if (stage.name !== event.stage || stage.steps !== event.steps) stage = tell(event.stage, event.steps);
        stage.at(event);
      } else {
        const text = line(event);
        if (text !== undefined) write(`${text}\n`);
      }
    },
    end: () => {},
  };
}

/** An event as a line; none for what the summary tells. */
export function line(event: RunEvent): string | undefined {
  switch (event.type) {
    case "started": {
      const { name, version, device, reason } = event.engine;
      const engine = `${[name, version].filter((part) => part !== "").join(" ")}${device === "" ? "" : `, ${device}`}`;
      return [
        `${event.scenario}  seed ${event.seed}  ${place(event.location)}`,
        `  engine ${engine} (${reason})`,
      ].join("\n");
    }
    case "stage":
      return `  ${event.stage}${event.steps === undefined ? "" : ` (${event.steps} steps)`}`;
    case "artifact":
      return `  ${event.path}  ${event.title} (${size(event.bytes)})`;
    case "warning":
      return `  warning: ${event.message}`;
    case "sentinel":
      return event.action === "warn" ? `  warning: ${event.message}` : undefined; // else it is why the run ends
    case "resumed":
      return [
        `  resumed from ${event.from ?? "the beginning: there was no checkpoint yet"}`,
        ...event.notes.map((note) => `  warning: ${note}`),
      ].join("\n");
    default:
      return undefined;
  }
}
