// The behaviour of the page: sends what a form holds and shows what comes back. No outside code, nothing is stored.
"use strict";

function requestOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const input of form.querySelectorAll("[data-parameter]")) {
    const { parameter, in: place } = input.dataset;
    if (place === "path") {
      path = path.replace("{" + parameter + "}", encodeURIComponent(input.value));
    } else if (input.value !== "" && place === "query") {
      for (const value of input.value.split(",")) query.append(parameter, value.trim());
    } else if (input.value !== "") {
      headers[parameter] = input.value;
    }
  }
  const body = form.querySelector("[data-body]");
  if (body) headers["Content-Type"] = "application/json";
  const told = query.toString();
  return {
    url: location.origin + path + (told ? `?${told}` : ""),
    options: { method: form.dataset.method, headers, body: body ? body.value : undefined },
  };
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text; // what is no JSON is sent as it stands
  }
}

function curlOf(form) {
  const { url, options } = requestOf(form);
  const parts = ["curl"];
  if (options.method !== "GET") parts.push("-X", options.method);
  for (const [name, value] of Object.entries(options.headers)) parts.push("-H", quoted(`${name}: ${value}`));
  const { Authorization: key, "X-Purpose": purpose } = credentials();
  if (key) parts.push("-H", '"Authorization: Bearer $KEY"'); // a key is no text to copy around
  if (purpose) parts.push("-H", quoted(`X-Purpose: ${purpose}`));
  if (options.body !== undefined) parts.push("--data-binary", quoted(compact(options.body)));
  return [...parts, quoted(url)].join(" ");
}

function pretty(text, type) {
  if (!type.includes("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function show(form, status, isGood, headers, answer) {
  const outcome = form.querySelector(".outcome");
  const line = outcome.querySelector("[data-status]");
  line.textContent = status;
  line.classList.toggle("good", isGood);
  line.classList.toggle("bad", !isGood);
  outcome.querySelector("[data-headers]").textContent = headers;
  outcome.querySelector("[data-answer]").textContent = answer;
  outcome.hidden = false;
}

function credentials() {
  const key = document.getElementById("key").value.trim();
  const purpose = document.getElementById("purpose").value.trim();
  return { ...(key && { Authorization: `Bearer ${key}` }), ...(purpose && { "X-Purpose": purpose }) };
}

async function send(form) {
  const { url, options } = requestOf(form);
  Object.assign(options.headers, credentials());
  const started = performance.now();
  try {
    const response = await fetch(url, options);
    const text = await response.text();
    const elapsed = (performance.now() - started).toFixed(1);
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    const type = response.headers.get("content-type") ?? "";
    const status = `${response.status} ${response.statusText}, ${elapsed} ms`;
    show(form, status, response.ok, headers, pretty(text, type));
  } catch (error) {
    show(form, "No answer: the endpoint cannot be reached.", false, "", String(error));
  }
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source); // without permission the text is at least selected
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

function enliven(form) {
  const curl = form.querySelector("[data-curl]");
  const refresh = () => (curl.textContent = curlOf(form));
  const examples = form.querySelector("[data-examples]");
  if (examples) {
    examples.addEventListener("change", () => {
      const body = form.querySelector("[data-body]");
      body.value = examples.value;
      body.rows = Math.min(examples.value.split("\n").length + 1, 24);
      refresh();
    });
  }
  form.addEventListener("input", refresh);
  for (const id of ["key", "purpose"]) document.getElementById(id).addEventListener("input", refresh);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    await send(form);
    button.disabled = false;
    button.focus();
  });
  form.querySelector("[data-copies]").addEventListener("click", (event) => copy(event.currentTarget));
  refresh();
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

for (const form of document.querySelectorAll("form[data-path]")) enliven(form);
document.getElementById("credentials").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", openTarget);
openTarget();
