// THIRD-PARTY-NOTICES.txt of the standalone executable: whose work is inside and under which licence, read from the bundle.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { at, packageFolder } from "./build.mjs";
import { bundleStandalone, findBun, findKeyring } from "./standalone.mjs";

/** They ask for no more than that their text goes along. Any other has to be read by a person before it is added here. */
const allowed = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Zlib"]);

const mit = (holder) => `Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** What a package's licence asks for, when the package itself has no copy of it. */
const withoutFile = {
  MIT: ({ author }) => mit(typeof author === "string" ? author : (author?.name ?? "the authors")),
  "Apache-2.0": ({ author }) => `By ${author}. The text of the licence is that of paks itself: LICENSE.`,
};

/** Fails for a licence that nobody has looked at, and for an expression that leaves a choice. */
export function checkLicence({ name, version, license }) {
  const ids = String(license)
    .replace(/^\(|\)$/g, "")
    .split(" AND ");
  const unknown = ids.filter((id) => !allowed.has(id));
  if (unknown.length > 0)
    throw new Error(`${name} ${version} is under ${unknown.join(", ")}: read it, then see scripts/notices.mjs`);
}

/** The folder of the package that a file belongs to; `undefined` for our own files. */
function packageOf(path) {
  const name = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path.replaceAll("\\", "/"));
  return name?.[1];
}

/** The folders of everything that the bundle took code from, the keychain's native library and its package included. */
function listFolders({ inputs }) {
  const library = findKeyring();
  const folders = [...Object.keys(inputs), library ?? ""].map(packageOf);
  if (library !== undefined) folders.push(packageFolder("@napi-rs/keyring", "cli"));
  return [...new Set(folders.filter((folder) => folder !== undefined))];
}

function describePackage(folder) {
  const path = resolve(at(), folder);
  const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  checkLicence(manifest);
  const files = readdirSync(path).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  const texts = files.map((name) => readFileSync(join(path, name), "utf8").replaceAll("\r\n", "\n").trim());
  if (files.length === 0) {
    const write = withoutFile[manifest.license];
    if (write === undefined) throw new Error(`${manifest.name} has no copy of its licence`);
    texts.push(write(manifest));
  }
  return {
    title: `${manifest.name} ${manifest.version} (${manifest.license.replace(/[()]/g, "")})`,
    text: texts.join("\n\n"),
  };
}

/** What Bun says of itself; outside of every folder that could hold settings of it. */
function askBun(bun) {
  const cwd = mkdtempSync(join(tmpdir(), "paks-notices-"));
  try {
    const print = "JSON.stringify([Bun.version, Bun.revision, process.versions.webkit, process.versions.tinycc])";
    const { stdout, status } = spawnSync(bun, ["--print", print], { cwd, encoding: "utf8" });
    if (status !== 0) throw new Error(`${bun} does not say what it is`);
    return JSON.parse(stdout);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

const licence = (name) => readFileSync(at("scripts/licences", name), "utf8").replaceAll("\r\n", "\n").trimEnd();

/**
 * What a library inside Bun asks to go along with a binary: its text, as it was found. Fails for a library with neither a
 * text nor a sentence that says why there is none, so that none is left out by an oversight.
 */
export function describeLibrary({ name, licence: id, from, texts = [], without }) {
  const found = texts.map((file) => licence(`bun/${file}.txt`));
  const either = found.length > 0 ? without === undefined : Boolean(without);
  if (!either || found.includes(""))
    throw new Error(`${name} is inside Bun: give scripts/licences/bun.json its text, or why there is none`);
  const title = `${name}: ${id}, ${from}`;
  return { name, title, text: found.join("\n\n"), without };
}

/** The libraries of Bun with a text make a section each, the others a line. */
function describeLibraries(libraries) {
  const all = libraries.map(describeLibrary);
  const [told, others] = [all.filter(({ text }) => text !== ""), all.filter(({ text }) => text === "")];
  return {
    list: `Those whose text is in this file:

${told.map(({ title }) => `  ${title}`).join("\n")}

Those whose text is not:

${others.map(({ title, without }) => `  ${title}\n    ${without}`).join("\n")}

The texts were collected by hand: one that is of another version of its library than Bun's may name other years. What
Bun's list leaves out, as the Rust libraries in its Cargo.lock, is left out here: Bun's source has it, at the commit above.

This software is based in part on the work of the Independent JPEG Group.`,
    sections: told.map(({ name, text }) => ({ title: `${name}, inside Bun`, text })),
  };
}

function describeBun(paks, { lookedAt, list }) {
  const [version, revision, webkit, tinycc] = askBun(findBun());
  if (version !== lookedAt && !process.env.PAKS_BUN)
    throw new Error(
      `Bun is ${version}: compare its LICENSE.md with scripts/licences/bun.json, which is of ${lookedAt}`,
    );
  return `The runtime inside is Bun ${version} (MIT), https://github.com/oven-sh/bun, commit ${revision}.

${mit("the authors of Bun")}

Bun is linked statically with JavaScriptCore and other parts of WebKit, which are free software under the GNU Library General
Public License, version 2 or later, and with TinyCC, which is under the GNU Lesser General Public License, version 2.1. The
runtime library of TinyCC, which Bun holds too, is under the GNU General Public License, version 2 or later, with an
exception that lets it be linked into any program; the exception and the three licences are at the end of this file.
Their source:

  https://github.com/oven-sh/WebKit   commit ${webkit}
  https://github.com/oven-sh/tinycc   commit ${tinycc ?? "that Bun's source names"}

You may change these libraries and use paks with your own. All of paks is open source, so this needs no object files of ours:

  1. git clone https://github.com/oven-sh/bun && cd bun && git checkout ${revision}
     git clone https://github.com/oven-sh/WebKit vendor/WebKit && git -C vendor/WebKit checkout ${webkit}
     Change what you like, then \`bun run build:local\` (Bun's LICENSE.md and CONTRIBUTING.md say more).
  2. git clone --branch v${paks} https://github.com/stakpak/paks && cd paks
     PAKS_BUN=/path/to/your/bun npm run build:standalone

You may take the executable apart to find errors of such a change.

Other libraries that Bun is linked with or brings along, as its LICENSE.md lists them, and two that one of these uses.
${list}`;
}

const section = ({ title, text }) => `${"=".repeat(80)}\n${title}\n${"=".repeat(80)}\n\n${text}\n`;

/** @returns the text, the same for the same bundle */
export async function writeNotices() {
  const into = mkdtempSync(join(tmpdir(), "paks-notices-"));
  try {
    const metafile = await bundleStandalone(into);
    const { version } = JSON.parse(readFileSync(at("package.json"), "utf8"));
    const packages = listFolders(metafile).map(describePackage);
    const sorted = packages.toSorted((a, b) => (a.title < b.title ? -1 : 1));
    const { lookedAt, libraries } = JSON.parse(readFileSync(at("scripts/licences/bun.json"), "utf8"));
    const { list, sections } = describeLibraries(libraries);
    const head = `paks ${version} is under the Apache License 2.0: see LICENSE. The executable holds the work of others:\n`;
    return [
      `${head}\n${["Bun, with JavaScriptCore", ...sorted.map(({ title }) => title)].map((title) => `  ${title}\n`).join("")}`,
      section({ title: "Bun", text: describeBun(version, { lookedAt, list }) }),
      ...sorted.map(section),
      ...sections.map(section),
      section({ title: "Runtime library of TinyCC, inside Bun", text: licence("tinycc-runtime.txt") }),
      section({ title: "GNU General Public License, version 2", text: licence("GPL-2.txt") }),
      section({ title: "GNU Library General Public License, version 2", text: licence("LGPL-2.txt") }),
      section({ title: "GNU Lesser General Public License, version 2.1", text: licence("LGPL-2.1.txt") }),
    ].join("\n");
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.stdout.write(await writeNotices());
