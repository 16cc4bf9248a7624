// Names from a cluster are hostile: none of them runs, none becomes a link, all are seen as they are, and what cannot be seen is not
// offered for copying.
import type { Page } from "@playwright/test";
import { expect, open, test } from "../fixtures/test.ts";

test.use({ at: "hostile" });

/** Characters that nobody sees, or that turn a line around: what `visible` writes as escapes. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;

const NAMESPACE = `"><img src=x onerror=alert(1)>`;
const RELEASE = "javascript:alert(2)//\\u{202e}gpj";
const BINDING = "everybody\\u{7}<iframe srcdoc='<script>alert(7)</script>'>";

/** The address of the hub's checklist, as a link of the overview gives it. */
async function hubPath(page: Page): Promise<string> {
  await open(page, "");
  const link = page.getByRole("article").getByRole("link", { name: RELEASE, exact: true });
  return (await link.getAttribute("href"))?.replace(/^\//, "") ?? "";
}

test("nothing that a name says is run, embedded or linked, on any page", async ({ page, server }) => {
  test.setTimeout(180_000);
  page.on("dialog", (dialog) => expect(dialog.message(), "a script of a name ran").toBe(null));
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  const hub = await hubPath(page);
  const paths = ["", hub, `${hub}?verdict=pass&verdict=not-applicable`, `${hub}/checks/RBA-13`, `${hub}/checks/NET-07`, `${hub}/checks/TLS-01`];
  for (const path of [...paths, "clusters/hostile/checks", "clusters/hostile/checks/RBA-08", "clusters/hostile/gaps"]) {
    expect(await open(page, path), path).toBe(200);
    await expect(page.locator("img, iframe, object, embed, base, main script, svg[onload], [onerror], [onmouseover], [srcdoc]"), path).toHaveCount(0);
    const links = await page.locator("a").evaluateAll((all) => (all as HTMLAnchorElement[]).map((a) => a.href));
    const outside = links.filter((link) => !link.startsWith(server.address));
    for (const link of outside) expect(link, `${path} links to what a source is`).toMatch(/^https:\/\/[a-z0-9.-]+\/[\w./#%-]*$/);
    for (const link of links) expect(link).not.toMatch(UNSEEN);
    const seen = await page.evaluate(() => document.title + document.body.innerText + document.body.textContent);
    expect(UNSEEN.exec(seen)?.[0].codePointAt(0)?.toString(16), `${path} shows what nobody sees`).toBeUndefined();
    const marked = await page.evaluate(() => [...document.querySelectorAll("*")].flatMap((e) => [...e.attributes].map((a) => a.value)).join("\n"));
    expect(UNSEEN.exec(marked)?.[0].codePointAt(0)?.toString(16), `an attribute of ${path} holds what nobody sees`).toBeUndefined();
  }
  expect(asked.filter((url) => !url.startsWith(server.address))).toEqual([]);
});

test("names are shown as they are, in the title, the head and the lists", async ({ page }) => {
  const hub = await hubPath(page);
  await expect(page.getByRole("article").filter({ hasText: RELEASE })).toContainText(NAMESPACE);
  await open(page, hub);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(`hub ${RELEASE} in ${NAMESPACE}`);
  expect(await page.title()).toContain(RELEASE);
  await open(page, "clusters/hostile/checks/RBA-08");
  await expect(page.getByRole("region", { name: "What was seen" }).first()).toContainText(BINDING);
});

test("a command with what cannot be seen in it is shown, and not offered for copying", async ({ page }) => {
  await open(page, "clusters/hostile/checks/RBA-08");
  const repair = page.getByRole("region", { name: "Repair it" });
  await expect(repair.getByRole("figure").first()).toContainText("everybody\\u{7}");
  await expect(repair.getByRole("button", { name: "Copy" })).toHaveCount(0);
  await expect(repair).toContainText("cannot be copied safely");
  await expect(repair, "a name is no blank to be filled in").not.toContainText("angle brackets");
  const other = page.getByRole("region", { name: "See it without Perijove" });
  await expect(other.getByRole("button", { name: "Copy" }), "what holds no name is copied as ever").toBeVisible();
});

test("every page of the hub fits a phone", async ({ page }) => {
  const hub = await hubPath(page);
  await page.setViewportSize({ width: 360, height: 800 });
  for (const path of ["", hub, `${hub}/checks/RBA-13`, "clusters/hostile/gaps"]) {
    await open(page, path);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBe(360);
  }
});
