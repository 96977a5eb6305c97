/**
 * Where an error was thrown: the line of the plugin, for whoever wrote it.
 *
 * @module
 */
import { InputError, messageOf, RunError } from "./errors.ts";
import { locate } from "./place.ts";

/** The folder of the core. Bundles are in none, and some hosts do not say where a module is. */
const CORE = URL.parse("../", import.meta.url)?.href;
/** The folders of plugins that were loaded. */
const pluginFolders = new Set<string>();

/** Has {@link thrownAt} prefer the lines of a plugin's module and of those beside and below it. */
export function rememberPlugin(url: string): void {
  pluginFolders.add(url.slice(0, url.lastIndexOf("/") + 1));
}

/** A line of a module, as a path where it is a file. */
interface Frame {
  readonly url: string;
  /** `:line`, or `:line:column`. */
  readonly position: string;
}

/**
 * The place of a plugin's code that threw an error, or called what threw it: `/home/me/my-plugin.ts:12:7`.
 * @returns undefined where the stack does not tell
 */
export function thrownAt(error: unknown): string | undefined {
  const stack =
    typeof error === "object" && error !== null ? (error as { stack?: unknown }).stack : undefined;
  if (typeof stack !== "string") return undefined;
  const frames = framesOf(stack);
  const frame =
    frames.find(({ url }) => [...pluginFolders].some((folder) => url.startsWith(folder))) ??
    frames.find(
      ({ url }) => !(CORE !== undefined && url.startsWith(CORE)) && !url.includes("/node_modules/"),
    );
  return frame && `${pathOf(frame.url)}${frame.position}`;
}

/**
 * The message of an error, with the place that threw it unless it was worded for users: those are InputErrors and
 * RunErrors.
 */
export function locatedMessage(error: unknown): string {
  const message = messageOf(error);
  const place = error instanceof InputError || error instanceof RunError ? undefined : thrownAt(error);
  return place === undefined ? message : `${message} (at ${place})`;
}

/** Lines of a stack that V8 made; a syntax error begins with the place alone. */
function framesOf(stack: string): Frame[] {
  const frames: Frame[] = [];
  for (const line of stack.split("\n")) {
    const found = /(?:^|[\s(])((?:file|https?):\/\/\S+?|\/.+?)(:\d+(?::\d+)?)\)?$/.exec(line);
    if (found === null) continue;
    const [, place, position] = found;
    frames.push({
      url: locate(place!, new URL("file:///")).href,
      position: position!,
    });
  }
  return frames;
}

function pathOf(url: string): string {
  return url.startsWith("file://") ? decodeURIComponent(new URL(url).pathname) : url;
}
