// A real headless browser for stories, screens and benches: Debian's Chromium when it is installed, else the one that the package
// @sparticuz/chromium carries. Null where neither can start, so that a test can be skipped with that word.
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const launch = async (): Promise<Browser> => {
  const path = installed.find((one) => existsSync(one));
  if (path) return chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const { default: packaged } = await import("@sparticuz/chromium");
  packaged.setGraphicsMode = false;
  // Its own arguments ask for one process, in which a second person's cookies are lost.
  const args = packaged.args.filter((one) => !/^--(single-process|no-zygote)$/.test(one));
  return chromium.launch({ executablePath: await packaged.executablePath(), args: [...args, "--disable-dev-shm-usage"] });
};

let why = "";

/** Why there is no browser, in the browser's own words. */
export const noBrowser = (): string => why;

/** A busy machine is not a failure: what never comes is still told from what comes late. */
const patienceMs = 75_000;

/** Starts a browser; null when none can start here. */
export const openBrowser = async (): Promise<Browser | null> => {
  try {
    const browser = await launch();
    const open = browser.newContext.bind(browser);
    browser.newContext = async (options) => {
      const context = await open(options);
      context.setDefaultTimeout(patienceMs);
      return context;
    };
    return browser;
  } catch (error) {
    why = error instanceof Error ? error.message.split("\n").slice(0, 4).join(" ") : String(error);
    return null;
  }
};

/** Everything a page complained about or asked of another machine; filled as it happens. */
export const watchPage = (page: Page, ownUrl: string): { complaints: string[]; foreign: string[] } => {
  const seen = { complaints: [] as string[], foreign: [] as string[] };
  page.on("console", (message) => void (message.type() === "error" && seen.complaints.push(message.text())));
  page.on("pageerror", (error) => void seen.complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (/^(https?|wss?):/.test(url) && new URL(url).host !== new URL(ownUrl).host) seen.foreign.push(url);
  });
  return seen;
};
