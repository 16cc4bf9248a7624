// A check: what was seen, how to repair it, why it matters; and the button that copies.
import type { Page } from "@playwright/test";
import { faults } from "../fixtures/a11y.ts";
import { VERDICTS } from "../fixtures/pages.ts";
import { expect, open, test } from "../fixtures/test.ts";

const HUB = "clusters/research-aws/hubs/genomics/genomics";

/** Opens the first check of the hub's list that has this verdict. */
async function openFirst(page: Page, verdict: string): Promise<void> {
  await open(page, `${HUB}?verdict=${verdict}`);
  await page.locator("#checks tbody tr").first().getByRole("link").first().click();
  await page.locator("html[data-live=yes]").waitFor({ state: "attached" });
}

for (const verdict of VERDICTS) {
  test(`a check with the verdict ${verdict} says what was seen and why it matters`, async ({ page }) => {
    await openFirst(page, verdict);
    await expect(page.getByRole("main")).toMatchAriaSnapshot(`
      - main:
        - navigation "Breadcrumb":
          - list:
            - listitem:
              - link "research-aws"
            - listitem:
              - link "genomics"
            - listitem
        - heading /\\(genomics\\)$/ [level=1]
    `);
    await expect(page.getByRole("main")).toContainText(verdict.replace("-", " "));
    await expect(page.getByRole("region", { name: "What was seen" }).first()).toMatchAriaSnapshot(`
      - region "What was seen":
        - heading "What was seen" [level=2]
        - paragraph
    `);
    await expect(page.getByRole("region", { name: "Why it matters" })).toMatchAriaSnapshot(`
      - region "Why it matters":
        - heading "Why it matters" [level=2]
        - paragraph: /\\w+/
    `);
    await expect(page.getByRole("region", { name: "See it without Perijove" }).first()).toMatchAriaSnapshot(`
      - region "See it without Perijove":
        - figure:
          - text: Shell
          - button "Copy"
          - group "Shell":
            - code: /^kubectl /
    `);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect.soft(await faults(page), `in ${colorScheme} colours`).toEqual([]);
    }
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });
}

test("a fault comes with the lines that repair it, and with where else it was judged", async ({ page }) => {
  await open(page, `${HUB}/checks/MET-01`);
  await expect(page.getByRole("region", { name: "Repair it" })).toMatchAriaSnapshot(`
    - region "Repair it":
      - heading "Repair it" [level=2]
      - paragraph
      - figure /config\\.yaml/:
        - button "Copy"
        - group "config.yaml":
          - code: /singleuser:/
      - figure /Shell/:
        - button "Copy"
        - group "Shell":
          - code: /helm upgrade .*genomics/
  `);
  await expect(page.getByRole("region", { name: "Elsewhere" })).toMatchAriaSnapshot(`
    - region "Elsewhere":
      - list:
        - listitem:
          - link "class-2019":
            - /url: /clusters/research-aws/hubs/class/class-2019/checks/MET-01
  `);
});

test.describe("copying", () => {
  test.use({ permissions: ["clipboard-read", "clipboard-write"] });

  test("copies the whole snippet and says so to those who listen", async ({ page }) => {
    await open(page, `${HUB}/checks/MET-01`);
    const figure = page.getByRole("figure", { name: /config\.yaml/ });
    const said = figure.locator("[aria-live=polite]");
    await figure.getByRole("button", { name: "Copy" }).click();
    await expect(said).toHaveText("Copied");
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe(await figure.locator("pre").textContent());
    expect(copied).toContain("singleuser:");
    await expect(said).toHaveText("Copy");
  });
});

test("where the clipboard is closed the snippet is selected instead", async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, "clipboard", { value: { writeText: () => Promise.reject(new Error("closed")) } });
  });
  await open(page, `${HUB}/checks/MET-01`);
  const figure = page.getByRole("figure", { name: /config\.yaml/ });
  await figure.getByRole("button", { name: "Copy" }).click();
  await expect(figure.locator("[aria-live=polite]")).toHaveText("Press Ctrl+C");
  expect(await page.evaluate(() => getSelection()?.toString())).toContain("singleuser:");
});

test("the breadcrumb leads back to the list", async ({ page }) => {
  await open(page, `${HUB}/checks/MET-01`);
  await page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link", { name: "genomics" }).click();
  await expect(page).toHaveURL(new RegExp(`${HUB}$`));
});
