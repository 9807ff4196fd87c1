// Zooming and searching in a saved icicle. Names are only ever read from the page's text, and set as text.
"use strict";
(function () {
  const root = document.documentElement;
  const boxes = Array.from(document.querySelectorAll("g.box"), function (group) {
    return {
      group: group,
      rect: group.querySelector("rect"),
      text: group.querySelector("text"),
      name: group.getAttribute("data-name"),
      title: group.querySelector("title").textContent,
      x: Number(group.getAttribute("data-x")),
      width: Number(group.getAttribute("data-w")),
      row: Number(group.getAttribute("data-row"))
    };
  });
  const wide = Number(root.getAttribute("data-width"));
  const letter = Number(root.getAttribute("data-letter"));
  const details = document.getElementById("details");
  const found = document.getElementById("found");
  let zoomed = boxes[0];
  let pattern = null;

  function label(name, width) {
    const room = Math.floor((width - 4) / letter);
    if (room < 2) return "";
    return name.length <= room ? name : name.slice(0, room - 1) + "\u2026";
  }

  function draw() {
    const scale = wide / zoomed.width;
    for (const box of boxes) {
      const above = box.row < zoomed.row && box.x <= zoomed.x && box.x + box.width >= zoomed.x + zoomed.width - 1e-9;
      const inside = box.row >= zoomed.row && box.x >= zoomed.x - 1e-9 &&
        box.x + box.width <= zoomed.x + zoomed.width + 1e-9;
      const x = above ? 0 : (box.x - zoomed.x) * scale;
      const width = above ? wide : box.width * scale;
      box.group.classList.toggle("away", !(above || inside));
      box.group.classList.toggle("above", above);
      if (!(above || inside)) continue;
      box.rect.setAttribute("x", x.toFixed(2));
      box.rect.setAttribute("width", width.toFixed(2));
      box.text.setAttribute("x", (x + 3).toFixed(2));
      box.text.textContent = label(box.name, width);
    }
    document.getElementById("out").classList.toggle("away", zoomed === boxes[0]);
    search();
  }

  function search() {
    let test = null;
    if (pattern) {
      try { test = new RegExp(pattern, "i"); } catch (error) { found.textContent = "not a regular expression"; return; }
    }
    let sum = 0, end = -1;
    const inOrder = boxes.slice().sort(function (a, b) { return a.x - b.x || a.row - b.row; });
    for (const box of inOrder) {
      const hit = test !== null && box.row > 0 && test.test(box.name);
      box.group.classList.toggle("found", hit);
      const visible = !box.group.classList.contains("away") && !box.group.classList.contains("above");
      if (hit && visible && box.x >= end - 1e-9) { sum += box.width; end = box.x + box.width; }
    }
    found.textContent = test === null ? "" : "/" + pattern + "/ " + (100 * sum / zoomed.width).toFixed(1) + " %";
    document.getElementById("clear").classList.toggle("away", test === null);
  }

  function ask() {
    const answer = window.prompt("Functions to look for (a regular expression):", pattern || "");
    if (answer !== null) { pattern = answer || null; search(); }
  }

  for (const box of boxes) {
    box.group.addEventListener("click", function () { zoomed = box; draw(); });
    box.group.addEventListener("mouseenter", function () { details.textContent = box.title; });
    box.group.addEventListener("focus", function () { details.textContent = box.title; });
    box.group.addEventListener("keydown", function (event) {
      if (event.key === "Enter") { zoomed = box; draw(); }
    });
  }
  document.getElementById("search").addEventListener("click", ask);
  document.getElementById("clear").addEventListener("click", function () { pattern = null; search(); });
  document.getElementById("out").addEventListener("click", function () { zoomed = boxes[0]; draw(); });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" || (event.ctrlKey && event.key === "f")) { event.preventDefault(); ask(); }
    if (event.key === "Escape") { zoomed = boxes[0]; pattern = null; draw(); }
  });
  for (const name of ["search", "found"]) document.getElementById(name).classList.remove("away");
}());
