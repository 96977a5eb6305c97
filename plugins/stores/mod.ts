/**
 * Stores of runs: the package's `dsgan/stores`.
 *
 * @module
 */
export { type FolderOptions, folderStore } from "./folder/folder.ts";
export { memoryStore } from "./memory/memory.ts";
