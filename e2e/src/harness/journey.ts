import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createToken } from "@paks/db";
import { type Lab, type LabOptions, openLab } from "./lab.ts";
import type { Finished } from "./run.ts";

/** Fails with everything the command said. */
export function mustEndWell(what: string, finished: Finished): Finished {
  if (finished.exitCode === 0) return finished;
  throw new Error(`${what} ended with ${finished.exitCode ?? finished.signal}\n${finished.stdout}${finished.stderr}`);
}

/** A lab with the account `acme`, whose publisher is logged in. */
export async function openLabLoggedIn(options: LabOptions = {}): Promise<Lab> {
  const lab = await openLab(() => createToken().token, options);
  try {
    mustEndWell("accounts add", await lab.admin(["accounts", "add", "acme"]));
    const args = ["tokens", "create", "--account", "acme", "--name", "tests", "--scope", "publish", "--json"];
    const { token } = JSON.parse(mustEndWell("tokens create", await lab.admin(args)).stdout) as { token: string };
    mustEndWell("login", await lab.paks(lab.home, ["login", "--token-stdin"], { input: `${token}\n` }));
    return lab;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

export const skillText = (name: string, version: string | undefined = "0.1.0"): string => `---
name: ${name}
description: Does one thing well and says when. Use when that one thing has to be done.
license: Apache-2.0
${version === undefined ? "" : `metadata:\n  version: "${version}"\n`}---
# ${name}

Do it.
`;

/** A work tree with these files, pushed to a repository of the same name on the lab's git host. */
export async function pushedRepository(
  lab: Lab,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly dir: string; readonly remote: string }> {
  const dir = await lab.folder(join("work", name));
  const remote = await lab.newRemote(name);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  for (const args of [
    ["init", "--quiet", "--initial-branch=main"],
    ["add", "--all"],
    ["commit", "--quiet", "--message", "first"],
    ["remote", "add", "origin", remote],
    ["push", "--quiet", "--set-upstream", "origin", "main"],
  ])
    mustEndWell(`git ${args[0]}`, await lab.git(dir, ...args));
  return { dir, remote };
}

/** The `data` of an answer of the registry. */
export async function fetchData<T>(lab: Lab, path: string): Promise<T> {
  const answer = await fetch(`${lab.registry.url}${path}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return (JSON.parse(text) as { data: T }).data;
}

/** Asks again until `ask` answers something, at most `milliseconds`. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, milliseconds = 30_000): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
