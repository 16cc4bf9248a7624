// The live notice: a page says when what it shows has changed, and a browser has one event stream however many pages it shows. The
// tests change what is served themselves.
import type { BrowserContext, Page } from "@playwright/test";
import { Folder } from "../fixtures/manifests.ts";
import { Perijove } from "../fixtures/perijove.ts";
import { awake, expect, open, signIn, test as base } from "../fixtures/test.ts";

const MORNING = "clusters/files/hubs/morning/morning";
const EVENING = "clusters/files/hubs/evening/evening";
const FAULT = "TLS-01";

interface Changing {
  /** The folder that is served: the hubs `morning` and `evening`, without the fault. */
  folder: Folder;
}

const test = base.extend<Changing>({
  folder: async ({}, use) => {
    const folder = new Folder();
    folder.hub("morning", "ClusterIP");
    folder.hub("evening", "ClusterIP");
    await use(folder);
    folder.remove();
  },

  server: async ({ folder }, use) => {
    const perijove = await Perijove.start("--manifests", folder.path);
    const pair = await perijove.signIn();
    await perijove.caughtUp(pair);
    const [name, value] = pair.split("=");
    await use({ address: perijove.address(), cookie: { name, value }, linksFile: perijove.linksFile });
    await perijove.stop();
  },
});

const notice = (page: Page) => page.getByText("Something on this page has changed.");

/** What the check of the fault says on a checklist. */
const verdict = (page: Page) => page.getByRole("row").filter({ hasText: FAULT }).getByRole("cell").first();

/** The pages that have asked for the event stream, in their order. */
function streamsOf(context: BrowserContext): Page[] {
  const streams: Page[] = [];
  context.on("request", (request) => {
    if (new URL(request.url()).pathname === "/api/events") streams.push(request.frame().page());
  });
  return streams;
}

/** Opens a page in a new tab. */
async function tab(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  await open(page, path);
  return page;
}

test("an open page says that something it shows has changed, and shows it when it is asked to", async ({ page, folder }) => {
  await open(page, MORNING);
  await expect(verdict(page)).toHaveText("unknown");
  await expect(notice(page)).toBeHidden();

  folder.hub("morning", "LoadBalancer");
  await expect(notice(page)).toBeVisible();
  await expect(verdict(page), "the page does not change under the reader").toHaveText("unknown");

  await page.getByRole("link", { name: "Show it" }).click();
  await expect(verdict(page)).toHaveText("warn");
  await awake(page);
  await expect(notice(page)).toBeHidden();
});

test("the access page comes to say first that everybody is an administrator", async ({ page, folder }) => {
  await open(page, "clusters/files/access");
  const headline = page.getByRole("heading", { level: 1 });
  await expect(headline).not.toContainText("without credentials");

  folder.openToEverybody();
  await expect(notice(page)).toBeVisible();
  await page.getByRole("link", { name: "Show it" }).click();
  await expect(headline).toHaveText("Whoever is let in to files without credentials administers the cluster.");
});

test("the notice can be put off by a button or by the escape key, until something else changes", async ({ page, folder }) => {
  await open(page, MORNING);
  folder.hub("morning", "LoadBalancer");
  await expect(notice(page)).toBeVisible();
  await page.getByRole("button", { name: "Later" }).focus();
  await page.keyboard.press("Enter");
  await expect(notice(page)).toBeHidden();
  await expect(page.locator("#main"), "the focus is not lost").toBeFocused();

  folder.hub("morning", "ClusterIP");
  await expect(notice(page)).toBeVisible();
  await page.getByRole("searchbox", { name: "Filter checks" }).focus();
  await page.keyboard.press("Escape");
  await expect(notice(page), "a field has the key first").toBeVisible();
  await page.locator("#main").focus();
  await page.keyboard.press("Escape");
  await expect(notice(page)).toBeHidden();
});

test("the tabs of a browser share one stream, and each hears of what it shows", async ({ context, folder }) => {
  const streams = streamsOf(context);
  const first = await tab(context, "");
  await expect.poll(() => streams).toEqual([first]);
  const morning = await tab(context, MORNING);
  const evening = await tab(context, EVENING);

  folder.hub("morning", "LoadBalancer");
  for (const page of [first, morning]) await expect(notice(page)).toBeVisible();
  await expect(notice(evening), "it shows another hub").toBeHidden();

  folder.hub("evening", "LoadBalancer");
  await expect(notice(evening)).toBeVisible();
  expect(streams, "no other tab has a stream").toEqual([first]);
});

test("when the tab with the stream is closed, another takes it over", async ({ context, folder }) => {
  const streams = streamsOf(context);
  const first = await tab(context, "");
  await expect.poll(() => streams).toEqual([first]);
  const morning = await tab(context, MORNING);
  await first.close();
  await expect.poll(() => streams).toEqual([first, morning]);

  folder.hub("morning", "LoadBalancer");
  await expect(notice(morning)).toBeVisible();
  expect(streams).toHaveLength(2);
});

test("what changed before a page could listen is said as soon as it listens", async ({ context, folder }) => {
  let release = () => {};
  const isReleased = new Promise<void>((done) => (release = done));
  const page = await context.newPage();
  // The page is made, and its islands wake only after the change.
  await page.route("**/*.wasm", async (route) => {
    await isReleased;
    await route.continue();
  });
  const other = await tab(context, MORNING);
  await page.goto(MORNING);
  folder.hub("morning", "LoadBalancer");
  await expect(notice(other)).toBeVisible();
  release();
  await expect(notice(page)).toBeVisible();
});

test("without locks a page asks now and then, and says each change once", async ({ browser, server, folder }) => {
  const context = await browser.newContext();
  await signIn(context, server);
  // As without a secure context.
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
  const streams = streamsOf(context);
  const page = await context.newPage();
  await page.clock.install();
  await open(page, new URL(MORNING, server.address).href);
  folder.hub("morning", "LoadBalancer");
  await expect(async () => {
    await page.clock.runFor("00:31");
    await expect(notice(page)).toBeVisible({ timeout: 1000 });
  }).toPass();
  await page.getByRole("button", { name: "Later" }).click();
  const asked = page.waitForResponse((answer) => answer.url().endsWith("/api/news"));
  await page.clock.runFor("00:31");
  await (await asked).finished();
  await expect(notice(page), "what was put off is not said again").toBeHidden();
  expect(streams).toEqual([]);
  await context.close();
});
