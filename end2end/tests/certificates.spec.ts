// Certificates: the list and its filters, one certificate with its past, and the calendar of ends.
import { expect, open, test } from "../fixtures/test.ts";

const LIST = "clusters/teaching-eu/certificates";

test("the first line says what has run out, and the lede what was looked at", async ({ page, javaScriptEnabled }) => {
  await open(page, LIST, javaScriptEnabled);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Two certificates have run out.");
  const main = page.getByRole("main");
  await expect(main).toContainText("Secrets are read where certificates.secrets names them.");
  await expect(main).toContainText("TLS connections are made to the names under certificates.hosts.");
});

test("where nothing beside the lists is looked at, the lede says how more would be known", async ({ page, javaScriptEnabled }) => {
  await open(page, "clusters/campus-shared/certificates", javaScriptEnabled);
  const main = page.getByRole("main");
  await expect(main).toContainText("Secrets are not read: naming them under certificates.secrets would show what they hold.");
  await expect(main).toContainText("No connection is made to the hubs");
});

/** A certificate of each kind: where its page is, and what it must say. */
const KINDS: [string, string, string[]][] = [
  ["renewed in time", "secrets%2Fportals%2Fnotes-tls%2Fof-notes", ["in time", "of 47 days", "one renewal seen", "this one", "It leads to an authority that browsers know."]],
  ["short and late", "secrets%2Fportals%2Fexams-tls%2Fof-exams", ["renewal is late", "of 6 days", "the last attempt failed", "eight renewals seen"]],
  ["not reloaded", "secrets%2Fportals%2Ffiles-tls%2Fof-files", ["files.example.edu still presents an older one", "another one"]],
  ["with another key", "secrets%2Fportals%2Fwiki-tls", ["the private key beside it is not its own", "wiki.example.edu presents another one"]],
  ["without its issuer", "secrets%2Fportals%2Fslides-tls", ["its issuer's certificate is missing", "one certificate"]],
  ["long over", "secrets%2Fportals%2Farchive-tls", ["has run out", "nothing"]],
  ["for other names", "secrets%2Fportals%2Fmedia-tls", ["used for media.example.edu, which it is not for"]],
  ["of a private authority", "secrets%2Fportals%2Fintern-tls", ["its authority is not one that browsers know", "three certificates", "CN=Example University Root CA"]],
  ["whose chain leads in a circle", "secrets%2Fportals%2Fforum-tls", ["its chain leads in a circle", "It leads in a circle and to no authority.", "three certificates"]],
  ["of automatic HTTPS", "secrets%2Fjhub%2Fproxy-public-tls-acme", ["the hub (autohttps)", "acme.json", "one renewal seen", "What is judged by it"]],
  ["that is only presented", "endpoints%2Fwiki.example.edu%2F443", ["signed by itself", "used for wiki.example.edu, which it is not for"]],
];

for (const [kind, path, says] of KINDS) {
  test(`a certificate ${kind} says so on its page`, async ({ page, javaScriptEnabled }) => {
    await open(page, `${LIST}/${path}`, javaScriptEnabled);
    const main = page.getByRole("main");
    for (const text of says) await expect(main).toContainText(text);
  });
}

test("the list is filtered by state, renewer and hub, and the address keeps it", async ({ page, javaScriptEnabled }) => {
  await open(page, LIST, javaScriptEnabled);
  const rows = page.locator("#all-certificates tbody tr").filter({ visible: true });
  const all = await rows.count();
  await page.getByText("More filters").click();
  await page.getByRole("combobox", { name: "State" }).selectOption("late");
  await page.getByRole("combobox", { name: "Renewed by" }).selectOption("cert-manager");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/state=late&renewer=cert-manager/);
  expect(await rows.count()).toBeLessThan(all);
  for (const row of await rows.all()) await expect(row).toContainText("renewal is late");
  await page.getByRole("link", { name: "name", exact: true }).click();
  await expect(page).toHaveURL(/sort=name.*state=late&renewer=cert-manager/);
  await page.getByRole("link", { name: "Clear" }).click();
  expect(await rows.count()).toBe(all);
});

test("a filter that fits nothing says so and leads back", async ({ page, javaScriptEnabled }) => {
  await open(page, `${LIST}?hub=no%2Fsuch`, javaScriptEnabled);
  await expect(page.getByRole("note").filter({ hasText: "No certificate fits this filter." })).toBeVisible();
  await page.getByRole("link", { name: "Show all certificates" }).click();
  await expect(page.getByRole("row").filter({ hasText: "survey.hub.example.edu" })).toBeVisible();
});

test("a certificate has a page with its thresholds, its past and the command that shows it", async ({ page, javaScriptEnabled }) => {
  await open(page, LIST, javaScriptEnabled);
  await page.getByRole("row").getByRole("link", { name: "staging.hub.example.edu" }).click();
  await expect(page).toHaveURL(/certificates\/secrets%2Fgateway%2Fstaging-tls%2Fof-staging$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^The certificate of staging\.hub\.example\.edu runs out in/);
  await expect(page.getByRole("region", { name: "How long it holds" })).toContainText("Late from");
  const past = page.getByRole("region", { name: "History of renewals" });
  await expect(past).toContainText("one renewal seen");
  await expect(past.getByRole("row")).toHaveCount(3);
  await expect(past).toContainText("with 29 days left");
  await expect(page.getByRole("region", { name: "See it without Perijove" })).toContainText(
    "kubectl --namespace gateway get certificates.cert-manager.io staging",
  );
  await page.getByRole("region", { name: "What is judged by it" }).getByRole("link", { name: "TLS-10" }).first().click();
  await expect(page).toHaveURL(/checks\/TLS-10$/);
});

test("as it was before the renewal, the page shows the old certificate only", async ({ page, javaScriptEnabled }) => {
  const then = new Date(Date.now() - 29.5 * 86_400_000).toISOString().slice(0, 16);
  await open(page, `${LIST}/secrets%2Fgateway%2Fstaging-tls%2Fof-staging?at=${then}`, javaScriptEnabled);
  const past = page.getByRole("region", { name: "History of renewals" });
  await expect(past.getByRole("row")).toHaveCount(2);
  await expect(page.getByRole("region", { name: "Calendars" })).toHaveCount(0);
});

test("a calendar is made, read without a session, and gone once it is revoked", async ({ page, javaScriptEnabled, server }) => {
  const name = javaScriptEnabled ? "<b>operators</b>" : "plain, operators";
  await open(page, LIST, javaScriptEnabled);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Make a calendar" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(name);
  const address = (await page.locator("#feed-address").innerText()).trim();
  expect(address.startsWith(`${server.address}feeds/`)).toBe(true);
  const answer = await fetch(address);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/calendar; charset=utf-8");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const calendar = await answer.text();
  for (const line of calendar.split("\r\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
  expect(calendar.replaceAll("\r\n ", "")).toContain("SUMMARY:Certificate of survey.hub.example.edu runs out\r\n");
  expect((await fetch(address.replace(/[0-9a-f]{4}\.ics$/, "zzzz.ics"))).status).toBe(404);

  await page.getByRole("link", { name: "Back to the certificates" }).click();
  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).not.toContainText("never");
  await row.getByRole("button", { name: `Revoke ${name}` }).click();
  await expect(page.getByRole("row").filter({ hasText: name })).toHaveCount(0);
  expect((await fetch(address)).status).toBe(404);
});

test("a page of another site can make no calendar", async ({ server }) => {
  const cookie = `${server.cookie.name}=${server.cookie.value}`;
  const post = (headers: Record<string, string>) =>
    fetch(`${server.address}clusters/teaching-eu/feeds`, {
      method: "POST",
      headers: { cookie, "content-type": "application/x-www-form-urlencoded", ...headers },
      body: "name=x",
    });
  expect((await post({ "sec-fetch-site": "cross-site" })).status).toBe(403);
  expect((await post({ origin: "https://elsewhere.example" })).status).toBe(403);
});
