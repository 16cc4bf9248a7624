// Without a secure context, as over plain HTTP by a name: there are no locks and no clipboard, and the pages do without.
import { OTHER_NAME } from "../fixtures/perijove.ts";
import { expect, open, signIn, test } from "../fixtures/test.ts";

test.use({ isSignedIn: false });

test("a page that is looked at asks for news, one that is hidden does not, and neither has a stream", async ({ page, context, server }) => {
  const address = server.address.replace("127.0.0.1", OTHER_NAME);
  await signIn(context, { ...server, address });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  const questions = () => asked.filter((url) => url === `${address}api/news`).length;
  await page.clock.install();
  await open(page, `${address}clusters/campus-shared`);
  expect(await page.evaluate(() => isSecureContext)).toBe(false);
  expect(questions()).toBe(0);
  await page.clock.runFor("00:31");
  await expect.poll(questions).toBe(1);
  await page.evaluate(() => Object.defineProperty(document, "hidden", { value: true }));
  await page.clock.runFor("01:30");
  expect(questions()).toBe(1);
  expect(asked).not.toContain(`${address}api/events`);
});

test("a snippet is selected instead of copied", async ({ page, context, server }) => {
  const address = server.address.replace("127.0.0.1", OTHER_NAME);
  await signIn(context, { ...server, address });
  await open(page, `${address}clusters/research-aws/hubs/genomics/genomics/checks/MET-01`);
  const figure = page.getByRole("figure", { name: /config\.yaml/ });
  await figure.getByRole("button", { name: "Copy" }).click();
  await expect(figure.locator("[aria-live=polite]")).toHaveText("Press Ctrl+C");
  expect(await page.evaluate(() => getSelection()?.toString())).toContain("singleuser:");
});
