// The live notice: a page says when what it shows has changed, and a browser has one event stream however many pages it shows.
import type { Page } from "@playwright/test";
import { awake, expect, signIn, test } from "../fixtures/test.ts";

/** What the page says, its times left out: how long ago something was goes on while one reads. */
const says = (page: Page) =>
  page.getByRole("main").evaluate((main) => {
    const copy = main.cloneNode(true) as HTMLElement;
    for (const time of copy.querySelectorAll("time")) time.remove();
    return copy.textContent;
  });

const notice = (page: Page) => page.getByText("Something on this page has changed.");

test("open pages hear of a change by one stream, and show it when they are asked to", async ({ browser, server }) => {
  // The demo changes a verdict of `prod` a minute after it has started, two minutes later, and so on: this test runs first.
  test.setTimeout(300_000);
  const at = (path: string) => new URL(path, server.address).href;
  const context = await browser.newContext();
  await signIn(context, server);
  const streams: Page[] = [];
  context.on("request", (request) => {
    if (request.url() === at("api/events")) streams.push(request.frame().page());
  });
  const first = await context.newPage();
  await first.goto(at("clusters/teaching-eu"));
  await awake(first);
  await expect.poll(() => streams.length).toBe(1);

  const prod = await context.newPage();
  await prod.goto(at("clusters/teaching-eu/hubs/jhub/prod"));
  await awake(prod);
  const shown = await says(prod);

  await expect(notice(prod), "the page without a stream hears of it").toBeVisible({ timeout: 240_000 });
  await expect(notice(first)).toBeVisible();
  expect(streams.length, "no page but the first has a stream").toBe(1);
  expect(await says(prod), "the page does not change under the reader").toBe(shown);

  // Chromium paints only the page in front, and nothing that is not painted can be pressed.
  await first.bringToFront();
  // A further change may follow at once and show the notice again, which is right.
  await expect(async () => {
    if (await notice(first).isVisible()) await first.getByRole("button", { name: "Later" }).click({ timeout: 5000 });
    await expect(notice(first)).toBeHidden({ timeout: 5000 });
  }).toPass();
  await prod.bringToFront();
  await expect(async () => {
    if (await notice(prod).isVisible()) await prod.getByRole("link", { name: "Show it" }).click({ timeout: 5000 });
    await awake(prod);
    await expect(notice(prod)).toBeHidden({ timeout: 5000 });
  }).toPass();
  await expect(async () => expect(await says(prod)).not.toBe(shown)).toPass();

  await first.close();
  await expect.poll(() => streams.length, "another page takes the stream over").toBe(2);
  await context.close();
});
