/**
 * Measures of robustness that are no attacks: corruptions, certificates. A measure judges one classifier on the images of
 * an evaluation. The evaluation opens classifiers, keeps state, and writes what was found: metrics, tables, pictures.
 *
 * @module
 */
import { type ApplicationEvent, type Classifier, contract, type Key, type RunState } from "../../core/mod.ts";
import type { Images } from "./evaluate-robustness/images.ts";

/** What is to be measured. */
export interface Examined {
  readonly classifier: Classifier;
  /** Images within the classifier's bounds, and their labels: `batchesOf` and `imagesAt` make tensors of them. */
  readonly images: Images;
  /** Images put to the classifier together, at most. */
  readonly batch: number;
  /** Root of the measure's randomness: the same for every classifier, so that all are measured on the same draws. */
  readonly key: Key;
  /** The measure's own part of the run's state: one that takes long keeps its progress there, and settles. */
  readonly state: RunState;
  /** Name of the stage in which it runs, for its progress events. */
  readonly stage: string;
}

/** Accuracy against how much is done to the images. */
export type FoundCurve = {
  readonly name: string;
  /** What `epsilon` of the points is. */
  readonly axis: string;
  /** Accuracy, and where it lies with 95 % confidence: `shareOf` tells. */
  readonly points: readonly {
    readonly epsilon: number;
    readonly value: number;
    readonly low: number;
    readonly high: number;
  }[];
};

/** What a measure found of a classifier; it is kept with the run, so numbers are finite. */
export type Finding = {
  /** Each becomes `<classifier>.<measure>.<name>`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Rows of `<measure>.csv`, and panels of `<measure>.png`. */
  readonly curves?: readonly FoundCurve[];
  /** A table of single images, `<measure>-images.csv`: which of the images, and columns of a number for each of these. */
  readonly each?: {
    readonly images: readonly number[];
    readonly columns: Readonly<Record<string, readonly number[]>>;
  };
  readonly warnings?: readonly string[];
};

/** A way to judge a classifier. */
export interface RobustnessMeasure {
  /** Its name is that of files: letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** Called before any work. @throws InputError where it cannot judge this classifier */
  check?(classifier: Classifier): void;
  /**
   * Judges a classifier, which stays its owner's.
   * @yields its progress
   */
  measure(examined: Examined): AsyncGenerator<ApplicationEvent, Finding>;
}

/** The contract under which measures of robustness are registered. */
export const RobustnessMeasures = contract<RobustnessMeasure>(
  "robustness-measure",
  "Judges a classifier's robustness without an attack",
);
