// Every page is open to everybody: axe finds nothing, in light and in dark; nor where the islands never come.
import { faults, withoutItsScript } from "../fixtures/a11y.ts";
import { PAGES } from "../fixtures/pages.ts";
import { expect, open, test } from "../fixtures/test.ts";

for (const place of PAGES) {
  test.describe(place.name, () => {
    test.use({ isSignedIn: !place.isForStrangers });

    test("is open to everybody", async ({ page }) => {
      expect(await open(page, place.path)).toBe(place.status ?? 200);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect.soft(await faults(page), `in ${colorScheme} colours`).toEqual([]);
      }
    });
  });
}

// These are the pages that differ where the islands never come: buttons are missing or take their place.
for (const path of ["clusters/teaching-eu/hubs/binder/binder?q=metadata", "clusters/research-aws/hubs/genomics/genomics/checks/MET-01"]) {
  test(`/${path} is open to everybody without its script`, async ({ page }) => {
    await withoutItsScript(page);
    expect(await open(page, path, false)).toBe(200);
    expect(await faults(page)).toEqual([]);
  });
}
