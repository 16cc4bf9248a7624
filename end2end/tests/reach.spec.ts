// What the servers of a hub's users reach: the answer in words, the deciding rule, the reverse, a question, a comparison.
import { expect, open, test } from "../fixtures/test.ts";

const OLD = "clusters/research-aws/hubs/class/class-2019/reach";
const CLASSES = "clusters/teaching-eu/hubs/workshop/workshop/reach";
const MODERN = "clusters/teaching-eu/hubs/jhub/prod/reach";

test("the page says in its first line what a notebook reaches, and lists every destination", async ({ page, javaScriptEnabled }) => {
  await open(page, OLD, javaScriptEnabled);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/A notebook here (would reach|reaches)/);
  const table = page.getByRole("table", { name: "What a notebook can reach" });
  for (const destination of [
    "Cloud metadata server",
    "Kubernetes API, by its Service",
    "Kubernetes API, directly",
    "Kubernetes API, from outside",
    "Hub and its API",
    "Proxy",
    "API of the proxy",
    "Servers of other users",
    "Other pods of the namespace",
    "Other hubs and their APIs",
    "Proxies of other hubs",
    "Proxy APIs of other hubs",
    "Servers of other hubs",
    "Pods of other namespaces",
    "Kubelets of the nodes",
    "Node ports",
    "DNS of the cluster",
    "Tiller",
    "Kubernetes Dashboard",
    "Internet, TCP 443",
    "Internet, other ports",
  ]) {
    await expect(table.getByText(destination, { exact: true })).toBeVisible();
  }
  await expect(page.getByRole("table", { name: /Who can reach/ })).toContainText("Addresses outside the cluster");
});

test("the rule that decides is one click away", async ({ page, javaScriptEnabled }) => {
  await open(page, MODERN, javaScriptEnabled);
  const row = page.getByRole("row").filter({ hasText: "API of the proxy" }).first();
  const details = row.locator("details").first();
  await details.locator("summary").click();
  await expect(details).toHaveJSProperty("open", true);
  await expect(details).toContainText("NetworkPolicy/jhub/");
});

test("a question is a form whose answer has an address", async ({ page, javaScriptEnabled }) => {
  await open(page, OLD, javaScriptEnabled);
  await page.getByRole("textbox", { name: /To an address/ }).fill("169.254.169.254");
  await page.getByRole("textbox", { name: "Port" }).fill("80");
  await page.getByRole("button", { name: "Ask" }).click();
  await expect(page).toHaveURL(/to=169\.254\.169\.254&port=80&protocol=tcp/);
  await expect(page.getByRole("region", { name: "Ask a question" })).toContainText(/it is reached|it is blocked|unknown/);
  await page.getByRole("textbox", { name: /To an address/ }).fill("service/hubb");
  await page.getByRole("button", { name: "Ask" }).click();
  await expect(page.getByRole("region", { name: "Ask a question" })).toContainText("there is no Service hubb");
});

test("now is compared with an earlier scan", async ({ page, javaScriptEnabled }) => {
  await open(page, MODERN, javaScriptEnabled);
  await page.getByRole("combobox", { name: "With" }).selectOption("7d");
  await page.getByRole("button", { name: "Compare" }).click();
  await expect(page).toHaveURL(/compare=7d/);
  await expect(page.getByRole("region", { name: "Compare" })).toContainText(/differs|Compared with|no scan from then|not known/);
});

test("two classes of servers are compared, what differs first", async ({ page, javaScriptEnabled }) => {
  await open(page, CLASSES, javaScriptEnabled);
  await page.getByRole("navigation", { name: "Classes of servers" }).getByRole("link", { name: /course=statistics/ }).click();
  await page.getByRole("combobox", { name: "With" }).selectOption({ index: 3 });
  await page.getByRole("button", { name: "Compare" }).click();
  const compare = page.getByRole("region", { name: "Compare" });
  await expect(compare).toContainText("Only this class is selected by NetworkPolicy/workshop/statistics");
  await expect(compare.getByRole("table", { name: "What differs" })).toContainText("Pods of other namespaces");
  await expect(compare.getByRole("table", { name: "What is alike" })).toBeHidden();
  await compare.getByText(/answers alike/).click();
  await expect(compare.getByRole("table", { name: "What is alike" })).toContainText("Kubelets of the nodes");
});

test("a class that is not there is not replaced by another", async ({ page, javaScriptEnabled }) => {
  await open(page, `${CLASSES}?class=ffffff`, javaScriptEnabled);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("no such class of servers");
  await expect(page.getByRole("table")).toHaveCount(0);
  await page.getByRole("navigation", { name: "Classes of servers" }).getByRole("link").first().click();
  await expect(page.getByRole("table", { name: "What a notebook can reach" })).toBeVisible();
  await open(page, `${CLASSES}?compare=class-ffffff`, javaScriptEnabled);
  await expect(page.getByRole("region", { name: "Compare" })).toContainText("no such other class");
});

test("the checklist's topics of the network lead here", async ({ page, javaScriptEnabled }) => {
  await open(page, "clusters/teaching-eu/hubs/jhub/prod", javaScriptEnabled);
  const links = page.getByRole("link", { name: "What a notebook here reaches" });
  expect(await links.count()).toBeGreaterThanOrEqual(2);
  await links.first().click();
  await expect(page).toHaveURL(new RegExp(`${MODERN}$`));
});
