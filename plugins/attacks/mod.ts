/**
 * Attacks on classifiers, and the parts that they are made of: the package's `dsgan/attacks`.
 *
 * @module
 */
export { type ApgdOptions, apgd } from "./apgd/apgd.ts";
export { type AutoAttackOptions, autoAttack } from "./auto-attack/auto-attack.ts";
export { type CarliniWagnerOptions, carliniWagner } from "./carlini-wagner/carlini-wagner.ts";
export { type DeepfoolOptions, deepfool } from "./deepfool/deepfool.ts";
export { type FabOptions, fab } from "./fab/fab.ts";
export { type FgsmOptions, fgsm } from "./fgsm/fgsm.ts";
export { type HopSkipJumpOptions, hopSkipJump } from "./hop-skip-jump/hop-skip-jump.ts";
export { type Ball, type BallNorm, ballOf, clip, type Within } from "./parts/ball.ts";
export { cascade } from "./parts/cascade.ts";
export { type Differences, differencesOf, pick } from "./parts/differences.ts";
export {
  type Climbed,
  drawsOf,
  type Expected,
  expectedSlope,
  meanOf,
  meanOver,
  mostly,
} from "./parts/expectation.ts";
export { toHyperplane } from "./parts/hyperplane.ts";
export { type Done, iterate, type Loop } from "./parts/iterate.ts";
export {
  type Aim,
  fooled,
  LOSSES,
  type Loss,
  type LossName,
  lossOf,
  margin,
  type Slope,
  slopeOf,
} from "./parts/losses.ts";
export { anyNormOption, lossOption, normOption, samplesOption } from "./parts/options.ts";
export { choose, flat, rowsOf, spread } from "./parts/rows.ts";
export { strongestBut, wrongClass } from "./parts/targets.ts";
export { type BimOptions, bim, type PgdOptions, pgd } from "./pgd/pgd.ts";
export { type SparsePgdOptions, sparsePgd } from "./sparse-pgd/sparse-pgd.ts";
export { type SquareOptions, square } from "./square/square.ts";
