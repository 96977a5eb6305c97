/**
 * Names that become those of files and folders: one rule for all, checked where they are given.
 *
 * @module
 */
import { z } from "zod";

/** Names that Windows keeps for devices, with whatever ending. */
const DEVICE =
  "(?:[cC][oO][nN]|[pP][rR][nN]|[aA][uU][xX]|[nN][uU][lL]|[cC][oO][mM]\\d|[lL][pP][tT]\\d)(?:\\.|$)";

/** Such a name is that of a file on every system, and part of a URL as it stands. */
const NAME = new RegExp(`^(?!${DEVICE})[A-Za-z\\d]([\\w.-]*[\\w-])?$`);

const RULE =
  'letters, digits, ".", "_" and "-", a letter or digit first, no "." last, and no name of a device';

/** Whether a text can be the name of a file on every system. */
export function isFileName(name: string, most = 64): boolean {
  return NAME.test(name) && name.length <= most;
}

/** The rule in words. */
export function fileNameRule(most = 64): string {
  return `${RULE} (${most} at most)`;
}

/** The schema of a name that becomes that of a file or a folder. */
export function fileName(most = 64): z.ZodString {
  return z
    .string()
    .max(most, `expected at most ${most} characters`)
    .regex(NAME, `expected ${fileNameRule(most)}`);
}
