import { readFile, readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { workspaceRoot } from "./harness/executables.ts";
import { exists } from "./harness/exists.ts";
import { run } from "./harness/run.ts";

test("the generated references are what the code says", async () => {
  const env = { PATH: process.env["PATH"] ?? "" };
  const finished = await run(process.execPath, [join(workspaceRoot, "e2e/dist/docs.js"), "--check"], {
    cwd: workspaceRoot,
    env,
  });
  expect(finished.exitCode, finished.stderr).toBe(0);
});

/** GitHub's rule for the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[`*]/g, "")
    .replaceAll(/[^\p{L}\p{N}\- ]/gu, "")
    .replaceAll(" ", "-");

async function markdownFiles(): Promise<string[]> {
  const docs = await readdir(join(workspaceRoot, "docs"), { recursive: true });
  const top = await readdir(workspaceRoot);
  return [...docs.map((name) => join("docs", name)), ...top].filter((name) => name.endsWith(".md"));
}

test("no link of the documents leads nowhere", async () => {
  const broken: string[] = [];
  for (const file of await markdownFiles()) {
    const text = await readFile(join(workspaceRoot, file), "utf8");
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link!)) continue;
      const [path = "", anchor] = link!.split("#");
      const target = path === "" ? file : join(dirname(file), path);
      const there = await exists(resolve(workspaceRoot, target));
      const headings =
        there && anchor ? (await readFile(join(workspaceRoot, target), "utf8")).match(/^#+ .+$/gm) : undefined;
      const anchors = headings?.map((heading) => anchorOf(heading.replace(/^#+ /, "")));
      if (!there || (anchor && !anchors?.includes(anchor))) broken.push(`${file}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});
