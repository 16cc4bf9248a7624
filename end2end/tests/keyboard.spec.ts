// The checklist by keyboard alone, with JavaScript and without.
import type { Page } from "@playwright/test";
import { awake, expect, open, test } from "../fixtures/test.ts";

const HUB = "clusters/research-aws/hubs/genomics/genomics";

/** Presses Tab until the element with this text or label has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let steps = 0; steps < 80; steps += 1) {
    await page.keyboard.press("Tab");
    if (name.test(await focused(page))) return;
  }
  throw new Error(`Tab never reaches ${name}`);
}

/** What has the focus, in words. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return "";
    const label = element instanceof HTMLInputElement ? [...(element.labels ?? [])].map((l) => l.textContent).join(" ") : "";
    return (label || element.getAttribute("aria-label") || element.textContent || element.id).trim();
  });
}

test("one gets past the header, through the filters, to a check and back", async ({ page, javaScriptEnabled }) => {
  await open(page, HUB, javaScriptEnabled);

  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.locator("#main")).toBeFocused();

  await tabTo(page, /^Filter checks$/);
  await page.keyboard.type("metadata");
  if (!javaScriptEnabled) {
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=metadata/);
    await expect(page.getByRole("searchbox")).toHaveValue("metadata");
  }
  const rows = page.locator("#checks tbody tr").filter({ visible: true });
  for (const row of await rows.all()) await expect(row).toContainText(/metadata/i);

  await tabTo(page, /^More filters$/);
  await page.keyboard.press("Enter");
  await tabTo(page, /^fail$/);
  await page.keyboard.press("Space");
  await tabTo(page, /^Apply$/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/verdict=fail/);
  if (javaScriptEnabled) await awake(page);

  await tabTo(page, /metadata server$/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/checks\/MET-\d+$/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("(genomics)");

  await page.goBack();
  await expect(page).toHaveURL(/verdict=fail/);
  await expect(page.getByRole("checkbox", { name: "fail" })).toBeChecked();
});

for (const path of [HUB, `${HUB}/checks/MET-01`, "", "clusters/campus-shared/gaps"]) {
  test(`Tab goes through all of /${path}, is seen everywhere and caught nowhere`, async ({ page, javaScriptEnabled }) => {
    await open(page, path, javaScriptEnabled);
    const reachable = await page.evaluate(() => {
      const all = document.querySelectorAll<HTMLElement>("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']");
      return [...all].filter((element) => element.checkVisibility({ visibilityProperty: true })).length;
    });
    const seen = [];
    for (;;) {
      await page.keyboard.press("Tab");
      const stop = await lookOfFocus(page);
      if (!stop) break;
      seen.push(stop);
      expect(seen.length, `the focus is caught at ${stop.name}`).toBeLessThanOrEqual(reachable);
    }
    expect(seen.filter((stop) => !stop.isOutlined || stop.isCovered)).toEqual([]);
    expect(seen.length).toBe(reachable);
  });
}

/** How the focused element looks; nothing where the focus has left the page. */
function lookOfFocus(page: Page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement) return null;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const header = document.querySelector("header");
    const isCovered =
      box.bottom <= 0 ||
      box.top >= innerHeight ||
      (header !== null && !header.contains(element) && !element.classList.contains("skip") && box.bottom <= header.getBoundingClientRect().bottom);
    return {
      name: `${element.tagName} ${(element.textContent ?? "").trim().slice(0, 40)}`,
      isOutlined: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2,
      isCovered,
    };
  });
}
