/**
 * Suites for every contract, for the tests of plugins: the package's `dsgan/testing`. Each checks what a contract asks
 * for and says what is wrong; none depends on a test runner.
 *
 * @module
 */
export * from "./application.ts";
export * from "./attack.ts";
export * from "./classifier.ts";
export * from "./context.ts";
export * from "./dataset.ts";
export * from "./download.ts";
export * from "./engine.ts";
export * from "./jobs.ts";
export { checkLeases, type LeasedStores } from "./leases.ts";
export * from "./measure.ts";
export * from "./mixer.ts";
export * from "./network.ts";
export * from "./objective.ts";
export * from "./optimizer.ts";
export * from "./options.ts";
export * from "./painter.ts";
export * from "./robustness-measure.ts";
export * from "./sampler.ts";
export * from "./scorer.ts";
export * from "./search.ts";
export * from "./ssl-method.ts";
export * from "./store.ts";
export * from "./target.ts";
export * from "./tester.ts";
