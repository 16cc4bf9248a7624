// Who can do what: the hubs' accounts, a question and its answer, and what Perijove itself may do.
import { expect, open, test } from "../fixtures/test.ts";

const TEACHING = "clusters/teaching-eu/access";

test("the accounts of each hub come first, then the administrators and Perijove itself", async ({ page, javaScriptEnabled }) => {
  await open(page, TEACHING, javaScriptEnabled);
  const headings = await page.getByRole("main").getByRole("heading", { level: 2 }).allTextContents();
  expect(headings[0]).toBe("Ask");
  expect(headings[1]).toMatch(/^Accounts of /);
  expect(headings.slice(-2)).toEqual(["Who administers the cluster", "What Perijove itself may do"]);
});

test("Perijove says that it cannot change anything where the API server says so everywhere", async ({ page, javaScriptEnabled }) => {
  await open(page, TEACHING, javaScriptEnabled);
  const own = page.getByRole("region", { name: "What Perijove itself may do" });
  await expect(own).toContainText("Perijove cannot change anything.");
  await expect(own).toContainText("It may not read Secrets.");
});

test("a hub's account says what it may do and whose rights it can take", async ({ page, javaScriptEnabled }) => {
  await open(page, TEACHING, javaScriptEnabled);
  const hub = page.getByRole("region", { name: "Accounts of prod" });
  const account = hub.getByRole("article").filter({ hasText: "runs the hub" }).first();
  await expect(account).toContainText(/It may change things in namespace jhub/);
  await account.getByText(/^\d+ rules?$/).click();
  await expect(account).toContainText(/rules\[0\] of Role\/jhub\/hub, given by RoleBinding\/jhub\/hub/);
});

test("a question is answered in the first line, and the rule stands below it", async ({ page, javaScriptEnabled }) => {
  await open(page, TEACHING, javaScriptEnabled);
  await page.getByLabel("Who", { exact: true }).fill("serviceaccount:jhub/hub");
  await page.getByLabel("May", { exact: true }).fill("create");
  await page.getByLabel("What", { exact: true }).fill("pods");
  await page.getByLabel("In namespace").fill("jhub");
  await page.getByRole("button", { name: "Ask" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Account jhub/hub may create pods in namespace jhub.");
  await expect(page.getByRole("region", { name: "What decides" })).toContainText(/rules\[\d+\] of Role\/jhub\/hub/);
  await expect(page).toHaveURL(/subject=serviceaccount%3Ajhub%2Fhub&verb=create&resource=pods&namespace=jhub/);
  await expect(page.getByLabel("What", { exact: true })).toHaveValue("pods");
});

test("without somebody named, everybody who may is listed", async ({ page, javaScriptEnabled }) => {
  await open(page, `${TEACHING}?verb=create&resource=pods&namespace=jhub`, javaScriptEnabled);
  const who = page.getByRole("region", { name: "Who, and by which rule" });
  await expect(who.getByRole("link", { name: "jhub/hub" })).toBeVisible();
  await expect(who).toContainText("system:masters");
  await who.getByRole("link", { name: "jhub/hub" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Account jhub/hub");
});

test("a question that cannot be understood says what would be right", async ({ page, javaScriptEnabled }) => {
  await open(page, `${TEACHING}?verb=get&resource=widgets`, javaScriptEnabled);
  await expect(page.getByRole("note")).toContainText("widgets.example.org");
});

test("where roles cannot be read, nothing is claimed", async ({ page, javaScriptEnabled }) => {
  await open(page, "clusters/campus-shared/access?verb=create&resource=pods", javaScriptEnabled);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/^At least /);
  await expect(page.getByRole("main")).toContainText(/may not be listed/);
});

test("a cluster that takes everybody for an administrator says so first", async ({ page, javaScriptEnabled }) => {
  await open(page, "clusters/research-aws/access", javaScriptEnabled);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(
    "Whoever is let in to research-aws without credentials administers the cluster.",
  );
  const administrators = page.getByRole("region", { name: "Who administers the cluster" });
  await expect(administrators.getByRole("listitem").filter({ hasText: "system:anonymous" })).toContainText(
    "whoever brings no credentials",
  );
});

test("the checklist leads here", async ({ page, javaScriptEnabled }) => {
  await open(page, "clusters/teaching-eu/hubs/jhub/prod", javaScriptEnabled);
  await page.getByRole("link", { name: "Who can do what" }).first().click();
  await expect(page).toHaveURL(/clusters\/teaching-eu\/access$/);
});
