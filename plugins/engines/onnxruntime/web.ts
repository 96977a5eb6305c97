import type { Runtime } from "./runtime.ts";
export async function loadWeb(): Promise<Runtime> {
  throw new Error("todo");
}
