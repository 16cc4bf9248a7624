// Drift: what changed between two instants, who did it, what it did, and the baselines it is measured against.
import { expect, open, test } from "../fixtures/test.ts";

const DRIFT = "clusters/research-aws/drift?with=first";

test("a change says what it means, who made it, and what turned with it", async ({ page, javaScriptEnabled }) => {
  await open(page, DRIFT, javaScriptEnabled);
  const change = page.getByRole("listitem").filter({ hasText: "RoleBinding/genomics/notebook-edit" }).first();
  await expect(change).toContainText("is new: it gives ClusterRole edit to ServiceAccount genomics/notebook");
  await expect(change).toContainText("kubectl-create");
  const turned = change.getByRole("list", { name: "What it does on its own" });
  await expect(turned).toContainText("API-02");
  await change.getByText("before and after").click();
  await expect(change.getByRole("group", { name: "After" })).toContainText('"roleRef"');
  await turned.getByRole("link", { name: /API-02/ }).click();
  await expect(page).toHaveURL(/genomics\/genomics\/checks\/API-02$/);
});

test("an upgrade is one event with its parts inside", async ({ page, javaScriptEnabled }) => {
  await open(page, "clusters/teaching-eu/drift?with=first", javaScriptEnabled);
  const heading = page.getByRole("heading", { name: /jhub-staging\/staging from jupyterhub-2\.0\.0 to jupyterhub-4\.4\.0/ });
  await expect(heading).toHaveCount(1);
});

test("two instants can be chosen, and the page keeps them", async ({ page, javaScriptEnabled }) => {
  await open(page, DRIFT, javaScriptEnabled);
  const then = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 16);
  await page.getByLabel("or with this instant (UTC)").fill(then(18));
  await page.getByLabel("Until (UTC); empty is now").fill(then(16));
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await expect(page.getByRole("note").filter({ hasText: "You see this page as it was on" })).toBeVisible();
  await expect(page.getByText("RoleBinding/genomics/notebook-edit").first()).toBeVisible();
  await expect(page.getByText("cluster-system-anonymous")).toHaveCount(0);
});

test("a scan is pinned under a name, compared with, and unpinned", async ({ page, javaScriptEnabled }) => {
  const name = javaScriptEnabled ? "after the audit" : "before term";
  await open(page, "clusters/campus-shared/drift", javaScriptEnabled);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Note").fill("<b>seen by two</b>");
  await page.getByRole("button", { name: "Pin as known good" }).click();
  await expect(page).toHaveURL(/with=baseline-\d+#baselines$/);
  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).toContainText("<b>seen by two</b>");
  await expect(page.locator('select[name="with"]')).toContainText(name);
  await row.getByRole("button", { name: `Unpin ${name}` }).click();
  await expect(page.getByRole("row").filter({ hasText: name })).toHaveCount(0);
});

test("what could not be read is not said to be unchanged", async ({ page, javaScriptEnabled }) => {
  await open(page, "clusters/campus-shared/drift?with=1d", javaScriptEnabled);
  const notice = page.getByRole("note").filter({ hasText: "Not everything is known of both instants." });
  await expect(notice).toContainText("may not be listed");
  await expect(page.getByText("Nothing that matters for security changed.")).toHaveCount(0);
});

test("a cluster is compared with what a file declares, and an edit by hand stands out", async ({ page, javaScriptEnabled }) => {
  await open(page, "clusters/teaching-eu/drift", javaScriptEnabled);
  await page.getByLabel("Compare with what a file declares").selectOption("binder.yaml");
  await page.getByRole("button", { name: "Compare with the file" }).click();
  await expect(page).toHaveURL(/against=binder\.yaml/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("One object differs from what binder.yaml declares");
  const change = page.getByRole("listitem").filter({ hasText: "NetworkPolicy/binder/hub" }).first();
  await expect(change).toContainText("now allows ingress from all pods in namespaces");
  await expect(change).toContainText("edited by hand");
  await expect(page.getByLabel("Compare with what a file declares")).toHaveValue("binder.yaml");
  await page.getByLabel("The namespace of what names none").selectOption("workshop");
  await page.getByRole("button", { name: "Compare with the file" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("objects differ from what binder.yaml declares");
});

test("a file that is not there is said not to be", async ({ page, javaScriptEnabled }) => {
  await open(page, "clusters/teaching-eu/drift?against=../demo.db", javaScriptEnabled);
  await expect(page.getByText("There is no file of this name")).toBeVisible();
});
