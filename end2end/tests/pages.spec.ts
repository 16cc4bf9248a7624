// What holds for every page, with JavaScript and without, in light and in dark, on a phone and on a wide screen, and on paper.
import type { Page } from "@playwright/test";
import { PAGES } from "../fixtures/pages.ts";
import { expect, open, test } from "../fixtures/test.ts";

/** From the narrowest phone to a wide screen. */
const WIDTHS = [360, 768, 1600];

for (const place of PAGES) {
  test.describe(place.name, () => {
    test.use({ isSignedIn: !place.isForStrangers });

    test("fits every window and prints", async ({ page, javaScriptEnabled }) => {
      expect(await open(page, place.path, javaScriptEnabled)).toBe(place.status ?? 200);
      await expect(page).toHaveTitle(/^.+ · Perijove$/);
      await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        expect(await overflowing(page), `${width} px wide`).toEqual([]);
      }
      await page.emulateMedia({ media: "print" });
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.getByRole("main")).toBeVisible();
      await expect(page.getByRole("navigation", { name: "Main" })).toBeHidden();
      await expect(page.getByRole("banner")).toBeHidden();
      await expect(page.getByRole("button").filter({ visible: true })).toHaveCount(0);
    });
  });
}

/** The elements of the content that reach beyond the window, where the window itself would scroll sideways. */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5)
      .map((element) => `${element.tagName} .${element.className} ${element.textContent?.trim().slice(0, 40)}`)
      .slice(0, 8);
  });
}
