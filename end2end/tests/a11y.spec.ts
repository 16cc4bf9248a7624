// Every page is open to everybody: axe finds nothing, in light and in dark, with the islands and without.
import { faults, withoutItsScript } from "../fixtures/a11y.ts";
import { PAGES } from "../fixtures/pages.ts";
import { expect, open, test } from "../fixtures/test.ts";

for (const place of PAGES) {
  test.describe(place.name, () => {
    test.use({ isSignedIn: !place.isForStrangers });

    for (const isScripted of [true, false]) {
      test(`is open to everybody ${isScripted ? "with" : "without"} its script`, async ({ page }) => {
        if (!isScripted) await withoutItsScript(page);
        expect(await open(page, place.path, isScripted)).toBe(place.status ?? 200);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          expect.soft(await faults(page), `in ${colorScheme} colours`).toEqual([]);
        }
      });
    }
  });
}
