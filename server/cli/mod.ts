/**
 * The command line, for programs that build a command of their own: `dsgan/cli`.
 *
 * @example
 * ```ts
 * // my-command.ts
 * import { type Host, program, report } from "dsgan/cli";
 *
 * // Called by the commands that need plugins, so that help stays quick.
 * async function host(): Promise<Host> {
 *   const { builtinPlugins } = await import("dsgan/plugins");
 *   return { plugins: builtinPlugins, report };
 * }
 *
 * process.exitCode = await program(["list", "scenarios"], host);
 * ```
 *
 * Runs compute in trainer processes. Those have the built-in plugins, and the plugins that the scenario names.
 *
 * @module
 */
export { type ReportOptions, report } from "../report/report.ts";
export { EXIT, guardExit } from "./exit.ts";
export type { Host } from "./host.ts";
export { program } from "./program.ts";
