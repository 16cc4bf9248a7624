// The past: every page shows an instant of it, links stay there, and one click leads back.
import { expect, open, test } from "../fixtures/test.ts";

const THEN = new Date(Date.now() - 10 * 86_400_000).toISOString().slice(0, 16);
const CLUSTER = "clusters/teaching-eu";

test("who looks at the past stays there until he leaves it", async ({ page, javaScriptEnabled }) => {
  await open(page, `${CLUSTER}?at=${THEN}`, javaScriptEnabled);
  const banner = page.getByRole("note").filter({ hasText: "You see this page as it was on" });
  await expect(banner).toBeVisible();
  await expect(page.getByRole("banner")).not.toContainText("seen");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "prod" }).click();
  await expect(page).toHaveURL(/hubs\/jhub\/prod\?at=/);
  await expect(banner).toBeVisible();
  await banner.getByRole("link", { name: "Back to now" }).click();
  await expect(page).toHaveURL(/hubs\/jhub\/prod$/);
  await expect(banner).toHaveCount(0);
});

test("a filter is kept on the way to another instant and back", async ({ page, javaScriptEnabled }) => {
  await open(page, `${CLUSTER}/hubs/jhub/prod?verdict=warn&at=${THEN}`, javaScriptEnabled);
  await page.getByRole("button", { name: "Show this instant" }).click();
  await expect(page).toHaveURL(/verdict=warn&at=\d+$/);
  await page.getByRole("link", { name: "Earlier change" }).click();
  await expect(page).toHaveURL(/verdict=warn&at=2/);
  await page.getByRole("link", { name: "Back to now" }).click();
  await expect(page).toHaveURL(/prod\?verdict=warn$/);
});

test("any instant can be chosen from the header", async ({ page, javaScriptEnabled }) => {
  await open(page, CLUSTER, javaScriptEnabled);
  await page.getByRole("button", { name: "Now" }).click();
  await page.getByLabel("See this page as it was at (UTC)").fill(THEN);
  await page.getByRole("button", { name: "Go back in time" }).click();
  await expect(page).toHaveURL(/\?at=/);
  await expect(page.getByRole("note").filter({ hasText: "You see this page as it was on" })).toBeVisible();
});
