// What cannot be read, and the pages that say one thing.
import { expect, open, test } from "../fixtures/test.ts";

test("the page of gaps names each permission and what needs it", async ({ page }) => {
  await open(page, "clusters/campus-shared/gaps");
  await expect(page.getByRole("main")).toMatchAriaSnapshot(`
    - main:
      - heading /\\d+ things on campus-shared cannot be read\\./ [level=1]
      - region "Grant everything Perijove asks for":
        - figure /Shell/:
          - group "Shell":
            - code: kubectl apply --filename role.yaml
  `);
  const gaps = page.getByRole("region", { name: "What cannot be read" });
  const gap = gaps.getByRole("listitem").filter({ hasText: "ClusterRoles may not be listed" });
  await gap.getByText("ClusterRoles may not be listed").click();
  await expect(gap).toContainText(/RBA-08/);
  await expect(gap).toContainText("resources: [clusterroles]");
});

test("the role that is offered reads, and reads no Secrets", async ({ page }) => {
  await open(page, "clusters/campus-shared/gaps");
  await page.getByText("Show role.yaml").click();
  const role = (await page.getByRole("group", { name: "role.yaml" }).textContent()) ?? "";
  expect(role).toContain("kind: ClusterRole");
  const rules = role.replace(/#.*$/gm, "");
  expect(rules).not.toMatch(/\bsecrets\b/i);
  expect(rules).not.toMatch(/\b(create|update|patch|delete|deletecollection|impersonate|escalate|bind)\b(?!.*subject)|["']\*["']/);
});

test("a page that does not exist leads back", async ({ page }) => {
  expect(await open(page, "clusters/nowhere")).toBe(404);
  await expect(page.getByRole("main")).toMatchAriaSnapshot(`
    - main:
      - heading [level=1]
      - paragraph:
        - link "Go to the overview":
          - /url: /
  `);
});

test.describe("signed out", () => {
  test.use({ isSignedIn: false });

  test("the page says where the link is", async ({ page }) => {
    expect(await open(page, "")).toBe(401);
    await expect(page.getByRole("main")).toMatchAriaSnapshot(`
      - main:
        - heading "Open the link that Perijove printed when it started." [level=1]
    `);
  });

  test("a link that is spent says so", async ({ page }) => {
    expect(await open(page, "sign-in?token=0000")).toBe(403);
    await expect(page.getByRole("main")).toMatchAriaSnapshot(`
      - main:
        - heading "This link has been used, or a newer one was printed." [level=1]
    `);
  });
});
