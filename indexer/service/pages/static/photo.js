// Photos: dropped anywhere, pasted, or chosen; made smaller here before they travel.
import { notice } from "./visit.js";

const KINDS = ["image/jpeg", "image/png", "image/webp", "image/gif"];
const LIMIT_BYTES = 8_000_000 - 100_000; // the server's limit, less room for the form's other fields
const SMALL_BYTES = 1_500_000;
const LONG_SIDE = 1600; // the server looks at 1024 pixels at most

export function watchForPhotos(found) {
  let depth = 0;
  const veil = (on) => document.documentElement.classList.toggle("dropping", on);
  const hasFile = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (hasFile(event)) { depth += 1; veil(true); } });
  addEventListener("dragleave", (event) => { if (hasFile(event)) { depth = Math.max(0, depth - 1); veil(depth > 0); } });
  addEventListener("dragover", (event) => { if (hasFile(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    depth = 0;
    veil(false);
    const [file] = event.dataTransfer.files;
    if (file) found(file);
  });
  addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (!file) return;
    event.preventDefault();
    found(file);
  });
}

export async function chosen(form, input, file) {
  if (!KINDS.includes(file.type)) {
    notice("That file is no photo we can read. JPEG, PNG, WebP and GIF work.");
    input.value = "";
    return;
  }
  const small = file.size > SMALL_BYTES ? await smaller(file) : file;
  if (small.size > LIMIT_BYTES) {
    notice("That photo is larger than 8 MB. Choose a smaller one.");
    input.value = "";
    return;
  }
  const carrier = new DataTransfer();
  carrier.items.add(small);
  input.files = carrier.files;
  form.requestSubmit();
}

async function smaller(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const share = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * share));
    canvas.height = Math.max(1, Math.round(bitmap.height * share));
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    return blob && blob.size < file.size ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file; // the server says what is wrong with it
  }
}
