// Light, dark, or as the system says: chosen once, kept from then on.
import type { Page } from "@playwright/test";
import { awake, expect, open, test } from "../fixtures/test.ts";

const background = (page: Page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

test("without a choice the system decides", async ({ page }) => {
  await open(page, "");
  await page.emulateMedia({ colorScheme: "light" });
  const light = await background(page);
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await background(page)).not.toBe(light);
});

test("a choice holds on the next page, in another tab and against the system", async ({ page, context }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await open(page, "");
  const light = await background(page);
  await page.getByRole("button", { name: "Dark colours" }).click();
  await expect(page.getByRole("button", { name: "Dark colours" })).toHaveAttribute("aria-pressed", "true");
  const dark = await background(page);
  expect(dark).not.toBe(light);

  await page.reload();
  expect(await background(page), "before the islands wake").toBe(dark);
  await awake(page);
  await expect(page.getByRole("button", { name: "Dark colours" })).toHaveAttribute("aria-pressed", "true");

  const tab = await context.newPage();
  await tab.emulateMedia({ colorScheme: "light" });
  await open(tab, "clusters/campus-shared/gaps");
  expect(await background(tab)).toBe(dark);
  await tab.getByRole("button", { name: "Colours of the system" }).click();
  expect(await background(tab)).toBe(light);
  expect(await tab.evaluate(() => localStorage.length)).toBe(0);
});

test("a word in the storage that is no theme is no choice", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("perijove.theme", `"><b>`));
  await open(page, "");
  await expect(page.locator("html")).not.toHaveAttribute("data-theme");
  await expect(page.getByRole("button", { name: "Colours of the system" })).toHaveAttribute("aria-pressed", "true");
});
