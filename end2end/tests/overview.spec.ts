// The overview: the answer in words, the hubs, what to do next, what changed lately.
import { expect, open, test } from "../fixtures/test.ts";

test("the overview of all clusters answers in words, then shows each hub", async ({ page }) => {
  await open(page, "");
  await expect(page.getByRole("banner")).toMatchAriaSnapshot(`
    - banner:
      - link "Perijove":
        - /url: /
      - button "Cluster all"
      - group "Colours":
        - button "Light colours"
        - button "Dark colours"
        - button "Colours of the system" [pressed]
  `);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/hubs fail checks/);
  await expect(page.getByRole("region", { name: "research-aws" })).toMatchAriaSnapshot(`
    - region "research-aws":
      - heading "research-aws" [level=2]
      - article:
        - heading "astro" [level=3]:
          - link "astro":
            - /url: /clusters/research-aws/hubs/astro/astro
        - paragraph: /astro · chart \\d+\\.\\d+\\.\\d+/
        - list:
          - listitem: /\\d+ fail/
          - listitem: /\\d+ pass/
      - article:
        - heading "The cluster itself" [level=3]:
          - link "The cluster itself":
            - /url: /clusters/research-aws/checks
  `);
  await expect(page.getByRole("region", { name: "campus-shared" })).toContainText(/\d+ things cannot be read/);
  await expect(page.getByRole("region", { name: "Do next" })).toMatchAriaSnapshot(`
    - region "Do next":
      - heading "Do next" [level=2]
      - table:
        - rowgroup:
          - row /^critical/:
            - cell "critical"
            - cell:
              - link /\\w+/
  `);
  await expect(page.getByRole("region", { name: "Changed lately" })).toMatchAriaSnapshot(`
    - region "Changed lately":
      - heading "Changed lately" [level=2]
      - list:
        - listitem:
          - time
  `);
});

test("the overview of one cluster names the parts of it in the navigation", async ({ page }) => {
  await open(page, "clusters/teaching-eu");
  await expect(page.getByRole("navigation", { name: "Main" })).toMatchAriaSnapshot(`
    - navigation "Main":
      - list:
        - listitem:
          - link "Overview"
        - listitem:
          - link /binder/
        - listitem:
          - link /prod/
        - listitem:
          - link /staging/
        - listitem:
          - link /workshop \\d+ open faults/
        - listitem:
          - link /Cluster/
        - listitem:
          - link /What I can see/
  `);
  await expect(page.getByRole("link", { name: "Overview" })).toHaveAttribute("aria-current", "page");
});

test("the switchers lead from hub to hub and from cluster to cluster", async ({ page }) => {
  await open(page, "clusters/teaching-eu/hubs/binder/binder");
  await page.getByRole("button", { name: "Hub binder" }).click();
  await page.getByRole("link", { name: /staging/ }).filter({ visible: true }).last().click();
  await expect(page).toHaveURL(/hubs\/jhub-staging\/staging$/);
  await page.getByRole("button", { name: "Cluster teaching-eu" }).click();
  await page.getByRole("link", { name: "research-aws" }).filter({ visible: true }).click();
  await expect(page).toHaveURL(/clusters\/research-aws$/);
});

test("each hub's card leads to its checklist", async ({ page }) => {
  await open(page, "clusters/research-aws");
  await page.getByRole("article").getByRole("link", { name: "genomics" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("genomics");
  await expect(page).toHaveURL(/hubs\/genomics\/genomics$/);
});
