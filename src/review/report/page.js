"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Theme: the system's until somebody chooses.
  const stored = () => { try { return localStorage.getItem("wfc-theme"); } catch { return null; } };
  const store = (theme) => { try { localStorage.setItem("wfc-theme", theme); } catch { /* not kept, then */ } };
  const known = stored();
  if (known === "light" || known === "dark") root.dataset.theme = known;
  for (const button of document.querySelectorAll("[data-theme-switch]")) {
    button.addEventListener("click", () => {
      const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = isDark ? "light" : "dark";
      store(root.dataset.theme);
    });
  }

  // Texts become text nodes: nothing of a workflow is ever read as HTML.
  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const panel = document.getElementById("node-details");
  const describe = (node) => {
    const head = make("div", {}, make("h4", {}, node.key));
    if (node.mark) head.append(" ", make("span", { class: `state ${node.mark}` }, node.mark));
    const about = [node.class, node.title, node.pack, node.was && `was ${node.was}`].filter(Boolean);
    const list = make("dl", {});
    const side = (word, sign, value) => {
      if (value === undefined) return "";
      const said = make("span", { class: "unseen" }, `${word}: `);
      return make("dd", { class: word }, said, make("span", { class: "sign", "aria-hidden": "true" }, sign), value);
    };
    for (const input of node.inputs) {
      const pair = make("div", input.same ? {} : { class: "differs" }, make("dt", {}, input.name));
      if (input.same) pair.append(make("dd", {}, input.new));
      else pair.append(side("before", "−", input.old), side("after", "+", input.new));
      list.append(pair);
    }
    panel.replaceChildren(head, make("p", { class: "dim" }, about.join(" · ")), list);
    panel.hidden = false;
    panel.scrollTop = 0;
  };

  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let chosen = null;
  for (const figure of document.querySelectorAll("[data-picture]")) {
    const frame = figure.querySelector(".frame");
    const slot = figure.querySelector(".slot");
    const all = [...figure.querySelectorAll(".nodes [data-node]")];
    if (!all.length) continue;
    const details = new Map(JSON.parse(figure.querySelector("[data-nodes]").textContent).map((node) => [node.key, node]));
    const links = [...figure.querySelectorAll(".links [data-from]")];
    const marked = all.filter((node) => ["added", "removed", "changed"].some((mark) => node.classList.contains(mark)));
    let current = marked[0] ?? all[0];
    const box = (node) => node.querySelector(".box").getBoundingClientRect();

    const show = (node) => {
      const known = details.get(node.dataset.node);
      if (!known) return;
      if (panel.parentElement !== slot) slot.replaceChildren(panel);
      describe(known);
      for (const link of links) {
        link.classList.toggle("near", [link.dataset.from, link.dataset.to].includes(node.dataset.node));
      }
    };
    const reveal = (node, behavior) => {
      const [at, window] = [box(node), frame.getBoundingClientRect()];
      frame.scrollBy({
        left: at.left + at.width / 2 - window.left - window.width / 2,
        top: at.top + at.height / 2 - window.top - window.height / 2,
        behavior: isStill ? "auto" : behavior,
      });
    };
    const choose = (node) => {
      chosen?.classList.remove("chosen");
      chosen = node;
      node.classList.add("chosen");
      show(node);
    };
    const go = (node) => {
      current.tabIndex = -1;
      current = node;
      node.tabIndex = 0;
    };
    // One stop for the Tab key; arrow keys go on from there.
    for (const node of all) {
      node.tabIndex = node === current ? 0 : -1;
      node.addEventListener("mouseenter", () => show(node));
      node.addEventListener("mouseleave", () => { if (chosen && figure.contains(chosen)) show(chosen); });
      node.addEventListener("focus", () => { go(node); show(node); });
      node.addEventListener("click", () => { go(node); choose(node); });
      node.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(node); return; }
        const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (!way) return;
        event.preventDefault();
        const from = box(node);
        let best = null;
        for (const other of all) {
          if (other === node) continue;
          const to = box(other);
          const dx = to.left + to.width / 2 - from.left - from.width / 2;
          const dy = to.top + to.height / 2 - from.top - from.height / 2;
          const [along, beside] = way[0] ? [dx * way[0], dy] : [dy * way[1], dx];
          if (along <= 1) continue;
          const distance = along + Math.abs(beside) * 2;
          if (!best || distance < best.distance) best = { distance, node: other };
        }
        if (best) { best.node.focus({ preventScroll: true }); reveal(best.node, "smooth"); }
      });
    }
    const zoom = figure.querySelector("[data-zoom]");
    zoom.addEventListener("click", () => {
      const isWhole = frame.classList.toggle("whole");
      zoom.setAttribute("aria-pressed", isWhole);
      if (!isWhole) reveal(current, "auto");
    });
    let step = -1;
    for (const button of figure.querySelectorAll("[data-step]")) {
      button.hidden = marked.length < 2;
      button.addEventListener("click", () => {
        const by = Number(button.dataset.step);
        step = step < 0 && by < 0 ? marked.length - 1 : (step + by + marked.length) % marked.length;
        const node = marked[step];
        go(node);
        choose(node);
        reveal(node, "smooth");
      });
    }
    const entry = figure.closest(".entry");
    for (const button of entry.querySelectorAll("[data-goto]")) {
      const node = all.find((node) => node.dataset.node === button.dataset.goto);
      if (!node) { button.disabled = true; continue; }
      button.addEventListener("click", () => {
        go(node);
        choose(node);
        figure.scrollIntoView({ block: "nearest", behavior: isStill ? "auto" : "smooth" });
        reveal(node, "auto");
        node.focus({ preventScroll: true });
      });
    }
    reveal(current, "auto");
  }
})();
