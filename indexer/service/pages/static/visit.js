// Going to another state of the page: the server draws it, the parts marked data-swap are exchanged, the address follows.
const root = document.documentElement;
let running = null;

export function submit(form) {
  const body = new FormData(form);
  const hadPhoto = body.get("image")?.size > 0;
  return go(form.action, { method: "POST", body }, { push: true, keepOnError: hadPhoto });
}

export function visit(address, { push = true, toTop = false } = {}) {
  return go(address, {}, { push, toTop });
}

export function notice(text) {
  document.getElementById("notice").textContent = text;
}

async function go(address, request, { push, toTop = false, keepOnError = false }) {
  running?.abort();
  const mine = running = new AbortController();
  root.classList.add("busy");
  notice("");
  try {
    const response = await fetch(address, { ...request, headers: { accept: "text/html" }, signal: mine.signal });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!page.querySelector("[data-swap]")) throw new Error("no page");
    if (!response.ok && keepOnError) {
      notice([...page.querySelectorAll("[data-detail], [data-cure]")].map((part) => part.textContent).join(" "));
    } else {
      if (push && response.ok && response.url !== location.href) history.pushState(null, "", response.url);
      swap(page);
      if (toTop) scrollTo({ top: 0 });
    }
    document.getElementById("image").value = "";
  } catch (error) {
    if (error.name !== "AbortError") notice("The search can’t be reached. Check the connection and try again.");
  } finally {
    if (running === mine) {
      root.classList.remove("busy");
      running = null;
    }
  }
}

function swap(page) {
  const focused = document.activeElement?.id;
  const folded = document.getElementById("fold")?.checked;
  const scrolled = document.querySelector(".side")?.scrollTop ?? 0;
  for (const part of document.querySelectorAll("[data-swap]")) {
    const fresh = page.getElementById(part.id);
    if (fresh) part.replaceChildren(...document.adoptNode(fresh).childNodes);
  }
  document.title = page.title;
  const box = document.getElementById("q");
  if (document.activeElement !== box || box.value.trim() !== page.getElementById("q").value) box.value = page.getElementById("q").value;
  const fold = document.getElementById("fold");
  if (fold) fold.checked = Boolean(folded);
  const side = document.querySelector(".side");
  if (side) side.scrollTop = scrolled;
  if (focused) (document.getElementById(focused) ?? document.getElementById("results"))?.focus({ preventScroll: true });
  const words = document.getElementById("heading")?.textContent ?? page.querySelector("[data-detail]")?.textContent ?? "";
  document.getElementById("said").textContent = `${words}: ${document.getElementById("total")?.textContent ?? ""}`;
}
