// Everything works below the prefix that a hub gives to a service, which is known only when the server starts.
import { PREFIX } from "../fixtures/servers.ts";
import { expect, open, test } from "../fixtures/test.ts";

test.use({ at: "below" });

const PAGES = [
  "",
  "clusters/teaching-eu",
  "clusters/teaching-eu/hubs/binder/binder",
  "clusters/teaching-eu/hubs/binder/binder/checks/MET-02",
  "clusters/campus-shared/checks",
  "clusters/campus-shared/gaps",
  "no/such/page",
];

for (const path of PAGES) {
  test(`nothing on ${PREFIX}${path} leads outside the prefix`, async ({ page, javaScriptEnabled }) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await open(page, path, javaScriptEnabled);
    expect(asked.filter((one) => !one.startsWith(PREFIX))).toEqual([]);
    const targets = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLAnchorElement | HTMLFormElement | HTMLLinkElement>("a[href], form, link[href]")]
        .map((element) => new URL(element instanceof HTMLFormElement ? element.action : element.href))
        .filter((url) => url.origin === location.origin)
        .map((url) => url.pathname),
    );
    expect(targets.length).toBeGreaterThan(0);
    expect(targets.filter((one) => !one.startsWith(PREFIX))).toEqual([]);
  });
}

test("the prefix without its slash leads to the overview", async ({ page, javaScriptEnabled, server }) => {
  await open(page, new URL(PREFIX.slice(0, -1), server.address).href, javaScriptEnabled);
  await expect(page).toHaveURL(server.address);
  await expect(page.getByRole("region", { name: "teaching-eu" })).toBeVisible();
});

test("links lead from page to page below the prefix", async ({ page, javaScriptEnabled }) => {
  await open(page, "", javaScriptEnabled);
  await page.getByRole("article").getByRole("link", { name: "binder" }).click();
  await expect(page).toHaveURL(/\/services\/perijove\/clusters\/teaching-eu\/hubs\/binder\/binder$/);
  await page.getByRole("link", { name: /metadata server/ }).first().click();
  await expect(page).toHaveURL(/\/services\/perijove\/.*\/checks\/MET-\d+$/);
});

test("outside the prefix there is nothing", async ({ request, server }) => {
  const answer = await request.get(new URL("/clusters/teaching-eu", server.address).href);
  expect(answer.status()).toBe(404);
  expect(await answer.text()).not.toContain("teaching-eu");
});
