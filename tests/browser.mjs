#!/usr/bin/env node
// The page of `wfc review` in a real browser, as somebody who reviews a change opens it: from a disk, with a mouse, by
// keyboard, on a telephone.
//
//     node tests/browser.mjs WFC PLAYWRIGHT
//
// WFC is the program; PLAYWRIGHT the folder of the npm package playwright-core, which `.ci/run` fetches. The browser is
// Chromium, of $CHROMIUM or of the system. Without one this says so and passes.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const PROMPT = "<script>alert(1)</script><img src=x onerror=alert(2)> a fox & a \"crow\"";

let passed = 0;
const check = (condition, what, shown = "") => {
  if (!condition) throw new Error(`${what}\n${shown}`);
  passed += 1;
};

const browser = () => {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
};

/** A repository in whose second commit a preset has another cfg, model and prompt, and Uni3C. */
const repository = (folder) => {
  const env = {
    ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", GIT_AUTHOR_NAME: "t",
    GIT_AUTHOR_EMAIL: "t@example.com", GIT_COMMITTER_NAME: "t", GIT_COMMITTER_EMAIL: "t@example.com",
  };
  const git = (...words) => execFileSync("git", words, { cwd: folder, env });
  const write = (name, text) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const switched = ["uni3c_model", "render_latent", "uni3c"];
  let graph = readFileSync(join(ROOT, "graphs/scail-uni3c-wan21.toml"), "utf8");
  const camera = "[params.camera]\ntype = \"bool\"\ndefault = false\ndoc = \"Follow the camera.\"\n\n";
  graph = graph.replace("[params.reference]", `${camera}[params.reference]`);
  for (const node of switched) graph = graph.replace(`[nodes.${node}]\n`, `[nodes.${node}]\nwhen = "camera"\n`);
  const preset = (models, prompt, values) =>
    `graph = "dance"\n${models}[params]\nreference = "a.png"\ndriving = "a.mp4"\nprompt = '${prompt}'\n${values}` +
    "[target]\ngpu = \"rtx-5090\"\n";
  write("wfc.toml", "graphs = \"graphs\"\n");
  write("graphs/dance.toml", graph);
  write("presets/dance.toml", preset("", "a fox", ""));
  write("presets/fox.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = \"a fox\"\n");
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "one");
  git("checkout", "-q", "-b", "dance");
  write("presets/dance.toml", preset("[models]\nscail = \"scail-14b-fp8\"\n", PROMPT, "cfg = 3.0\ncamera = true\n"));
  write("presets/fox.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = \"a crow\"\n");
  git("commit", "-q", "-a", "-m", "two");
  return switched;
};

const run = async (wfc, chromium, executablePath, folder) => {
  const switched = repository(folder);
  const page = join(folder, "review.html");
  const made = spawnSync(wfc, ["review", "--base", "main", "--head", "dance", "--html", page], { cwd: folder, encoding: "utf8" });
  check(made.status === 1 && existsSync(page), "wfc review writes a page and says that there are changes", made.stderr);
  const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const driver = await chromium.launch({ executablePath, args: [...root, "--disable-gpu"] });
  try {
    await look(driver, pathToFileURL(page).href, switched);
  } finally {
    await driver.close();
  }
};

const look = async (driver, address, switched) => {
  for (const [width, colorScheme] of [[1280, "light"], [390, "dark"]]) {
    const context = await driver.newContext({ viewport: { width, height: 900 }, colorScheme });
    const tab = await context.newPage();
    const [said, asked, dialogs] = [[], [], []];
    tab.on("console", (message) => { if (["error", "warning"].includes(message.type())) said.push(message.text()); });
    tab.on("pageerror", (error) => said.push(String(error)));
    tab.on("request", (request) => { if (request.url() !== address) asked.push(request.url()); });
    tab.on("dialog", (dialog) => { dialogs.push(dialog.message()); dialog.dismiss(); });
    await tab.goto(address);
    await onePage(tab, width, colorScheme, switched);
    const at = `at ${width} px`;
    check(said.length === 0, `nothing is said on the console ${at}`, said.join("\n"));
    check(asked.length === 0, `nothing is fetched ${at}`, asked.join("\n"));
    check(dialogs.length === 0, `no prompt runs as a script ${at}`, dialogs.join("\n"));
    await context.close();
  }
};

const onePage = async (tab, width, colorScheme, switched) => {
  const at = `at ${width} px`;
  const fits = () => tab.evaluate(() => {
    const root = document.scrollingElement;
    const wide = [...document.querySelectorAll("body *")].filter((it) => it.getBoundingClientRect().right > innerWidth + 1);
    return { is: root.scrollWidth <= root.clientWidth, root: [root.scrollWidth, root.clientWidth], wide: wide.slice(0, 3).map((it) => it.outerHTML.slice(0, 120)) };
  });
  const before = await fits();
  check(before.is, `the page does not scroll sideways ${at}`, JSON.stringify(before));

  const panel = tab.locator("#node-details");
  check(await panel.isHidden(), `nothing is chosen at first ${at}`);
  const node = (key) => tab.locator(`[data-node="${key}"]`).first();
  for (const key of switched) check(await node(key).count() === 1, `the added node ${key} is drawn ${at}`);

  // With a mouse.
  await node("text").scrollIntoViewIfNeeded();
  await node("text").click();
  check(await panel.isVisible(), `a click on a node opens the panel ${at}`);
  const text = await panel.innerText();
  check(text.includes("text") && text.includes("positive_prompt"), `the panel says what the node is given ${at}`, text);
  check(text.includes(JSON.stringify(PROMPT)), `the prompt is a text in the panel ${at}`, text);
  check(text.includes("a fox"), `the panel has the value before ${at}`, text);
  check((await panel.locator("script, img").count()) === 0, `the panel has no element of the prompt ${at}`);

  // By keyboard: the picture is one stop of the Tab key, and arrow keys go on from there.
  await tab.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0); });
  let reached = false;
  for (let press = 0; press < 60 && !reached; press += 1) {
    await tab.keyboard.press("Tab");
    reached = await tab.evaluate(() => Boolean(document.activeElement?.closest("[data-node]")));
  }
  check(reached, `the Tab key reaches a node ${at}`);
  const here = () => tab.evaluate(() => document.activeElement?.closest("[data-node]")?.dataset.node);
  const first = await here();
  await tab.keyboard.press("Enter");
  check((await panel.innerText()).includes(first), `Enter shows the node with the focus ${at}`, first);
  let next = first;
  for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
    if (next !== first) break;
    await tab.keyboard.press(key);
    next = await here();
  }
  check(next && next !== first, `arrow keys go to another node ${at}`, next);
  check((await panel.innerText()).includes(next), `the panel follows the focus ${at}`, next);

  // Light and dark.
  const paper = () => tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const brightness = (colour) => colour.match(/\d+(\.\d+)?/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
  const old = await paper();
  check((brightness(old) > 380) === (colorScheme === "light"), `the page follows the system's scheme ${at}`, old);
  await tab.locator("[data-theme-switch]").first().click();
  const fresh = await paper();
  check((brightness(fresh) > 380) !== (colorScheme === "light"), `the button switches the theme ${at}`, `${old} ${fresh}`);
  await tab.locator("[data-theme-switch]").first().focus();
  await tab.keyboard.press("Enter");
  check((await paper()) === old, `and back, by keyboard ${at}`);

  const scripts = await tab.evaluate(() => [...document.querySelectorAll("script")].map((it) => it.textContent));
  check(scripts.every((text) => !/^\s*alert\(/.test(text)), `no script element comes from a prompt ${at}`, scripts.join("\n").slice(0, 500));
  check((await tab.locator("img").count()) === 0, `no other element does ${at}`);
  // With all that can be unfolded.
  await tab.evaluate(() => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
  const after = await fits();
  check(after.is, `nor with everything unfolded ${at}`, JSON.stringify(after));
  check((await tab.locator("body").innerText()).includes("<script>alert(1)</script>"), `the prompt is shown as it is ${at}`);
};

const [wfc, playwright] = process.argv.slice(2);
if (!wfc || !playwright) {
  console.error("usage: node tests/browser.mjs WFC PLAYWRIGHT");
  process.exit(2);
}
const executablePath = browser();
if (!executablePath) {
  console.log("skipped: there is no Chromium; install the package `chromium`, or name one in $CHROMIUM");
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "wfc-browser-"));
try {
  const { chromium } = createRequire(import.meta.url)(resolve(playwright));
  await run(resolve(wfc), chromium, executablePath, folder);
  console.log(`${passed} checks of the page of wfc review passed in ${executablePath}`);
} catch (error) {
  console.error(`FAILED after ${passed} checks: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
