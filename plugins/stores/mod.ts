/**
 * Stores of runs: the package's `dsgan/stores`.
 *
 * @module
 */
export { type FolderOptions, folderStore } from "./folder/folder.ts";
export { memoryStore } from "./memory/memory.ts";
export { type PostgresOptions, postgresStore } from "./postgres/postgres.ts";
export { type SpoolOptions, spooled } from "./spool/spool.ts";
