// History: open faults and changes over time as a picture and a table, what came back, and how long fixes take.
import { expect, open, test } from "../fixtures/test.ts";

const HISTORY = "clusters/research-aws/history?span=all";

test("the picture says in words what it shows, and every moment leads to its page and its drift", async ({ page, javaScriptEnabled }) => {
  await open(page, HISTORY, javaScriptEnabled);
  const picture = page.getByRole("img", { name: /Open faults by severity/ });
  await expect(picture).toHaveCount(1);
  await expect(picture).toHaveAccessibleName(/the most at once were \d+, on \d+ \w+ \d{4}/);
  await page.getByText(/moments? at which something changed/).first().click();
  const rows = page.getByRole("table", { name: /Moments at which something changed/ }).getByRole("row");
  expect(await rows.count()).toBeGreaterThan(2);
  const newest = rows.nth(1);
  const open_then = Number(await newest.getByRole("cell").nth(3).textContent());
  expect(open_then).toBeGreaterThan(0);
  await newest.getByRole("link", { name: /^Drift of / }).click();
  await expect(page).toHaveURL(/drift\?from=.*&at=/);
  await expect(page.getByRole("note").filter({ hasText: "You see this page as it was on" })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).not.toContainText("nothing to compare");
});

test("how far to look back can be chosen, and stays in the past", async ({ page, javaScriptEnabled }) => {
  const then = new Date(Date.now() - 10 * 86_400_000).toISOString().slice(0, 16);
  await open(page, `clusters/teaching-eu/history?at=${then}`, javaScriptEnabled);
  await page.getByRole("combobox", { name: "Look back" }).selectOption("7 days");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page).toHaveURL(/at=.*span=7d|span=7d.*at=/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("7 days before");
});

test("a fault that was open leads to its check", async ({ page, javaScriptEnabled }) => {
  await open(page, HISTORY, javaScriptEnabled);
  const table = page.getByRole("table", { name: "The findings that were open most often" });
  const link = table.getByRole("row").nth(1).getByRole("link").first();
  await link.click();
  await expect(page).toHaveURL(/\/checks\/[A-Z]+-\d+$/);
});
