/**
 * `dsgan worker`: takes jobs from a queue and makes their runs, until it is told to stop.
 *
 * @module
 */
import {
  type AttemptEnd,
  InputError,
  type JobHandler,
  type JobWorker,
  messageOf,
  withoutSecrets,
} from "../../core/mod.ts";
import { limitThreads } from "../trainer/threads.ts";
import { makeRun } from "../worker/make-run.ts";
import { traitsOf } from "../worker/traits.ts";
import { codeOfError, EXIT, worst } from "./exit.ts";
import type { Host } from "./host.ts";
import { type Interrupt, interruptible } from "./interrupt.ts";
import { print } from "./output.ts";
import { openQueue, type QueueOptions } from "./queue.ts";
import { placeOf, storeOf } from "./runs.ts";
import { count } from "./words.ts";

/** Options of `dsgan worker`. */
export interface WorkerOptions extends QueueOptions {
  /** Jobs at once. */
  readonly slots: number;
  /** Threads that each run may use. */
  readonly threads: number;
  /** Takes one job a slot, and exits when they are over. */
  readonly once?: boolean;
  /** Exits after so many seconds without a job. */
  readonly idleExit?: number;
  readonly json?: boolean;
}

/** Works until it is told to stop. @returns the exit code */
export async function workerCommand(options: WorkerOptions, host: Host): Promise<number> {
  const { runs, jobs, slots, threads } = options;
  const location = jobs || runs;
  limitThreads(threads);
  const queue = await openQueue(location, options, host);
  const interrupt = interruptible();
  const say = tellerOf(options);
  try {
    const store = await storeOf(options, host);
    await store.list(); // a worker that cannot read its store would fail every job that it takes
    const traits = await traitsOf(threads);
    const shift = shiftOf(options);
    const kill = new AbortController();
    interrupt.atOnce = () => kill.abort();
    const handle: JobHandler = async (job, signal) => {
      shift.began();
      let run = "resume" in job.task ? job.task.resume : job.task.run;
      say.takes(job.id, job.attempt);
      const about = {
        job: job.id,
        ...(job.group !== undefined && { group: job.group }),
        attempt: job.attempt,
      };
      try {
        const begun = (id: string): void => {
          run = id;
        };
        const end = await makeRun(job, signal, {
          ...{ ...placeOf(options), store, about, begun },
          atOnce: kill.signal,
        });
        if (signal.aborted && end.kind !== "ended") say.leaves(job.id, messageOf(signal.reason));
        else shift.ended(say.ends(job.id, end));
        return end;
      } catch (error) {
        if (signal.aborted) say.leaves(job.id, messageOf(signal.reason));
        else {
          const kind = error instanceof InputError && !error.mayPass ? "failed" : "lost";
          say.ends(job.id, { kind, message: messageOf(error), ...(run !== undefined && { run }) });
          shift.ended(codeOfError(error));
        }
        throw error;
      } finally {
        shift.left();
      }
    };
    const worker = await queue.work(slots, handle, { traits, trouble: say.trouble });
    say.works(worker, location, traits);
    await Promise.race([told(interrupt), shift.over]);
    if (interrupt.code === undefined) await worker.drain();
    else await worker.stop("its worker was told to stop");
    say.stops(worker);
    return interrupt.code ?? shift.code();
  } finally {
    await queue.close();
    interrupt.release();
  }
}

/** Resolves once somebody has told the process to stop. */
async function told({ signal }: Interrupt): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

/** How long a worker works, and what its jobs have come to. */
interface Shift {
  began(): void;
  left(): void;
  ended(code: number): void;
  /** Resolves when no further job is to be taken. */
  readonly over: Promise<void>;
  code(): number;
}

function shiftOf({ slots, once = false, idleExit }: WorkerOptions): Shift {
  const over = Promise.withResolvers<void>();
  const codes: number[] = [];
  let taken = 0;
  let under = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rest = (): void => {
    if (idleExit !== undefined) timer = setTimeout(over.resolve, idleExit * 1000);
  };
  rest();
  return {
    over: over.promise,
    began() {
      clearTimeout(timer);
      under++;
      if (once && ++taken >= slots) over.resolve();
    },
    left() {
      if (--under === 0) rest();
    },
    ended: (code) => void codes.push(code),
    code: () => worst(codes),
  };
}

/** What a worker tells of itself: a line each time a job begins or ends. */
function tellerOf({ json = false }: WorkerOptions) {
  const write = (told: Readonly<Record<string, unknown>>, line: string): void => {
    print(json ? `${JSON.stringify({ time: new Date().toISOString(), ...told })}\n` : `${line}\n`);
  };
  return {
    works({ id }: JobWorker, location: string, traits: Awaited<ReturnType<typeof traitsOf>>): void {
      const place = withoutSecrets(location);
      const { engine, processor, threads } = traits;
      write(
        { type: "worker", worker: id, place, ...traits },
        `worker ${id} takes jobs from ${place}: ${engine}, ${count(threads, "thread")} a run, ${processor}`,
      );
    },
    takes: (job: string, attempt: number): void =>
      write({ type: "taken", job, attempt }, `${job} begins${attempt > 1 ? `, attempt ${attempt}` : ""}`),
    /** @returns the exit code that the end of a job stands for */
    ends(job: string, end: AttemptEnd): number {
      const told = end.kind === "ended" ? end.status : end.kind;
      const why = "message" in end ? `: ${end.message}` : "";
      const where = end.run === undefined || end.run === job ? "" : ` (run ${end.run})`;
      write({ type: "ended", job, end }, `${job} ${told}${where}${why}`);
      if (end.kind === "cancelled" || end.kind === "paused") return EXIT.met; // as somebody wished
      if (end.kind !== "ended") return EXIT.broke;
      return end.status === "passed" ? EXIT.met : EXIT.missed;
    },
    leaves: (job: string, why: string): void => write({ type: "left", job, why }, `${job} stops: ${why}`),
    trouble(message: string): void {
      if (json) write({ type: "trouble", message }, "");
      else process.stderr.write(`dsgan: the queue: ${message}; trying again\n`);
    },
    stops: ({ id }: JobWorker): void => write({ type: "stopped", worker: id }, `worker ${id} has stopped`),
  };
}
