// The page works without any of this; with it, searches and filters do not reload it, and photos can be dropped or pasted.
import { chosen, watchForPhotos } from "./photo.js";
import { submit, visit } from "./visit.js";

const form = document.getElementById("search");
const image = document.getElementById("image");
const box = document.getElementById("q");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit(form);
});

// Ticks, prices and the slider search at once; typing in the box waits for Enter.
document.addEventListener("change", (event) => {
  if (event.target.form === form && event.target !== box && event.target !== image) form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-visit]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  visit(link.href, { toTop: link.hasAttribute("data-top") });
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.metaKey && !event.ctrlKey && !event.altKey) {
    event.preventDefault();
    box.focus();
    box.select();
  }
});

// A photo that can't be loaded leaves its placeholder.
document.addEventListener("error", (event) => {
  if (event.target.closest?.(".picture")) event.target.remove();
}, true);

addEventListener("popstate", () => visit(location.href, { push: false }));

image.addEventListener("change", () => {
  if (image.files.length) chosen(form, image, image.files[0]);
});
watchForPhotos((file) => chosen(form, image, file));
