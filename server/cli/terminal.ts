/**
 * A run shown on a terminal: a progress bar for each stage, with rate, time left and the last losses.
 *
 * @module
 */
import { clearLine, cursorTo } from "node:readline";
import { SingleBar } from "cli-progress";
import type { Display } from "./display.ts";
import { type Pace, watchPace } from "./pace.ts";
import { line } from "./plain.ts";
import { guess, rate, values } from "./words.ts";

/** A stage whose bar is on the screen. */
interface Stage {
  readonly name: string;
  readonly bar: SingleBar;
  readonly pace: (step: number) => Pace;
}

/** Shows a run on a terminal. */
export function terminalDisplay(terminal: NodeJS.WriteStream): Display {
  let stage: Stage | undefined;

  const begin = (name: string, steps: number): Stage => {
    stop();
    const bar = new SingleBar({
      format: `  {stage} {bar} {value}/{total}  {pace}`,
      stream: terminal,
      barsize: 16,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      hideCursor: false, // a run that is killed could not bring it back,
      linewrap: true, // nor this
      fps: 10,
      gracefulExit: false, // signals are ours
    });
    bar.start(steps, 0, { stage: name, pace: "" });
    return { name, bar, pace: watchPace(steps) };
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
        stage.bar.update(event.step, { pace: paceInWords(stage.pace(event.step), event.values) });
        if (event.step >= event.steps) stop();
      } else {
        const text = line(event);
        if (text !== undefined) print(text);
      }
    },
    end: stop,
  };
}

function paceInWords(
  { rate: speed, left }: Pace,
  numbers: Readonly<Record<string, number>> | undefined,
): string {
  const parts = [rate(speed), left === undefined ? "" : `${guess(left)} left`, values(numbers)];
  return parts.filter((part) => part !== "").join("  ");
}
