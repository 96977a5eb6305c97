/**
 * What the system says of a failed call, for people.
 *
 * @module
 */
import { messageOf } from "../../../core/mod.ts";

/** `EACCES` and the like; undefined for other errors. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** The system's reason without code and call: `permission denied` of `EACCES: permission denied, mkdir '…'`. */
export function reasonOf(error: unknown): string {
  if (codeOf(error) === "ENOENT") return "its parent folder does not exist";
  if (codeOf(error) === "ENOTDIR" || codeOf(error) === "EEXIST")
    return "there is a file where a folder is needed";
  return /^[A-Z0-9]+: ([^,]+)/.exec(messageOf(error))?.[1] ?? messageOf(error);
}
