import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testGitEnv } from "@paks/git/testing";
import { paksInShell, runProcess, tempFolder } from "../../testing/index.ts";
import type { Lab } from "./lab.ts";
import { testToken } from "./stub-registry.ts";

/** Pastes text into a shell that stops at the first failure, somewhere else, with the built `paks` on its path. */
export async function paste(lab: Lab, text: string): Promise<void> {
  const home = await tempFolder();
  const bin = join(home, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "paks"), `#!/bin/sh\nexec ${paksInShell()} "$@"\n`, { mode: 0o755 });
  const { exit, stdout, stderr } = await runProcess(["bash", "-e"], {
    cwd: home,
    input: text,
    environment: {
      ...testGitEnv(),
      PATH: `${bin}:${process.env["PATH"]}`,
      HOME: home,
      PAKS_KEYCHAIN: "file",
      PAKS_REGISTRY: lab.registry.url,
      PAKS_TOKEN: testToken,
    },
  });
  if (exit !== 0) throw new Error(`exit ${exit}\n${text}\n${stdout}\n${stderr}`);
}
