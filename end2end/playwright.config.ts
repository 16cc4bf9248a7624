// How the pages are tested: one Chromium, servers that stay for the whole run, once with JavaScript and once without.
import { defineConfig, devices } from "@playwright/test";
import { OTHER_NAME } from "./fixtures/perijove.ts";

/** Nothing that Chromium does of its own accord may disturb a test or reach out of this machine. */
const args = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1`,
];

/** Chromium's sandbox does not work for root. */
const isRoot = process.getuid?.() === 0;

/** A browser of this machine; without it Playwright's own is used. */
const executablePath = process.env.PERIJOVE_CHROMIUM || undefined;

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  globalSetup: "./fixtures/servers.ts",
  fullyParallel: true,
  workers: 2,
  // What passes only when it is repeated is a fault of the pages or of the test.
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: "list",
  use: {
    ...devices["Desktop Chrome"],
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    trace: "off",
    screenshot: "only-on-failure",
    launchOptions: { executablePath, args, chromiumSandbox: !isRoot },
  },
  projects: [
    { name: "islands" },
    {
      name: "plain",
      use: { javaScriptEnabled: false },
      testMatch: ["pages.spec.ts", "forms.spec.ts", "keyboard.spec.ts", "prefix.spec.ts", "reach.spec.ts", "access.spec.ts", "drift.spec.ts", "history.spec.ts", "certificates.spec.ts"],
    },
  ],
});
