// The filters as forms: they work the same with JavaScript and without.
import { VERDICTS } from "../fixtures/pages.ts";
import { expect, open, test } from "../fixtures/test.ts";

const HUB = "clusters/research-aws/hubs/genomics/genomics";

test("sending the filter shows the rows that match", async ({ page, javaScriptEnabled }) => {
  await open(page, HUB, javaScriptEnabled);
  const rows = page.locator("#checks tbody tr").filter({ visible: true });
  const all = await rows.count();
  await page.getByRole("searchbox", { name: "Filter checks" }).fill("metadata");
  if (javaScriptEnabled) await expect(page.getByRole("button", { name: "Filter" })).toBeHidden();
  else await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/\?q=metadata$/);
  const left = await rows.count();
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(all);
  for (const row of await rows.all()) await expect(row).toContainText(/metadata/i);
});

test("a verdict can be asked for, also one that is left out otherwise", async ({ page, javaScriptEnabled }) => {
  await open(page, HUB, javaScriptEnabled);
  await page.getByText("More filters").click();
  await page.getByRole("checkbox", { name: "not applicable" }).check();
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/verdict=not-applicable/);
  await expect(page.getByRole("checkbox", { name: "not applicable" })).toBeChecked();
  for (const row of await page.locator("#checks tbody tr").all()) {
    await expect(row.getByRole("cell").first()).toHaveText("not applicable");
  }
  await page.getByRole("link", { name: "Clear" }).click();
  await expect(page).toHaveURL(new RegExp(`${HUB}$`));
});

test("severity and topic narrow the list together", async ({ page, javaScriptEnabled }) => {
  await open(page, HUB, javaScriptEnabled);
  await page.getByText("More filters").click();
  await page.getByRole("combobox", { name: "At least as severe as" }).selectOption("high");
  await page.getByRole("combobox", { name: "Topic" }).selectOption("cloud-metadata");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/severity=high&topic=cloud-metadata/);
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(["Cloud metadata server"]);
  for (const row of await page.locator("#checks tbody tr").all()) {
    await expect(row.getByRole("cell").nth(2)).toHaveText(/critical|high/);
  }
});

test("each verdict in the address shows rows of that verdict only", async ({ page, javaScriptEnabled }) => {
  let seen = 0;
  for (const verdict of VERDICTS) {
    await open(page, `${HUB}?verdict=${verdict}`, javaScriptEnabled);
    const cells = await page.locator("#checks tbody tr > td:first-child").allInnerTexts();
    for (const cell of cells) expect(cell.trim()).toBe(verdict.replace("-", " "));
    seen += cells.length;
  }
  expect(seen).toBeGreaterThan(VERDICTS.length);
});

test("what needs JavaScript is not shown where there is none", async ({ page, javaScriptEnabled }) => {
  await open(page, `${HUB}/checks/MET-01`, javaScriptEnabled);
  const expected = javaScriptEnabled ? expect : expect.configure({ message: "without JavaScript" });
  const buttons = [page.getByRole("button", { name: "Copy" }).first(), page.getByRole("button", { name: "Dark colours" })];
  for (const button of buttons) await expected(button).toBeVisible({ visible: javaScriptEnabled });
  await expect(page.getByRole("status")).not.toContainText("has changed", { useInnerText: true });
});
