((page) => {
  const root = page.documentElement;
  const { script, module } = page.currentScript.dataset;
  try {
    const theme = localStorage.getItem("perijove.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {}
  if (!script || !module) return;
  root.dataset.live = "";
  const wake = () =>
    import(script)
      .then(async (islands) => {
        await islands.default({ module_or_path: module });
        islands.hydrate();
        for (const island of page.querySelectorAll("leptos-island")) islands[island.dataset.component]?.(island);
        root.dataset.live = "yes";
      })
      .catch((reason) => {
        delete root.dataset.live;
        console.warn("The page stays as it is, without its islands:", reason);
      });
  page.addEventListener("DOMContentLoaded", () =>
    "requestIdleCallback" in window ? requestIdleCallback(wake, { timeout: 1000 }) : wake(),
  );
})(document);
