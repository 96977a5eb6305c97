/** A browser for the tests of the page. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const places = [
  process.env.DSGAN_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const executablePath = places.find((path) => path !== undefined && existsSync(path));
/** Why there is none; false where there is one. */
export const skip =
  executablePath === undefined && "no Chromium here (apt-get install chromium, or DSGAN_CHROMIUM=<its path>)";

/** Starts it. */
export async function launch(): Promise<Browser> {
  return await chromium.launch({
    executablePath: executablePath!,
    args: [
      ..."--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking".split(
        " ",
      ),
      ..."--disable-component-update --disable-sync --disable-dev-shm-usage".split(" "),
    ],
  });
}

/** A browser with a page that notes what it should not do. */
export async function browse(
  browser: Browser,
  url: string,
  options = {},
): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    const isNetwork = /ERR_|Failed to load resource/.test(message.text()); // told of while the server is away
    if (message.type() === "error" && !isNetwork) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin && !request.url().startsWith("data:"))
      faults.push(`asked ${request.url()}`);
  });
  page.setDefaultTimeout(20_000);
  await page.goto(url);
  return { page, faults };
}

/** Waits until something has come. @throws Error after 20 s */
export const until = async (what: () => Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 200; i++) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it did not come to that within 20 s");
};
