// The live notice: a page says when what it shows has changed, and a browser has one event stream however many pages it shows.
import type { Page } from "@playwright/test";
import { Perijove } from "../fixtures/perijove.ts";
import { awake, expect, signIn, test } from "../fixtures/test.ts";

const notice = (page: Page) => page.getByText("Something on this page has changed.");

test("open pages hear of a change by one stream, and show it when they are asked to", async ({ browser }) => {
  test.setTimeout(240_000);
  // A server of its own: the first change of a verdict comes a minute after the demo has started.
  const perijove = await Perijove.start();
  try {
    const cookie = await perijove.signIn();
    await perijove.caughtUp();
    const context = await browser.newContext();
    // Not by the link: the overview it leads to would ask for a stream of its own, or not, before it is left.
    const [name, value] = cookie.split("=");
    await signIn(context, { address: perijove.address(), cookie: { name, value } });
    const streams: Page[] = [];
    context.on("request", (request) => {
      if (request.url() === perijove.address("api/events")) streams.push(request.frame().page());
    });
    const first = await context.newPage();
    await first.goto(perijove.address("clusters/teaching-eu"));
    await awake(first);
    await expect.poll(() => streams.length).toBe(1);

    const prod = await context.newPage();
    await prod.goto(perijove.address("clusters/teaching-eu/hubs/jhub/prod"));
    await awake(prod);
    const campus = await context.newPage();
    await campus.goto(perijove.address("clusters/campus-shared"));
    await awake(campus);
    const shown = await prod.getByRole("main").textContent();

    await expect(notice(prod), "the page without a stream hears of it").toBeVisible({ timeout: 150_000 });
    await expect(notice(first)).toBeVisible();
    await expect(notice(campus), "another cluster is none of its business").toBeHidden();
    expect(streams.length, "no page but the first has a stream").toBe(1);
    expect(await prod.getByRole("main").textContent(), "the page does not change under the reader").toBe(shown);

    // A further change may follow at once and show the notice again, which is right.
    await expect(async () => {
      await first.getByRole("button", { name: "Later" }).click({ timeout: 1000 });
      expect(await notice(first).isVisible()).toBe(false);
    }).toPass();
    await expect(async () => {
      await prod.getByRole("link", { name: "Show it" }).click({ timeout: 1000 });
      await awake(prod);
      expect(await notice(prod).isVisible()).toBe(false);
    }).toPass();
    await expect(prod.getByRole("main")).not.toHaveText(shown ?? "");

    await first.close();
    await expect.poll(() => streams.length, "another page takes the stream over").toBe(2);
    await context.close();
  } finally {
    await perijove.stop();
  }
});
