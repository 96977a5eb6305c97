/** All cases, in the order in which they are run. @module */
import type { BenchCase } from "../workload.ts";
import { attackCases } from "./attacks.ts";
import { trainedAttackCases } from "./attacks-trained.ts";
import { cifarGan } from "./cifar-gan.ts";
import { cifarClassifier, enginesConv } from "./classifier.ts";
import { mnistSsl } from "./mnist-ssl.ts";
import { peak } from "./peak.ts";
import { toyWganGp } from "./toy-wgan-gp.ts";

const enginesToy: BenchCase = {
  ...toyWganGp,
  name: "engines-toy",
  summary: "engines against each other: toy-wgan-gp, batch 64",
  batch: 64,
  engines: "all",
  peers: [],
};

export const cases: readonly BenchCase[] = [
  peak,
  toyWganGp,
  mnistSsl,
  cifarClassifier,
  cifarGan,
  ...attackCases,
  ...trainedAttackCases,
  enginesToy,
  enginesConv,
];
