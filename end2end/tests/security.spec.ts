// Who may see the pages, and what the browser is told to refuse.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { send } from "../fixtures/http.ts";
import { PAGES } from "../fixtures/pages.ts";
import type { Served } from "../fixtures/servers.ts";
import { expect, open, test, watch } from "../fixtures/test.ts";

/** Words of the demo that nobody may read without a session. */
const SECRETS = /teaching-eu|research-aws|campus-shared|genomics|binder|metadata|Tiller|RBA-\d|TLS-\d/;

test.describe("without a session", () => {
  for (const { name, path } of PAGES.filter((place) => !place.isForStrangers)) {
    test(`${name} shows nothing`, async ({ server }) => {
      const answer = await send(server.address + path);
      expect(answer.status).toBe(401);
      expect(answer.body).not.toMatch(SECRETS);
      expect(answer.headers["cache-control"]).toBe("no-store");
    });
  }

  test("there is no event stream", async ({ server }) => {
    expect((await send(`${server.address}api/events`)).status).toBe(401);
  });

  test("a cookie that was guessed is no session", async ({ server }) => {
    const answer = await send(server.address, { cookie: `${server.cookie.name}=${"0".repeat(64)}` });
    expect(answer.status).toBe(401);
  });
});

test("a name that was rebound to this machine is refused, even with a session", async ({ server }) => {
  const cookie = `${server.cookie.name}=${server.cookie.value}`;
  for (const host of ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example"]) {
    const answer = await send(server.address, { host, cookie });
    expect(answer.status, host).toBe(421);
    expect(answer.body).not.toMatch(SECRETS);
  }
});

test("what another site's page asks for is refused", async ({ server }) => {
  const cookie = `${server.cookie.name}=${server.cookie.value}`;
  const foreign: Record<string, string>[] = [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { origin: "https://evil.example" }, { origin: "null" }];
  for (const headers of foreign) {
    const name = JSON.stringify(headers);
    expect((await send(`${server.address}api/events`, { cookie, ...headers })).status, name).toBe(403);
    expect((await send(server.address, { cookie, ...headers }, "POST")).status, name).toBe(403);
  }
  expect((await send(`${server.address}api/events`, { cookie, "sec-fetch-site": "same-origin" })).status).toBe(200);
});

test("no page takes anything but being read", async ({ server }) => {
  const cookie = `${server.cookie.name}=${server.cookie.value}`;
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    expect((await send(server.address, { cookie }, method)).status, method).toBe(405);
  }
});

test("a page of another site cannot show a page in a frame", async ({ page, server, complaints }) => {
  // Another port is another origin, and of this machine, from which Chromium lets pages reach this machine.
  const other = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html").end(`<link rel="icon" href="data:,"><iframe src="${server.address}"></iframe>`);
  }).listen(0, "127.0.0.1");
  await once(other, "listening");
  await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
  await expect.poll(() => complaints.join()).toContain("frame-ancestors");
  await expect(page.frameLocator("iframe").getByText("Perijove")).toHaveCount(0);
  complaints.length = 0;
  other.closeAllConnections();
  other.close();
});

test("pages carry a policy that lets their own script run and nothing else", async ({ server }) => {
  const cookie = `${server.cookie.name}=${server.cookie.value}`;
  const nonces = new Set<string>();
  for (const { path, isForStrangers } of PAGES) {
    const { headers, body } = await send(server.address + path, isForStrangers ? {} : { cookie });
    const policy = String(headers["content-security-policy"]);
    const directives = new Map(policy.split(";").map((one) => one.trim().split(/\s+(.*)/s) as [string, string]));
    const nonce = /^'nonce-([0-9a-f]{32,})' 'strict-dynamic' 'wasm-unsafe-eval'$/.exec(directives.get("script-src") ?? "")?.[1];
    expect(nonce, policy).toBeTruthy();
    nonces.add(nonce ?? "");
    expect(policy).not.toContain("unsafe-inline");
    expect(policy).not.toMatch(/(?<!wasm-)unsafe-eval/);
    expect(directives.get("default-src")).toBe("'none'");
    expect(directives.get("connect-src")).toBe("'self'");
    expect(directives.get("base-uri")).toBe("'none'");
    expect(directives.get("frame-ancestors")).toBe("'none'");
    expect(directives.get("form-action")).toBe("'self'");
    for (const [tag] of body.matchAll(/<script\b[^>]*>/g)) expect(tag).toContain(`nonce="${nonce}"`);
    expect(body).not.toMatch(/<[^>]+\s(on\w+|style)=/);
  }
  expect(nonces.size, "no two answers share a nonce").toBe(PAGES.length);
});

test("every answer says what browsers must not do with it", async ({ server }) => {
  const cookie = `${server.cookie.name}=${server.cookie.value}`;
  const { body } = await send(server.address, { cookie });
  const assets = [...body.matchAll(/href="[^"]*\/(assets\/[^"]+)"/g)].map(([, path]) => path);
  expect(assets.length).toBeGreaterThan(2);
  for (const path of ["", "health", "no/such/page", "api/events", "assets/none.js", ...assets]) {
    const { headers } = await send(server.address + path);
    expect(headers["x-content-type-options"], path).toBe("nosniff");
    expect(headers["referrer-policy"], path).toMatch(/^(same-origin|no-referrer)$/);
    expect(headers["cross-origin-opener-policy"], path).toBe("same-origin");
    expect(headers["cross-origin-resource-policy"], path).toBe("same-origin");
    expect(headers["content-security-policy"], path).toContain("frame-ancestors 'none'");
    expect(headers["set-cookie"], path).toBeUndefined();
  }
});

test("pages ask nobody but their own server", async ({ page, server }) => {
  const origins = new Set<string>();
  page.on("request", (request) => origins.add(new URL(request.url()).origin));
  for (const { path } of PAGES.filter((place) => !place.isForStrangers)) await open(page, path);
  expect([...origins]).toEqual([new URL(server.address).origin]);
});

/** The newest one-time link, once it is another than this one. */
async function newestLink({ linksFile }: Served, former?: string): Promise<string> {
  const newest = () => readFileSync(linksFile, "utf8").trim().split("\n").at(-1) ?? "";
  await expect.poll(newest).not.toBe(former ?? "");
  return newest();
}

test("a one-time link signs one browser in, and the next link another", async ({ browser, server }) => {
  const complaints: string[] = [];
  const context = await browser.newContext();
  watch(context, complaints);
  const page = await context.newPage();
  const link = await newestLink(server);
  await page.goto(link);
  await expect(page, "the token leaves the address").toHaveURL(server.address);
  await expect(page.getByRole("link", { name: "Perijove" })).toBeVisible();
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/", domain: "127.0.0.1", expires: -1 });
  expect(cookie.value).not.toBe(new URL(link).searchParams.get("token"));
  expect(await page.evaluate(() => document.cookie)).toBe("");
  expect(complaints).toEqual([]);

  const stranger = await browser.newContext();
  const other = await stranger.newPage();
  expect((await other.goto(link))?.status()).toBe(403);
  expect(await stranger.cookies()).toEqual([]);
  expect((await other.goto(server.address))?.status()).toBe(401);
  expect((await other.goto(await newestLink(server, link)))?.status()).toBe(200);
  await Promise.all([context.close(), stranger.close()]);
});
