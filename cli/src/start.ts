import { isAscii } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import { openCodeCache } from "./start/code-cache.ts";
import { homeFolder } from "./start/home-folder.ts";

/** Set by the build; changes with every byte of the chunks. */
declare const __buildId: string;

/**
 * dist/paks.js: the loader of the bundle's chunks. It does what Node's own does for CommonJS and, beyond that, gives V8
 * the code that it compiled the last time. Node has this from 22.8 on (`module.enableCompileCache`), for its own
 * loader; the oldest Node that we run on has not.
 */
const chunks = join(__dirname, "chunks");
const loaded = new Map<string, { exports: unknown }>();
const cache = openCodeCache({
  // The command's word: what one command loads is no use to another.
  command: process.argv.slice(2).find((word) => !word.startsWith("-")),
  build: __buildId,
  environment: process.env,
  home: homeFolder,
});

function load(name: string): unknown {
  const before = loaded.get(name);
  if (before !== undefined) return before.exports;
  const filename = join(chunks, name);
  const cachedData = cache.find(name);
  const script = new Script(
    `(function(exports,require,module,__filename){${readText(filename)}\n})`,
    cachedData === undefined ? { filename } : { filename, cachedData },
  );
  if (cachedData === undefined || script.cachedDataRejected === true) cache.add(name, script);
  const module = { exports: {} };
  loaded.set(name, module);
  (script.runInThisContext() as Wrapper)(module.exports, requireFrom, module, filename);
  return module.exports;
}

/** Nearly all of it is ASCII, which V8 takes as it is. */
function readText(path: string): string {
  const bytes = readFileSync(path);
  return bytes.toString(isAscii(bytes) ? "latin1" : "utf8");
}

type Wrapper = (exports: object, require: (id: string) => unknown, module: object, filename: string) => void;

/** Chunks ask for each other by `./name`; everything else is Node's, or a package that was left out of the bundle. */
const requireFrom = (id: string): unknown => (id.startsWith("./") ? load(id.slice(2)) : require(id));

process.on("exit", (code) => {
  if (code === 0) cache.save();
});
load("bin.js");
