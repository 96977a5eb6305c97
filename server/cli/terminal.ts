/**
 * A run shown on a terminal: a progress bar for each stage, with rate, time left and the last losses.
 *
 * @module
 */
import { clearLine, cursorTo } from "node:readline";
import { SingleBar } from "cli-progress";
import type { RunEvent } from "../../core/run/event.ts";
import { newPace, type Pace, SECONDS } from "../events/pace.ts";
import type { Display } from "./display.ts";
import { line } from "./plain.ts";
import { guess, rate, values } from "./words.ts";

/** A stage whose bar is on the screen. */
interface Stage {
  readonly name: string;
  readonly bar: SingleBar;
  /** What is told behind the bar. */
  readonly told: (progress: Progress) => string;
}

type Progress = RunEvent<"progress">;

/** Columns of a terminal that does not say how many it has. */
const COLUMNS = 80;
/** Characters of a bar, and how many it has where there are fewer than 100 columns. */
const BAR = { wide: 16, narrow: 10 };

/** Shows a run on a terminal. */
export function terminalDisplay(terminal: NodeJS.WriteStream): Display {
  let stage: Stage | undefined;

  const begin = (name: string, steps: number): Stage => {
    stop();
    const columns = terminal.columns || COLUMNS;
    const barsize = columns < 100 ? BAR.narrow : BAR.wide;
    const bar = new SingleBar({
      format: `  {stage} {bar} {value}/{total}  {pace}`,
      stream: terminal,
      barsize,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      hideCursor: false, // a run that is killed could not bring it back,
      linewrap: true, // nor this
      fps: 10,
      gracefulExit: false, // signals are ours
    });
    bar.start(steps, 0, { stage: name, pace: "" });
    const pace = newPace(SECONDS);
    const now = (): number => performance.now() / 1000;
    pace.reach(0, now());
    const told = (progress: Progress): string => {
      pace.reach(progress.step, now());
      const before = `  ${name}  ${progress.step}/${progress.steps}  `.length + barsize;
      return fitting(paceInWords(pace, progress), columns - 1 - before);
    };
    return { name, bar, told };
  };
  const stop = (): void => {
    stage?.bar.stop();
    stage = undefined;
  };
  const print = (text: string): void => {
    if (stage !== undefined) {
      cursorTo(terminal, 0);
      clearLine(terminal, 0);
    }
    terminal.write(`${text}\n`);
    stage?.bar.render();
  };

  return {
    show(event) {
      if (event.type === "stage") {
        stop();
        if (event.steps === undefined) print(line(event)!);
        else stage = begin(event.stage, event.steps);
      } else if (event.type === "progress") {
        if (stage?.name !== event.stage) stage = begin(event.stage, event.steps);
        stage.bar.update(event.step, { pace: stage.told(event) });
        if (event.step >= event.steps) stop();
      } else {
        const text = line(event);
        if (text !== undefined) print(text);
      }
    },
    end: stop,
  };
}

/** Rate, time left and the numbers of a step. A stage of a single step has no rate, a finished one no time left. */
function paceInWords(pace: Pace<number>, { step, steps, values: numbers }: Progress): string[] {
  const left = pace.left(steps);
  const parts = [
    steps === 1 ? "" : rate(pace.rate()),
    left === undefined || step >= steps ? "" : `${guess(left)} left`,
    ...Object.entries(numbers ?? {}).map(([name, value]) => values({ [name]: value })),
  ];
  return parts.filter((part) => part !== "");
}

/** As many of the parts as there is room for, none of them cut. */
function fitting(parts: readonly string[], room: number): string {
  return parts.reduce((text, part) => {
    const longer = text === "" ? part : `${text}  ${part}`;
    return longer.length <= room ? longer : text;
  }, "");
}
