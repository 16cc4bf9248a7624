// The checklist: topics of the guide, and rows that are filtered while one types.
import { expect, open, test } from "../fixtures/test.ts";

const BINDER = "clusters/teaching-eu/hubs/binder/binder";

test("a hub's checklist has a table for each topic of the guide", async ({ page }) => {
  await open(page, BINDER);
  await expect(page.getByRole("main")).toMatchAriaSnapshot(`
    - main:
      - navigation "Breadcrumb":
        - list:
          - listitem:
            - link "teaching-eu":
              - /url: /clusters/teaching-eu
      - heading /hub binder/ [level=1]
      - list:
        - listitem: /\\d+ unknown/
        - listitem: /\\d+ pass/
      - search:
        - searchbox "Filter checks"
        - status
      - region "HTTPS":
        - heading "HTTPS" [level=2]
        - list "Four questions":
          - listitem: /configured/
          - listitem: /applied/
          - listitem: /enforced/
          - listitem: /observed/
        - table "Checks of HTTPS":
          - rowgroup:
            - row "Verdict Check Severity Since":
              - columnheader "Verdict"
              - columnheader "Check"
              - columnheader "Severity"
              - columnheader "Since"
          - rowgroup:
            - row /Users reach the hub over HTTPS/:
              - cell "pass"
              - cell:
                - link "Users reach the hub over HTTPS":
                  - /url: /clusters/teaching-eu/hubs/binder/binder/checks/TLS-01
      - region "Cloud metadata server":
        - table "Checks of Cloud metadata server"
  `);
});

test("a cluster's checklist holds what is judged once", async ({ page }) => {
  await open(page, "clusters/research-aws/checks");
  await expect(page.getByRole("main")).toMatchAriaSnapshot(`
    - main:
      - heading /research-aws/ [level=1]
      - region "Secure access to Helm":
        - table:
          - rowgroup
          - rowgroup:
            - row /TIL-\\d+/
  `);
});

test("typing narrows the rows, says how many are left, and keeps the address usable", async ({ page }) => {
  await open(page, BINDER);
  const rows = page.locator("#checks tbody tr");
  const all = await rows.count();
  await page.getByRole("searchbox", { name: "Filter checks" }).pressSequentially("MET metadata");
  const left = await rows.filter({ visible: true }).count();
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(all);
  await expect(page.getByRole("search").getByRole("status")).toHaveText(`${left} of ${all} checks`);
  for (const row of await rows.filter({ visible: true }).all()) await expect(row).toContainText(/metadata/i);
  await expect(page.getByRole("heading", { name: "HTTPS" })).toBeHidden();
  await expect(page).toHaveURL(/\?q=MET(\+|%20)metadata$/);

  await page.reload();
  await expect(page.getByRole("searchbox")).toHaveValue("MET metadata");
  await expect(rows.filter({ visible: true })).toHaveCount(left);

  await page.getByRole("searchbox").clear();
  await expect(rows.filter({ visible: true })).toHaveCount(all);
  await expect(page).toHaveURL(new RegExp(`${BINDER}$`));
});

test("typing what nothing fits leaves no row and says so", async ({ page }) => {
  await open(page, BINDER);
  await page.getByRole("searchbox").fill("no check says this");
  await expect(page.getByRole("search").getByRole("status")).toHaveText(/^0 of \d+ checks$/);
  await expect(page.locator("#checks tbody tr").filter({ visible: true })).toHaveCount(0);
});

test("what is typed is text and nothing else", async ({ page }) => {
  const typed = `"><img src=x onerror=alert(1)><script>alert(2)</script>`;
  page.on("dialog", () => expect(false, "a script of the address ran").toBe(true));
  await open(page, `${BINDER}?q=${encodeURIComponent(typed)}`);
  await expect(page.getByRole("searchbox")).toHaveValue(typed);
  await expect(page.getByRole("main").locator("img, script")).toHaveCount(0);
});
